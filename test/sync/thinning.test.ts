/** A thinned session that several machines share. */
import { expect, test } from 'vitest'
import { git } from '../git/real-git.ts'
import { begin, expectClean, folderServer, machine, refsAt, say, tips } from './support/machines.ts'

async function shared() {
  const server = await folderServer()
  const [one, two] = [machine(server.url, 'one'), machine(server.url, 'two')]
  const ids = await begin(one, 'demo', 6)
  await one.tag('demo', 'kept', { at: ids[4]! })
  await one.sync()
  await two.sync()
  return { server, one, two, ids }
}

test('every machine and the server take it, and the old history is purged', async () => {
  const { server, one, two, ids } = await shared()
  expect(await one.thin('demo', { keepLast: 2 })).toMatchObject({ thinned: 3, remaining: [] })
  expect((await one.sync()).push).toMatchObject({
    pushed: ['heads/demo/main', 'tags/demo/kept'],
    refused: [],
  })
  const { fetch, push } = await two.sync()
  expect(fetch).toMatchObject({ diverged: [], outdated: [], hidden: [] })
  expect(push).toMatchObject({ pushed: [], refused: [] })
  expect(await tips(two)).toEqual(await tips(one))
  expect(await two.resolve('demo', ids[2]!)).toBe(await one.resolve('demo', 'kept'))
  await two.maintain({ purge: true })
  git(server.folder, ['gc', '--quiet', '--prune=now'])
  const fresh = machine(server.url, 'fresh')
  await fresh.sync()
  await say(two, 'next')
  for (const store of [two, one, fresh]) await store.sync()
  expect(await tips(fresh)).toEqual(await tips(one))
  expect(await tips(two)).toEqual(await tips(one))
  const own = (folder: string) => refsAt(folder, 'refs/heads/*/*', 'refs/tags/')
  for (const store of [one, two, fresh]) {
    expect((await store.verify()).problems).toEqual([])
    expect(await store.log('demo').next()).toMatchObject({ value: { seq: 8 } })
    expect(own(store.folder)).toEqual(own(server.folder))
    expectClean(store.folder)
  }
  for (const id of [ids[1]!, ids[5]!])
    for (const { folder } of [one, two, fresh, server])
      expect(() => git(folder, ['cat-file', '-e', id])).toThrow()
})

test('two machines that thin alike make the same history', async () => {
  const { one, two } = await shared()
  const olderThan = new Date(Date.now() + 1000)
  for (const store of [one, two]) await store.thin('demo', { keepLast: 2, olderThan })
  expect(await tips(two)).toEqual(await tips(one))
  for (const store of [one, two, one]) {
    const { fetch, push } = await store.sync()
    expect(fetch).toMatchObject({ diverged: [], outdated: [] })
    expect(push.refused).toEqual([])
  }
  expect(await tips(two)).toEqual(await tips(one))
})

test('a branch that is behind and newer work on the old history both reach the new one', async () => {
  const { one, two, ids } = await shared()
  await two.fork('demo', { at: ids[2]!, branch: 'behind' })
  const own = await say(two, 'newer')
  await one.thin('demo', { keepLast: 2 })
  await one.sync()
  const { fetch, push } = await two.sync()
  expect(fetch.outdated).toEqual(['heads/demo/main'])
  expect(push.refused).toMatchObject([{ session: 'demo' }])
  expect(await two.continueRewrite('demo', (value) => value)).toMatchObject({ outdated: [], remaining: [] })
  for (const store of [two, one]) expect((await store.sync()).push.refused).toEqual([])
  expect(await tips(two)).toEqual(await tips(one))
  expect(await two.resolve('demo', own)).toBe(await one.resolve('demo', 'main'))
  expect((await one.load('demo'))!.messages).toHaveLength(7)
  for (const store of [one, two]) expect((await store.verify()).problems).toEqual([])
})
