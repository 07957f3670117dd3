import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { suite } from '../../src/testing/index.ts'

let folder: string
let stores = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forkpoint-suite-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

suite({
  test,
  factory: async (options) => {
    const place = join(folder, String(stores++))
    return {
      store: new GitSessionStore(place, options),
      // Its newest commit leads nowhere.
      damage: async (session) =>
        writeFile(join(place, 'refs/heads', session, 'main'), `${'0123456789'.repeat(4)}\n`),
      reopen: async (more) => new GitSessionStore(place, { ...options, ...more }),
    }
  },
})
