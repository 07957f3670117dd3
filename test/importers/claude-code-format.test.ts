import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { InvalidStateError } from '../../src/errors.ts'
import { exportClaudeCode, importClaudeCode } from '../../src/importers/index.ts'
import type { Session } from '../../src/state/index.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'

// Frozen: what was imported once comes back for ever. A new format gets a pair of files of its own.
const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../../fixtures/claude-code')
const lines = readFileSync(join(fixtures, 'format-1.jsonl'), 'utf8').trimEnd().split('\n')
const frozen = (): Session => JSON.parse(readFileSync(join(fixtures, 'format-1.state.json'), 'utf8'))

test('a session that was imported in format 1 gives every entry back', async () => {
  const store = new MemorySessionStore()
  await store.save(frozen())
  expect((await exportClaudeCode(store, 'format-1')).main.lines).toEqual(lines)
})

test('a session that a newer forkpoint imported is refused', async () => {
  const store = new MemorySessionStore()
  const state = frozen()
  const newer = { ...(state.metadata.import as object), format: 2 }
  await store.save({ ...state, metadata: { import: newer } })
  await expect(exportClaudeCode(store, 'format-1')).rejects.toThrow(InvalidStateError)
  await expect(importClaudeCode({ name: 'format-1.jsonl', lines }, store)).rejects.toThrow(/newer forkpoint/)
})

test('an entry whose message was changed since is an error that names the message', async () => {
  const store = new MemorySessionStore()
  const { messages, ...state } = frozen()
  const [first, ...rest] = messages
  await store.save({ ...state, messages: [{ ...first, source: { line: 3, shape: 99 } } as never, ...rest] })
  await expect(exportClaudeCode(store, 'format-1')).rejects.toThrow(/messages\[0\].source/)
})
