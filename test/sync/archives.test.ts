/** Archives travel as refs do: what is archived on one machine is archived on all, and what comes back comes back on all. */
import { describe, expect, test } from 'vitest'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import {
  begin,
  expectClean,
  folderServer,
  httpServer,
  machine,
  refsAt,
  say,
  tips,
} from './support/machines.ts'

const ids = async (store: GitSessionStore, archived = false) => {
  const found: string[] = []
  for await (const { id } of store.list({ order: 'id', archived })) found.push(id)
  return found
}

const archives = (folder: string) => Object.keys(refsAt(folder, 'refs/forkpoint/archive/'))

const SERVERS = { 'a folder': folderServer, 'git http-backend': httpServer }

describe.each(Object.entries(SERVERS))('Archives and %s', (_, newServer) => {
  test('give up many sessions at once that a policy elsewhere removed', { timeout: 120_000 }, async () => {
    const server = await newServer()
    let now = Date.parse('2025-01-01T00:00:00.000Z')
    const options = { now: () => now }
    const [here, there] = [machine(server.url, 'ann', options), machine(server.url, 'bob', options)]
    const names = Array.from({ length: 50 }, (_, n) => `s${n + 10}`)
    await Promise.all(names.map((id) => begin(here, id, 1)))
    await here.archive({ sessions: names })
    await here.sync()
    await there.sync()
    expect(await ids(there, true)).toEqual(names)
    now += 864e5
    await begin(here, 'new')
    expect((await here.retention.prune({ rules: [{ maxCount: 11 }] })).removed).toHaveLength(40)
    await here.sync()
    await there.sync()
    const left = await ids(here, true)
    expect(left).toHaveLength(10)
    for (const store of [here, there]) {
      expect(await ids(store, true)).toEqual(left)
      expect(await ids(store)).toEqual(['new'])
      expectClean(store.folder)
    }
  })

  test('of sessions that are left out stay on the machine', async () => {
    const server = await newServer()
    const here = machine(server.url, 'ann')
    for (const id of ['mine-1', 'mine-2', 'ours', 'warm']) await begin(here, id)
    await here.archive({ sessions: ['mine-1', 'mine-2', 'ours'] })
    expect(await here.push({ only: ['warm'] })).toMatchObject({ archived: [], refused: [] })
    expect(archives(server.folder)).toEqual([])
    expect(await here.push({ only: ['ours'] })).toMatchObject({ archived: ['ours'], refused: [] })
    const there = machine(server.url, 'bob')
    await there.fetch()
    expect([await ids(there), await ids(there, true)]).toEqual([['warm'], ['ours']])
    expect(await ids(here, true)).toEqual(['mine-1', 'mine-2', 'ours'])
    expect((await here.push()).archived).toEqual(['mine-1', 'mine-2'])
    await there.fetch()
    expect(await ids(there, true)).toEqual(['mine-1', 'mine-2', 'ours'])
    for (const store of [here, there]) expectClean(store.folder)
  })

  test('are the same on two machines and the server, and come back on all', {
    timeout: 120_000,
  }, async () => {
    const server = await newServer()
    const [here, there] = [machine(server.url, 'ann'), machine(server.url, 'bob')]
    for (const id of ['cold-1', 'cold-2', 'warm']) await begin(here, id)
    await here.push()
    await there.fetch()
    await here.archive({ sessions: ['cold-1', 'cold-2'] })
    expect((await here.push()).archived).toEqual(['cold-1', 'cold-2'])
    expect(Object.keys(refsAt(server.folder, 'refs/heads/')).filter((ref) => ref.includes('cold'))).toEqual(
      [],
    )
    expect(archives(server.folder)).toEqual(archives(here.folder))
    expect((await there.fetch()).archived).toEqual(['cold-1', 'cold-2'])
    expect(await ids(there)).toEqual(['warm'])
    expect(await ids(there, true)).toEqual(['cold-1', 'cold-2'])
    expect(archives(there.folder)).toEqual(archives(here.folder))
    // What was last seen of refs is no ref for each either.
    expect(
      Object.keys(refsAt(there.folder, 'refs/forkpoint/remote/')).filter((ref) => ref.includes('cold')),
    ).toEqual([])

    await say(there, 'warm again', 'cold-1')
    await there.push()
    const fetched = await here.fetch()
    expect(await tips(here, 'cold-1')).toEqual(await tips(there, 'cold-1'))
    expect([fetched.deleted, fetched.kept, fetched.diverged]).toEqual([[], [], []])
    for (const store of [here, there]) expect(await ids(store, true)).toEqual(['cold-2'])
    await there.unarchive('cold-2')
    await there.push()
    expect((await here.sync()).fetch.unarchived).toEqual(['cold-2'])
    expect(archives(server.folder)).toEqual([])
    for (const store of [here, there]) expect(archives(store.folder)).toEqual([])
    const fresh = machine(server.url, 'new')
    await fresh.fetch()
    expect(await ids(fresh)).toEqual(['cold-1', 'cold-2', 'warm'])
    for (const { folder } of [here, there, fresh, server]) expectClean(folder)
  })
})

