/** Everything in the real transcripts survives, as a message's field, as parts and as an event. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { decodeItem, encodeItem, sessionLayout } from '../../src/codec/index.ts'
import { textOfParts } from '../../src/state/index.ts'
import { keysOf } from './json-values.ts'

const folder = fileURLToPath(new URL('../../../shared/transcripts/', import.meta.url))
const there = existsSync(folder)
if (!there) console.warn(`skipped: there are no transcripts in ${folder}`)

const values = (text: string, path: string): unknown[] =>
  (path.endsWith('.jsonl') ? text.split('\n') : [text]).flatMap((line) => {
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })

describe.skipIf(!there)('every line of every real transcript comes back as it was', async () => {
  const names = there ? await readdir(folder, { recursive: true }) : []
  const files = names.filter((name) => /\.jsonl?$/.test(name)).sort()

  test.each(files)('%s', async (name) => {
    const entries = values(await readFile(folder + name, 'utf8'), name)
    for (const [index, entry] of entries.entries()) {
      const parts = partsOf(entry)
      const message = {
        id: `${index}`,
        role: 'user',
        content: textOfParts(parts),
        parts,
        createdAt: '',
        entry,
      }
      const read = decodeItem(encodeItem(sessionLayout, 'messages', index, message)) as typeof message
      assert.deepStrictEqual(read, message)
      expect(JSON.stringify(keysOf(read.entry))).toBe(JSON.stringify(keysOf(entry)))
    }
    const run = {
      id: 'r',
      events: entries.map((entry, sequence) => ({ sequence, at: '', type: 'line', entry })),
    }
    assert.deepStrictEqual(decodeItem(encodeItem(sessionLayout, 'runs', 0, run)), run)
  })
})

function partsOf(entry: unknown): unknown[] {
  const { message, content } = (entry ?? {}) as { message?: { content?: unknown }; content?: unknown }
  const parts = message?.content ?? content
  return Array.isArray(parts) ? parts : [{ type: 'text', text: typeof parts === 'string' ? parts : '' }]
}
