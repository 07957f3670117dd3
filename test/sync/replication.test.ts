/** Saves that go to a remote by themselves. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ForkpointClaudeStore } from '../../src/adapters/claude-agent/index.ts'
import { ForkpointSaver } from '../../src/adapters/langgraph/index.ts'
import { ConflictError } from '../../src/errors.ts'
import { ReplicationError } from '../../src/sync/error.ts'
import { tempFolder } from '../git/real-git.ts'
import { emptySession, message } from '../store/support/git-store.ts'
import { begin, folderServer, httpServer, machine, refsAt, say, tips } from './support/machines.ts'

const MAIN = 'refs/heads/demo/main'

test.each([
  ['in a folder', folderServer],
  ['over HTTP', httpServer],
])(
  'with replicate now, what has resolved is at the server %s, and many saves go together',
  async (_, start) => {
    const server = await start()
    const store = machine(server.url, 'one', { replicate: 'now' })
    await begin(store)
    const id = await say(store, 'more')
    expect(refsAt(server.folder, 'refs/heads/demo')).toEqual({ [MAIN]: id })
    const handle = await store.open('demo')
    const { id: next } = await handle.append({ messages: [message('h1', 'by a handle')] })
    expect(refsAt(server.folder, 'refs/heads/demo')).toEqual({ [MAIN]: next })
    const many = Array.from({ length: 5 }, (_, n) => store.save(emptySession(`many-${n}`)))
    const saved = await Promise.all(many)
    const there = refsAt(server.folder, 'refs/heads/')
    for (const { session, id } of saved) expect(there[`refs/heads/${session}/main`]).toBe(id)
    await store.delete('demo')
    expect(refsAt(server.folder, 'refs/heads/demo')).toEqual({})
  },
)

test('with replicate now, a server that is gone gets a typed error, and the save stands', async () => {
  const server = await folderServer()
  const store = machine(server.url, 'one', { replicate: 'now' })
  await begin(store, 'demo', 0)
  const handle = await store.open('demo')
  rmSync(server.folder, { recursive: true })
  const error = await handle.append({ messages: [message('m1', 'x')] }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ReplicationError)
  expect(error).toMatchObject({ session: 'demo', remote: 'origin', checkpoint: handle.checkpoint.id })
  expect((await store.load('demo'))?.messages).toHaveLength(1)
})

test('with replicate later, a dead server costs a save nothing, and closing pushes what waits', async () => {
  const dead = machine(join(tempFolder(), 'nowhere'), 'dead', { replicate: 'later' })
  const failures: unknown[] = []
  dead.on('remote', (event) => failures.push(event.kind))
  await begin(dead)
  await dead.close()
  expect(failures).toEqual(['failed'])
  const server = await folderServer()
  const store = machine(server.url, 'one', { replicate: 'later' })
  const kinds: string[] = []
  store.on('remote', ({ kind }) => kinds.push(kind))
  const ids = await begin(store)
  await store.close()
  expect(kinds).toEqual(['push'])
  expect(refsAt(server.folder, 'refs/heads/demo')).toEqual({ [MAIN]: ids.at(-1) })
})

test('with replicate now, what adapters write and delete through a store is at the server, too', async () => {
  const server = await folderServer()
  const store = machine(server.url, 'one', { replicate: 'now' })
  const claude = new ForkpointClaudeStore(store)
  const key = { projectKey: 'project', sessionId: 'a-session' }
  await claude.append(key, [{ type: 'user', uuid: 'u1', timestamp: '2024-01-01T00:00:00.000Z' }])
  const name = claude.nameOf(key)
  const here = refsAt(store.folder, 'refs/heads/')
  expect(Object.keys(here).length).toBeGreaterThan(0)
  expect(refsAt(server.folder, 'refs/heads/')).toMatchObject(here)
  await claude.store.append(name, { set: { title: 'Named' } })
  expect(refsAt(server.folder, 'refs/heads/')).toMatchObject(refsAt(store.folder, 'refs/heads/'))

  const saver = new ForkpointSaver(store)
  const checkpoint = {
    v: 4,
    id: '1',
    ts: '2024-01-01T00:00:00.000Z',
    channel_values: {},
    channel_versions: {},
    versions_seen: {},
  }
  await saver.put(
    { configurable: { thread_id: 'thread', checkpoint_ns: '' } },
    checkpoint,
    { source: 'input', step: -1, parents: {} },
    {},
  )
  expect(Object.keys(refsAt(server.folder, 'refs/heads/thread/')).length).toBeGreaterThan(0)
  expect(refsAt(server.folder, 'refs/heads/')).toMatchObject(refsAt(store.folder, 'refs/heads/'))
  await saver.deleteThread('thread')
  expect(refsAt(server.folder, 'refs/heads/thread/')).toEqual({})
  rmSync(server.folder, { recursive: true })
  await expect(
    claude.append(key, [{ type: 'user', uuid: 'u2', timestamp: '2024-01-01T00:00:01.000Z' }]),
  ).rejects.toThrow(ReplicationError)
  expect(await claude.load(key)).toHaveLength(2)
})

test('a handle follows its branch where a fetch made room for theirs, and goes on there', async () => {
  const server = await folderServer()
  const [one, two] = [machine(server.url, 'one'), machine(server.url, 'two')]
  await begin(one)
  await one.sync()
  await two.sync()
  const handle = await two.open('demo')
  const { id: ours } = await handle.append({ messages: [message('h1', 'ours')] })
  const theirs = await say(one, 'theirs')
  await one.sync()
  await two.sync()
  const aside = `main--two-${ours.slice(0, 8)}`
  const [first, second] = await Promise.all([
    handle.append({ messages: [message('h2', 'more')] }),
    handle.append({ messages: [message('h3', 'still more')] }),
  ])
  expect([first.branch, second.branch, handle.branch]).toEqual([aside, aside, aside])
  expect(await tips(two)).toEqual({ main: theirs, [aside]: second.id })
  // What somebody else has saved on the branch is a conflict as before.
  const late = await two.open('demo', { branch: aside })
  await say(two, 'by the store', 'demo', { branch: aside })
  await expect(late.append({ messages: [message('h4', 'late')] })).rejects.toThrow(ConflictError)
})