test('a new machine has archived sessions archived, without refs in between', async () => {
  const server = await folderServer()
  const here = machine(server.url, 'ann')
  for (const id of ['cold', 'warm']) await begin(here, id)
  await here.archive({ sessions: ['cold'] })
  await here.push()
  const fresh = machine(server.url, 'new')
  await fresh.fetch()
  expect(await ids(fresh)).toEqual(['warm'])
  expect(await tips(fresh, 'cold')).toEqual(await tips(here, 'cold'))
  expect((await fresh.sync()).push.pushed).toEqual([])
  expect(await ids(fresh, true)).toEqual(['cold'])
})

test('what one machine archived and the other went on with stays live, and loses nothing', async () => {
  const server = await folderServer()
  const [here, there] = [machine(server.url, 'ann'), machine(server.url, 'bob')]
  await begin(here, 'demo')
  await begin(here, 'cold')
  await here.push()
  await there.fetch()
  await here.archive({ sessions: ['demo', 'cold'] })
  const own = await say(there, 'newer', 'demo')
  await here.push()
  await there.sync()
  await here.sync()
  await there.sync()
  for (const store of [here, there]) {
    expect(Object.values(await tips(store, 'demo'))).toEqual([own])
    expect(await ids(store)).toEqual(['demo'])
    expect(await ids(store, true)).toEqual(['cold'])
  }
  expect(archives(there.folder)).toEqual(archives(here.folder))
  expect(archives(server.folder)).toEqual(archives(here.folder))
})

test('what another machine archived has no active branch of its own left', async () => {
  const server = await folderServer()
  const [one, two] = [machine(server.url, 'one'), machine(server.url, 'two')]
  await begin(one)
  await one.fork('demo', { branch: 'try' })
  await one.sync()
  await two.sync()
  await two.switch('demo', 'try')
  await one.archive({ sessions: ['demo'] })
  await one.sync()
  await two.sync()
  expectClean(two.folder)
})

test('two machines that archive different sets converge', async () => {
  const server = await folderServer()
  const [here, there] = [machine(server.url, 'ann'), machine(server.url, 'bob')]
  for (const id of ['a-1', 'b-1', 'c-1', 'live']) await begin(here, id)
  await here.push()
  await there.fetch()
  await here.archive({ sessions: ['a-1', 'b-1'] })
  await there.archive({ sessions: ['b-1', 'c-1'] })
  for (let round = 0; round < 3; round++) for (const store of [here, there]) await store.sync()
  for (const store of [here, there]) {
    expect(await ids(store, true)).toEqual(['a-1', 'b-1', 'c-1'])
    expect(archives(store.folder)).toEqual(archives(server.folder))
  }
  expect(Object.keys(refsAt(server.folder, 'refs/heads/'))).not.toContain('refs/heads/a-1/main')
})

test('a session that was deleted from an archive is gone everywhere, and the others of it stay', async () => {
  const server = await folderServer()
  const [here, there] = [machine(server.url, 'ann'), machine(server.url, 'bob')]
  for (const id of ['cold', 'gone', 'live']) await begin(here, id)
  await here.archive({ sessions: ['cold', 'gone'] })
  await here.push()
  await there.fetch()
  await there.delete('gone')
  await there.push()
  await here.fetch()
  for (const store of [here, there]) {
    expect(await store.exists('gone')).toBe(false)
    expect(await ids(store, true)).toEqual(['cold'])
  }
  expect(archives(server.folder)).toEqual(archives(here.folder))
  expect(archives(server.folder)).toHaveLength(1)
})

test('a session that may not leave this machine holds nothing else back', async () => {
  const server = await folderServer()
  const here = machine(server.url, 'ann')
  await begin(here, 'open')
  await begin(here, 'secret')
  await say(here, 'key: AKIAQYLPMN5HFIQR7XYA ghp_abcdefghijklmnopqrstuvwxyz0123456789', 'secret')
  await here.archive({ sessions: ['open', 'secret'] })
  const report = await here.push()
  expect(report.refused.map(({ session }) => session)).toEqual(['secret'])
  expect(report.archived).toEqual(['open'])
  const there = machine(server.url, 'bob')
  await there.fetch()
  expect(await ids(there, true)).toEqual(['open'])
  expect(await ids(here, true)).toEqual(['open', 'secret'])
})
