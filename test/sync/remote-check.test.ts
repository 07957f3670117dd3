/** What is found out about servers by trying it. */
import { expect, test } from 'vitest'
import { checkRemote } from '../../src/sync/check/remote-check.ts'
import type { RemoteCheck } from '../../src/sync/check/report.ts'
import { git } from '../git/real-git.ts'
import { begin, folderServer, httpServer, machine, refsAt } from './support/machines.ts'

const servers = [
  ['in a folder', folderServer],
  ['over HTTP', httpServer],
] as const

const failing = ({ promises }: RemoteCheck): string[] =>
  promises.filter(({ holds }) => holds === false).map(({ name }) => name)

test.each(servers)(
  'a server %s keeps what is promised, and nothing of the check is left there',
  async (_, start) => {
    const { url, folder } = await start()
    git(folder, ['config', 'receive.denyNonFastForwards', 'false'])
    const check = await checkRemote(url)
    expect(failing(check)).toEqual([])
    expect(check).toMatchObject({ ok: true, left: [] })
    expect(check.promises.find(({ name }) => name === 'append')?.milliseconds).toBeGreaterThan(0)
    expect(refsAt(folder)).toEqual({})
    const store = machine(url, 'one')
    await begin(store)
    await store.push()
    const before = refsAt(folder)
    expect(await checkRemote(url)).toMatchObject({ ok: true, left: [] })
    expect(refsAt(folder)).toEqual(before)
  },
)

test.each(servers)(
  'a server %s that lets nobody rewrite or delete is good enough, and what is left is told',
  async (_, start) => {
    const { url, folder } = await start()
    for (const key of ['denyDeletes', 'denyNonFastForwards'])
      git(folder, ['config', `receive.${key}`, 'true'])
    const check = await checkRemote(url)
    expect(failing(check)).toEqual(['rewrite', 'delete'])
    expect(check.ok).toBe(true)
    expect(check.promises.find(({ name }) => name === 'delete')?.note).toMatch(/tombstones/)
    expect(check.left.sort()).toEqual(Object.keys(refsAt(folder)))
  },
)

test.each(servers)(
  'a server %s that takes nothing says why, and what depends on it is not tried',
  async (_, start) => {
    const { url, folder } = await start()
    git(folder, ['config', 'receive.maxInputSize', '1'])
    const check = await checkRemote(url)
    expect(check.ok).toBe(false)
    const [list, create, ...others] = check.promises
    expect(list?.holds).toBe(true)
    expect(create).toMatchObject({ holds: false, note: expect.stringMatching(/It refused|did not do/) })
    expect(others.every(({ holds }) => holds === undefined)).toBe(true)
    expect(refsAt(folder)).toEqual({})
  },
)

test('a server that is not there is an error, and one with code is tried apart from it', async () => {
  await expect(checkRemote('/nowhere/at/all')).rejects.toMatchObject({ code: 'REMOTE', failure: 'missing' })
  const { url, folder } = await httpServer()
  const one = machine(url, 'one')
  await begin(one)
  await one.push()
  git(folder, ['update-ref', 'refs/heads/main', 'refs/heads/demo/main'])
  const seen: string[] = []
  const check = await checkRemote(url, { onProgress: ({ phase }) => seen.push(phase) })
  expect(check.ok).toBe(true)
  expect(seen).toContain(`trying 'atomic'`)
  const branch = check.promises.find(({ name }) => name === 'default branch')
  expect(branch?.note).toContain('refs/heads/main')
})
