/** Stores in temporary folders, filled with sessions, and real git to judge them. */
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, vi } from 'vitest'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import type { GitStoreOptions } from '../../../src/store/git/options.ts'

const AT = '2024-01-01T00:00:00.000Z'
const stores: GitSessionStore[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const store of stores.splice(0)) await store.close()
})

/** A store that is closed after the test. */
export function storeAt(folder: string, options: GitStoreOptions = {}): GitSessionStore {
  const store = new GitSessionStore(folder, options)
  stores.push(store)
  return store
}

export const emptySession = (id: string) => ({
  schemaVersion: 1 as const,
  type: 'session' as const,
  id,
  status: 'idle',
  createdAt: AT,
  updatedAt: AT,
  config: {},
  usage: { inputTokens: 0, outputTokens: 0 },
  metadata: {},
  messages: [],
  runs: [],
})

export const message = (id: string, text: string) => ({
  id,
  role: 'user' as const,
  content: text,
  createdAt: AT,
})

/** Saves a session, then so many messages of about `size` bytes, one a checkpoint. */
export async function fill(store: GitSessionStore, id: string, turns: number, size = 300): Promise<void> {
  await store.save(emptySession(id))
  for (let n = 0; n < turns; n++) {
    await store.append(id, { messages: [message(`m${n}`, words(`${id} ${n}`, size))] })
  }
}

/** The same text for the same seed; compresses about as prose does. */
export function words(seed: string, size: number): string {
  let x = [...seed].reduce((sum, char) => (Math.imul(sum, 31) + char.charCodeAt(0)) >>> 0, 7)
  const parts: string[] = [seed]
  for (let length = 0; length < size; length += parts.at(-1)!.length + 1) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0
    parts.push(x % 4 === 0 ? (x >>> 4).toString(36) : WORDS[(x >>> 8) % WORDS.length]!)
  }
  return parts.join(' ')
}

const WORDS =
  'the session was saved and then its branch moved to another checkpoint of this tree with a file'.split(' ')

/** As on a machine where git was never installed; `realGit` still finds it. */
export const withoutGit = (): void => void vi.stubEnv('PATH', '/nonexistent')

const binary = spawnSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).stdout.trim()
const path = process.env.PATH ?? ''

/** Git on a store, with its exit code and all that it said. */
export function realGit(folder: string, ...args: string[]): { status: number | null; text: string } {
  const env = { HOME: folder, PATH: path, GIT_CONFIG_NOSYSTEM: '1' }
  const options = { encoding: 'utf8', env, maxBuffer: 1 << 28 } as const
  const { status, stdout, stderr } = spawnSync(binary, ['--git-dir', folder, ...args], options)
  return { status, text: stdout + stderr }
}

/** Git finds nothing wrong. */
export function expectWhole(folder: string): void {
  expect(realGit(folder, 'fsck', '--strict', '--full', '--no-dangling')).toEqual({ status: 0, text: '' })
}

export const isThere = (folder: string, id: string): boolean =>
  realGit(folder, 'cat-file', '-e', id).status === 0

/** Bytes of packs and indexes. */
export function bytesOfPacks(folder: string): number {
  const packs = join(folder, 'objects/pack')
  return readdirSync(packs)
    .filter((name) => /\.(?:pack|idx)$/.test(name))
    .reduce((sum, name) => sum + statSync(join(packs, name)).size, 0)
}
