/** A deletion holds at the remote although the purge has removed what shows how the remote's checkpoints belong to it. */
import { expect, test } from 'vitest'
import { begin, folderServer, machine, refsAt, say } from './support/machines.ts'

test('what a policy removed and a purge freed before the next sync does not come back from the server', async () => {
  const server = await folderServer()
  const [one, other] = [machine(server.url, 'one'), machine(server.url, 'other')]
  await begin(one, 'old')
  await begin(one, 'new')
  await one.sync()
  await other.sync()
  // The server never sees this one.
  await say(one, 'more', 'old')
  await say(one, 'more', 'new')
  expect((await one.retention.prune({ rules: [{ maxCount: 1 }] })).removed).toEqual(['old'])
  await one.maintain({ purge: true })
  await one.sync()
  expect(await one.exists('old')).toBe(false)
  expect(Object.keys(refsAt(server.folder, 'refs/heads/old'))).toEqual([])
  await other.sync()
  expect(await other.exists('old')).toBe(false)
  expect(await other.exists('new')).toBe(true)
})
