/** Real session files, which lie beside the repository and are not part of it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { exportClaudeCode, importClaudeCode, importClaudeCodeFolder } from '../../src/importers/index.ts'
import { checkSession } from '../../src/state/index.ts'
import { STORES } from './stores.ts'

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../shared/transcripts/claude-code')
const files = existsSync(folder)
  ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
  : []
if (files.length === 0) console.warn(`No real transcripts in ${folder}: their tests are skipped.`)

const entriesOf = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

describe.skipIf(files.length === 0)('real transcripts', () => {
  for (const { name: storeName, open } of STORES) {
    test.each(files)(
      `%s comes back entry for entry, and fits at every checkpoint, in a ${storeName} store`,
      async (name) => {
        const path = join(folder, name)
        const store = await open()
        const { session, warnings, branches, entries, added, turns } = await importClaudeCode(path, store)
        const text = readFileSync(path, 'utf8')
        const { main, agents, skipped } = await exportClaudeCode(store, session)

        expect(main.lines.map((line) => JSON.parse(line))).toEqual(entriesOf(text))
        expect(main.bytes().toString()).toBe(text)
        expect({ warnings, agents, skipped, branches }).toEqual({
          warnings: [],
          agents: [],
          skipped: 0,
          branches: ['main'],
        })
        expect([entries, added]).toEqual([main.lines.length, main.lines.length])

        const log = []
        for await (const checkpoint of store.log(session, { steps: true })) log.push(checkpoint)
        expect(log).toHaveLength(turns + 1)
        // Each has the time of an entry of its turn, which need not be later than that of the turn before.
        for (const { createdAt } of log) expect(text).toContain(createdAt)
        for (const { id, seq, kind, subject } of log) {
          expect(checkSession(await store.load(session, { at: id }))).toEqual([])
          if (kind === 'import') expect(subject).toMatch(new RegExp(`^turn ${seq}: .`))
        }
        await store.close()
      },
    )

    test.each(['entireio__cli/growth-A', 'entireio__git-sync/growth-B'])(
      `%s, imported as it grew, is the same as its last file in a ${storeName} store`,
      async (name) => {
        const snapshots = files.filter((file) => file.startsWith(name)).map((file) => join(folder, file))
        const options = { sessionId: 's' }
        const grown = await open()
        for (const path of snapshots) {
          const { added, entries } = await importClaudeCode(path, grown, options)
          expect(added).toBeGreaterThan(0)
          const { main } = await exportClaudeCode(grown, 's')
          expect(main.lines).toHaveLength(entries)
          expect(main.bytes().equals(readFileSync(path))).toBe(true)
          expect(await importClaudeCode(path, grown, options)).toMatchObject({ added: 0, checkpoints: 0 })
        }
        const whole = await open()
        await importClaudeCode(snapshots.at(-1) as string, whole, options)
        expect(await grown.load('s')).toEqual(await whole.load('s'))
        await Promise.all([grown.close(), whole.close()])
      },
    )

    test(`imported turn by turn, a file has the same ids as at once, in a ${storeName} store`, async () => {
      const path = join(folder, 'entireio__cli/7e-72a8d8fdb8-0.jsonl')
      const lines = readFileSync(path, 'utf8').split('\n')
      const whole = await open()
      const { head } = await importClaudeCode(path, whole, { sessionId: 's' })
      const ends = (await whole.load('s'))?.runs.map(({ source }) => (source as { lines: number[] }).lines[1])
      const pieces = await open()
      for (const end of ends ?? []) {
        const source = { name: basename(path), lines: lines.slice(0, end) }
        await importClaudeCode(source, pieces, { sessionId: 's' })
      }
      expect(ends?.length).toBeGreaterThan(10)
      const last = await importClaudeCode(path, pieces, { sessionId: 's' })
      expect([last.checkpoints, last.head]).toEqual([0, head])
      await Promise.all([whole.close(), pieces.close()])
    })

    test(`a folder is imported whole into a ${storeName} store`, async () => {
      const store = await open()
      const failed = []
      let imported = 0
      for await (const result of importClaudeCodeFolder(folder, store)) {
        if (result.error === undefined) imported++
        else failed.push(result)
      }
      expect({ failed, imported }).toEqual({ failed: [], imported: files.length })
      const ids = []
      for await (const { id } of store.list()) ids.push(id)
      // Two folders hold three and four snapshots of one session.
      expect(ids).toHaveLength(files.length - 5)
      await store.close()
    })
  }
})
