/** Tombstones that were folded say what they said before, on every machine. */
import { describe, expect, test } from 'vitest'
import { checkpointsOf } from '../../src/checkpoints/of-store.ts'
import { foldedTips } from '../../src/checkpoints/tombstones/folded.ts'
import { type CommitId, FOLDED } from '../../src/ids.ts'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { RemoteSessionStore } from '../../src/store/remote/index.ts'
import { foldTombstones } from '../../src/sync/tombstones/fold.ts'
import { git, gitText } from '../git/real-git.ts'
import { emptySession } from '../store/support/git-store.ts'
import { begin, expectClean, folderServer, httpServer, machine, refsAt, say } from './support/machines.ts'

const fold = (store: GitSessionStore, keep = 0) => foldTombstones(checkpointsOf(store), { above: 0, keep })

const gone = (folder: string) =>
  Object.keys(refsAt(folder, 'refs/forkpoint/gone/', 'refs/forkpoint/remote/origin/gone/'))

async function ids(store: GitSessionStore): Promise<string[]> {
  const found: string[] = []
  for await (const { id } of store.list({ order: 'id' })) found.push(id)
  return found
}

const folded = async (store: GitSessionStore) => {
  const { objects, repository } = checkpointsOf(store).history
  return [...(await foldedTips(objects, repository.refs.read(FOLDED) as CommitId)).keys()].sort()
}

/** Two machines that know sessions `s0` to `s<count-1>`, and a server. */
async function two(count = 4, start = folderServer) {
  const server = await start()
  const [one, other] = [machine(server.url, 'one'), machine(server.url, 'other')]
  for (let n = 0; n < count; n++) await begin(one, `s${n}`)
  await one.sync()
  await other.sync()
  return { server, one, other }
}

describe.each([
  ['in a folder', folderServer],
  ['over HTTP', httpServer],
])('Folded tombstones, with a server %s,', (_, start) => {
  test('replace their refs here and there, and reach a machine that was away', async () => {
    const { server, one, other } = await two(4, start)
    for (const id of ['s0', 's1', 's2']) await one.delete(id)
    await one.sync()
    expect(await fold(one)).toBe(3)
    expect(gone(one.folder)).toContain(FOLDED)
    await one.sync()
    expect(gone(server.folder)).toEqual([FOLDED])
    expect(gone(one.folder)).toEqual([FOLDED, 'refs/forkpoint/remote/origin/gone/_old'])
    const { deleted } = (await other.sync()).fetch
    expect(deleted.length).toBe(3)
    expect(await ids(other)).toEqual(['s3'])
    expect(gone(other.folder)).toEqual([FOLDED, 'refs/forkpoint/remote/origin/gone/_old'])
    expect(await folded(other)).toEqual(['s0', 's1', 's2'])
    const fresh = machine(server.url, 'fresh')
    await fresh.sync()
    expect(await ids(fresh)).toEqual(['s3'])
    expect(await folded(fresh)).toEqual(['s0', 's1', 's2'])
    expect((await fresh.verify()).problems).toEqual([])
    for (const { folder } of [server, one, other, fresh]) expectClean(folder)
  })

  test('that were never sent delete at the server what they name', async () => {
    const { server, one, other } = await two(3, start)
    for (const id of ['s0', 's1']) await one.delete(id)
    await fold(one)
    expect(gone(one.folder)).toEqual([FOLDED])
    await one.push()
    expect(Object.keys(refsAt(server.folder, 'refs/heads/'))).toEqual([
      'refs/heads/_forkpoint',
      'refs/heads/s2/main',
    ])
    expect(gone(server.folder)).toEqual([FOLDED])
    await other.sync()
    expect(await ids(other)).toEqual(['s2'])
  })

  test('are the same on two machines that folded different ones', async () => {
    const { server, one, other } = await two(5, start)
    await one.delete('s0')
    await fold(one)
    await other.delete('s1')
    await other.delete('s2')
    await fold(other)
    for (const store of [one, other, one, other, one]) await store.sync()
    for (const store of [one, other]) {
      expect(await ids(store)).toEqual(['s3', 's4'])
      expect(await folded(store)).toEqual(['s0', 's1', 's2'])
    }
    expect(refsAt(one.folder, FOLDED)).toEqual(refsAt(server.folder, FOLDED))
    expect(refsAt(other.folder, FOLDED)).toEqual(refsAt(server.folder, FOLDED))
    expect(gone(server.folder)).toEqual([FOLDED])
  })

  test('do not come back as refs from a machine that has the old ones', async () => {
    const { server, one, other } = await two(3, start)
    await one.delete('s0')
    await one.sync()
    await other.sync()
    expect(gone(other.folder)).toContain('refs/forkpoint/gone/s0')
    await fold(one)
    await one.sync()
    await say(other, 'more', 's1')
    await other.push()
    expect(gone(server.folder)).toEqual([FOLDED])
    await other.sync()
    expect(gone(other.folder)).toEqual([FOLDED, 'refs/forkpoint/remote/origin/gone/_old'])
    expect(await ids(other)).toEqual(['s1', 's2'])
  })
})

