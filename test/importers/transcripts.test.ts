import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { exportSession, type ImportResult, importFile } from '../../src/importers/index.ts'
import { checkSession } from '../../src/state/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import type { SessionStore } from '../../src/store/session-store.ts'
import { git, tempFolder } from '../git/real-git.ts'
import { type RealFile, realFiles, toolOfFile } from './real-files.ts'

// Those of Claude Code have a suite of their own.
const files = (await realFiles()).filter(({ tool }) => tool.name !== 'claude-code')

async function importAll({ tool, path }: RealFile, store: SessionStore): Promise<ImportResult[]> {
  const found: ImportResult[] = []
  for await (const result of importFile(tool, path, store, { redact: false })) found.push(result)
  return found
}

describe.skipIf(files.length === 0)('real files', () => {
  test.each(files)(
    '$name comes back entry for entry, and every checkpoint is what was saved',
    async (file) => {
      const root = tempFolder()
      const [store, memory] = [new GitSessionStore(root), new MemorySessionStore()]
      const results = await importAll(file, store)
      await importAll(file, memory)
      const documents: string[] = []
      for (const { session, warnings, added, entries, turns } of results) {
        expect([warnings, added]).toEqual([[], entries])
        // This one is a piece of a conversation, in which nobody asks anything.
        if (!file.name.endsWith('sdk-goal-events.jsonl')) expect(turns).toBeGreaterThan(0)
        const { main, others, skipped } = await exportSession(file.tool, store, session)
        expect([main.lines.length, others, skipped]).toEqual([entries, [], 0])
        documents.push(main.bytes().toString())
        for (const { name } of await store.branches(session)) {
          const [a, b] = [[], []] as { id: string; subject: string }[][]
          for await (const one of store.log(session, { at: name, steps: true })) a!.push(one)
          for await (const one of memory.log(session, { at: name, steps: true })) b!.push(one)
          expect(a!.map(({ subject }) => subject)).toEqual(b!.map(({ subject }) => subject))
          // All of a few, some of many.
          const every = Math.ceil(a!.length / 8)
          for (const [n, { id }] of a!.entries()) {
            if (n % every !== 0) continue
            const state = await store.load(session, { at: id })
            expect(checkSession(state)).toEqual([])
            expect(state).toEqual(await memory.load(session, { at: b![n]!.id }))
          }
        }
      }
      const text = readFileSync(file.path, 'utf8')
      if (results.length === 1) expect(documents[0]).toBe(text)
      else expect(documents.map((one) => JSON.parse(one))).toEqual(rowsOf(text))
      for (const { checkpoints, added } of await importAll(file, store))
        expect([checkpoints, added]).toEqual([0, 0])
      const { problems, foreign } = await store.verify()
      expect([problems, foreign]).toEqual([[], undefined])
      await store.close()
      git(root, ['fsck', '--strict', '--no-dangling'])
    },
    60_000,
  )

  test('each is known to be of its tool', async () => {
    for (const { path, tool } of files) expect([path, await toolOfFile(path)]).toEqual([path, tool.name])
  })

  const growing = [...new Set(files.flatMap(({ name }) => /^.*growth-\w+/.exec(name)?.[0] ?? []))]
  test.each(growing)('%s, imported as it grew, has the same checkpoints as its last file', async (group) => {
    const snapshots = files.filter(({ name }) => name.startsWith(group))
    const [grown, whole] = [new MemorySessionStore(), new MemorySessionStore()]
    for (const file of snapshots) await importAll(file, grown)
    const [{ session } = { session: '' }] = await importAll(snapshots.at(-1)!, whole)
    expect(await grown.load(session)).toEqual(await whole.load(session))
  })
})

const rowsOf = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
