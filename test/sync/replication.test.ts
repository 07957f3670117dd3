/** Saves that go to a remote by themselves. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ReplicationError } from '../../src/sync/error.ts'
import { tempFolder } from '../git/real-git.ts'
import { emptySession, message } from '../store/support/git-store.ts'
import { begin, folderServer, httpServer, machine, refsAt, say } from './support/machines.ts'

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
