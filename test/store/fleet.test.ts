/** Sessions on many servers, chosen by their ids. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { InvalidIdError, UnsupportedError } from '../../src/errors.ts'
import { newMessage, newSession } from '../../src/state/index.ts'
import { FleetSessionStore } from '../../src/store/remote/index.ts'
import { gitText } from '../git/real-git.ts'
import { type GitServer, makeServed, startGitServer } from '../support/git-server.ts'

let folder: string
let server: GitServer
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'forkpoint-fleet-'))
  server = await startGitServer({ root: folder })
})
afterEach(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

it('a template puts each session on the server of its scope', async () => {
  const served = ['a', 'b'].map((scope) => makeServed(folder, `${scope}.git`))
  const urls = () => ['a', 'b'].map((scope) => `${server.url}/${scope}.git`)
  const store = new FleetSessionStore(`${server.url}/{scope}.git`, { urls })
  for (const id of ['a/one', 'a/two', 'b/one']) await store.save(newSession(id))
  await store.append('b/one', { messages: [newMessage('user', 'hello')] })
  const handle = await store.open('a/two')
  await handle.append({ messages: [newMessage('user', 'hello')] })
  expect(served.map((one) => gitText(one, ['for-each-ref', 'refs/heads/']).split('\n').length)).toEqual([
    2, 1,
  ])
  expect((await store.load('b/one'))?.messages).toHaveLength(1)
  const listed: string[] = []
  for await (const { id } of store.list({ order: 'id', limit: 2, after: 'a/one' })) listed.push(id)
  expect(listed).toEqual(['a/two', 'b/one'])
  expect(await store.stats()).toMatchObject({ sessions: 3, branches: 3 })
  expect(await store.verify()).toMatchObject({ ok: true, checkpoints: 5 })
  await store.fork('a/one', { session: 'a/three' })
  await expect(store.fork('a/one', { session: 'b/three' })).rejects.toThrow(UnsupportedError)
  await expect(store.diff({ session: 'a/one' }, { session: 'b/one' })).rejects.toThrow(UnsupportedError)
  expect(await store.delete('a/three')).toBe(true)
  await expect(store.save(newSession('no-scope'))).rejects.toThrow(InvalidIdError)
  await store.close()
  await expect(store.load('a/one')).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
})

it('an id never leads out of its place in the address, and a function may choose as it likes', async () => {
  const store = new FleetSessionStore(`${server.url}/x/{session}.git`)
  await expect(store.load('../../etc')).rejects.toMatchObject({ code: 'REMOTE', failure: 'missing' })
  for (const one of server.requests) {
    const parts = decodeURIComponent(one.split(' ')[1]!).split('/')
    expect(parts.slice(0, 3)).toEqual(['', 'x', expect.stringMatching(/%2fetc\.git$/)])
    expect(parts).not.toContain('..')
  }
  await expect(store.stats()).rejects.toThrow(UnsupportedError)
  expect(() => new FleetSessionStore(`${server.url}/all.git`)).toThrow(TypeError)
  makeServed(folder, 'long.git')
  const chosen = new FleetSessionStore((id) => `${server.url}/${id.length > 3 ? 'long' : 'short'}.git`)
  await chosen.save(newSession('demo'))
  expect(await chosen.exists('demo')).toBe(true)
  await expect(chosen.exists('s')).rejects.toMatchObject({ failure: 'missing' })
})
