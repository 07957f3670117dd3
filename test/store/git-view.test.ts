import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { checkpointsOf } from '../../src/checkpoints/of-store.ts'
import { newObject } from '../../src/git/objects/object.ts'
import { parseSessionId, reservedRef } from '../../src/ids.ts'
import {
  GitSessionStore,
  InvalidStateError,
  newMessage,
  newSession,
  SessionClosedError,
} from '../../src/index.ts'

interface Chat {
  id: string
  lines: unknown[]
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'forkpoint-view-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('a view keeps documents of another type in the same repository', async () => {
  const store = new GitSessionStore(join(folder, 'store'))
  const chats = store.view<Chat>({ type: 'chat', collections: ['lines'] })
  await store.save(newSession('a', { messages: [newMessage('user', 'hello')] }))
  await chats.save({ id: 'b', lines: ['one'] })
  await chats.append('b', { lines: ['two'] })
  expect((await chats.load('b'))?.lines).toEqual(['one', 'two'])
  await expect(store.load('b')).rejects.toBeInstanceOf(InvalidStateError)
  const types = new Map<string, string>()
  for await (const { id, type } of store.list()) types.set(id, type)
  expect(types).toEqual(
    new Map([
      ['a', 'session'],
      ['b', 'chat'],
    ]),
  )
  await chats.close()
  await expect(chats.load('b')).rejects.toBeInstanceOf(SessionClosedError)
  expect((await store.load('a'))?.messages).toHaveLength(1)
  await store.close()
})

it('a view redacts, signs and tells the time as its store does', async () => {
  const author = { name: 'Recorder', email: 'recorder@example.com' }
  const redact = (value: unknown) => (value === 'secret' ? 'gone' : value)
  const store = new GitSessionStore(join(folder, 'store'), { author, redact, now: () => 1_700_000_000_000 })
  const chats = store.view<Chat>({ type: 'chat', collections: ['lines'] })
  const checkpoint = await chats.save({ id: 'b', lines: ['secret'] })
  expect(checkpoint.author).toEqual(author)
  expect(checkpoint.createdAt).toBe('2023-11-14T22:13:20.000Z')
  expect((await chats.load('b'))?.lines).toEqual(['gone'])
  await store.close()
  await expect(chats.save({ id: 'b', lines: ['more'] }, { expected: 'any' })).rejects.toBeInstanceOf(
    SessionClosedError,
  )
})

it('only a git store has what an adapter needs', () => {
  expect(() => checkpointsOf({})).toThrow(TypeError)
})

it('deletes a session of which there are reserved lines alone', async () => {
  const store = new GitSessionStore(join(folder, 'store'))
  const { refs, history } = checkpointsOf(store)
  const { repository } = history
  const session = parseSessionId('beside')
  const ref = reservedRef(session, 'writes')
  const blob = newObject('blob', Buffer.from('kept'))
  await repository.change({
    refs: [ref],
    prepare: () => ({ objects: [blob], moves: new Map([[ref, blob.id]]), result: undefined }),
  })
  expect(await store.exists('beside')).toBe(false)
  expect(await refs.deleteSession(session)).toBe(true)
  expect(repository.refs.list('refs/heads/')).toEqual(new Map())
  await store.close()
})
