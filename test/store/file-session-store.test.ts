import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'vitest'
import { FileSessionStore } from '../../src/store/file/file-session-store.ts'
import { suite } from '../../src/testing/index.ts'

suite({
  test,
  factory: async (options) => {
    const folder = await mkdtemp(join(tmpdir(), 'forkpoint-files-'))
    return {
      store: new FileSessionStore(join(folder, 'deep/sessions'), options),
      reopen: async (more) => new FileSessionStore(join(folder, 'deep/sessions'), { ...options, ...more }),
      damage: (session) => writeFile(join(folder, 'deep/sessions', `${session}.json`), '{'),
      dispose: () => rm(folder, { recursive: true, force: true }),
    }
  },
})
