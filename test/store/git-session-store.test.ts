import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { GitSessionStore } from '../../src/store/git-session-store.ts'
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
      reopen: async (more) => new GitSessionStore(place, { ...options, ...more }),
    }
  },
})
