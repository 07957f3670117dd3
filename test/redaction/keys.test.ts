/** What marks are made with: each store has a key of its own, which stays. */
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  CorruptError,
  FileSessionStore,
  GitSessionStore,
  MemorySessionStore,
  newMessage,
  newSession,
} from '../../src/index.ts'
import { redactSecrets } from '../../src/redaction/index.ts'
import type { SessionStore } from '../../src/store/session-store.ts'
import { tempFolder } from '../git/real-git.ts'
import { sample, seeded } from './sample.ts'

const token = sample('ghp_{w36}', seeded(6))
const redact = redactSecrets()

async function markIn(store: SessionStore, id: string): Promise<string> {
  await store.save({ ...newSession(id), messages: [newMessage('user', token)] })
  const { messages } = (await store.load(id))!
  await store.close()
  expect(messages[0]!.content).toMatch(/^\[redacted:github:[0-9a-f]{8}\]$/)
  return messages[0]!.content
}

test.each([
  ['git', 'forkpoint/key', (folder: string) => new GitSessionStore(folder, { redact })],
  ['file', '.forkpoint/key', (folder: string) => new FileSessionStore(folder, { redact })],
])('a %s store has a key in a file that only its owner can read', async (_, file, open) => {
  const [one, two] = [join(tempFolder(), 'store'), join(tempFolder(), 'store')]
  const first = await markIn(open(one), 'a')
  expect(await markIn(open(one), 'b')).toBe(first)
  expect(await markIn(open(two), 'a')).not.toBe(first)
  const path = join(one, file)
  expect(readFileSync(path)).toHaveLength(32)
  expect(statSync(path).mode & 0o077).toBe(0)
  chmodSync(path, 0o600)
  writeFileSync(path, 'short')
  await expect(markIn(open(one), 'c')).rejects.toThrow(CorruptError)
})

test('memory stores have a key each, which those that share their sessions share', async () => {
  const store = new MemorySessionStore({ redact })
  const sharing = new MemorySessionStore({ redact, share: store })
  const first = await markIn(store, 'a')
  expect(await markIn(sharing, 'b')).toBe(first)
  expect(await markIn(new MemorySessionStore({ redact }), 'a')).not.toBe(first)
})
