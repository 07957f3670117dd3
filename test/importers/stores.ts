import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import type { SessionStore } from '../../src/store/session-store.ts'

/** The stores that imports are tested on. */
export const STORES: readonly { name: string; open: () => Promise<SessionStore> }[] = [
  { name: 'memory', open: async () => new MemorySessionStore() },
  { name: 'git', open: openGit },
]

const opened: { store: SessionStore; folder: string }[] = []

async function openGit(): Promise<SessionStore> {
  const folder = await mkdtemp(join(tmpdir(), 'forkpoint-import-'))
  const store = new GitSessionStore(folder)
  opened.push({ store, folder })
  return store
}

afterAll(async () => {
  for (const { store, folder } of opened) {
    await store.close()
    await rm(folder, { recursive: true })
  }
})
