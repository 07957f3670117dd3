import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { RemoteSessionStore } from '../../src/store/remote/remote-session-store.ts'
import { suite } from '../../src/testing/index.ts'
import { type GitServer, makeServed, startGitServer } from '../support/git-server.ts'

let folder: string
let server: GitServer
let stores = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forkpoint-remote-'))
  server = await startGitServer({ root: folder })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

suite({
  test: (name, run) => test(name, run, 300_000),
  factory: async (options) => {
    const name = `${stores++}.git`
    makeServed(folder, name)
    const url = `${server.url}/${name}`
    return {
      store: new RemoteSessionStore(url, options),
      // No damage: a git server with a broken ref refuses every push, whoever makes it.
      reopen: async (more) => new RemoteSessionStore(url, { ...options, ...more }),
    }
  },
})