describe('A session that was deleted, with a folded tombstone,', () => {
  test('can be begun again under its name, and deleted once more', async () => {
    const { server, one, other } = await two(2)
    await one.delete('s0')
    await fold(one)
    await one.sync()
    await other.sync()
    await begin(other, 's0')
    for (const store of [other, one, other]) await store.sync()
    for (const store of [one, other]) expect(await ids(store)).toEqual(['s0', 's1'])
    await one.delete('s0')
    for (const store of [one, other]) await store.sync()
    expect(await ids(other)).toEqual(['s1'])
    for (const store of [one, other, one]) {
      await fold(store)
      await store.sync()
    }
    expect(gone(server.folder)).toEqual([FOLDED])
    expect(await ids(one)).toEqual(['s1'])
  })

  test('can be restored, everywhere', async () => {
    const { one, other } = await two(2)
    await one.delete('s0')
    await fold(one)
    await one.sync()
    await other.sync()
    expect(await one.restore('s0')).not.toEqual([])
    for (const store of [one, other]) await store.sync()
    for (const store of [one, other]) expect(await ids(store)).toEqual(['s0', 's1'])
  })

  test('stays where there is newer work, is reported and is not pushed', async () => {
    const { server, one, other } = await two(2)
    await say(other, 'newer', 's0')
    await one.delete('s0')
    await one.sync()
    await fold(one)
    await one.sync()
    const { fetch } = await other.sync()
    expect(fetch.kept).toEqual(['heads/s0/main'])
    expect(Object.keys(refsAt(server.folder, 'refs/heads/s0/'))).toEqual([])
    await other.restore('s0')
    await other.sync()
    await one.sync()
    expect(await ids(one)).toEqual(['s0', 's1'])
  })

  test('can be begun again by a store without a disk', async () => {
    const { server, one } = await two(2, httpServer)
    await one.delete('s0')
    await fold(one)
    await one.sync()
    const remote = new RemoteSessionStore(server.url)
    await remote.save(emptySession('s0'))
    await remote.delete('s1')
    await remote.save(emptySession('s1'))
    await remote.close()
    await one.sync()
    expect(await ids(one)).toEqual(['s0', 's1'])
  })

  test('stays hidden where a server lets nobody delete', async () => {
    const { server, one, other } = await two(2)
    gitText(server.folder, ['config', 'receive.denyDeletes', 'true'])
    await one.delete('s0')
    await one.sync()
    await fold(one)
    await one.sync()
    expect(refsAt(server.folder, FOLDED)).toEqual(refsAt(one.folder, FOLDED))
    await other.sync()
    expect(await ids(other)).toEqual(['s1'])
  })
})

test('a commit that is no fold is passed over', async () => {
  const { server, one } = await two(2)
  const [main] = Object.values(refsAt(server.folder, 'refs/heads/s1/'))
  git(server.folder, ['update-ref', FOLDED, main!])
  await one.delete('s0')
  await one.sync()
  const fresh = machine(server.url, 'fresh')
  await fresh.sync()
  expect(await ids(fresh)).toEqual(['s1'])
})

test('only more tombstones than a limit are folded, and the newest keep their refs', async () => {
  let time = Date.parse('2026-01-01')
  const one = machine((await folderServer()).url, 'one', { now: () => (time += 1000) })
  const fold = () => foldTombstones(checkpointsOf(one), { above: 20, keep: 10 })
  const names = Array.from({ length: 21 }, (_, n) => `gone-${n}`)
  await Promise.all(names.map((id) => one.save(emptySession(id))))
  for (const id of names.slice(1)) await one.delete(id)
  expect(await fold()).toBe(0)
  await one.delete(names[0]!)
  expect(await fold()).toBe(11)
  expect(gone(one.folder)).toHaveLength(11)
  expect(await folded(one)).not.toContain('gone-0')
})
