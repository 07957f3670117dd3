/** What every importer must do, with files of its tool. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UnsupportedError } from '../../src/errors.ts'
import { exportSession, type Importer, importFolder, importSession } from '../../src/importers/index.ts'
import { checkSession, type Session } from '../../src/state/index.ts'
import type { SessionStore } from '../../src/store/session-store.ts'
import { STORES } from './stores.ts'

/** A file of the tool, as its lines; of a document they are its entries. */
export interface Sample {
  name: string
  lines: readonly string[]
  /** The text of a file that is not one entry a line. */
  document?: (entries: readonly string[]) => string
  /** With fewer entries the file is not a session yet. */
  least?: number
  /** Two entries that are in no sample. */
  other?: readonly [string, string]
}

const fileOf = ({ name, lines, document }: Sample, end = lines.length) => ({
  name,
  lines:
    document === undefined
      ? lines.slice(0, end)
      : document(lines.slice(0, end)).replace(/\n$/, '').split('\n'),
})

/** @param stores the kinds of stores to import into */
export function importerSuite(tool: Importer, samples: readonly Sample[], stores = STORES): void {
  describe.each(stores)(`importing from ${tool.title} into a $name store`, ({ open }) => {
    let folder: string
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'forkpoint-importer-'))
    })
    afterAll(() => rm(folder, { recursive: true }))

    const importInto = (store: SessionStore, sample: Sample, end = sample.lines.length, now = 0) =>
      importSession(tool, fileOf(sample, end), store, { sessionId: 's', now: () => now })

    /** All messages and runs, by branch of the conversation, whatever it is called. */
    async function said(store: SessionStore): Promise<string[]> {
      const found: string[] = []
      for (const { name } of await store.branches('s')) {
        const state = (await store.load('s', { branch: name })) as Session
        expect(checkSession(state)).toEqual([])
        // A sub-agent that comes to light in a later piece is listed after the run of its turn.
        const runs = state.runs.toSorted((a, b) => (a.id < b.id ? -1 : 1))
        found.push(JSON.stringify([state.messages, runs.map(({ id, events }) => [id, events]), state.usage]))
      }
      return found.sort()
    }

    describe.each(samples)('$name', (sample) => {
      const { lines, least = 0 } = sample

      test('is a checkpoint a turn, and comes back line for line; importing it again adds nothing', async () => {
        const store = await open()
        const result = await importInto(store, sample)
        expect(result).toMatchObject({ created: true, added: lines.length, checkpoints: result.turns + 1 })
        if (tool.write !== undefined) {
          const { main, skipped } = await exportSession(tool, store, 's')
          expect([main.name, main.lines, skipped]).toEqual([sample.name, lines, 0])
          expect(main.bytes().toString()).toBe(`${fileOf(sample).lines.join('\n')}\n`)
        }
        expect(await importInto(store, sample)).toMatchObject({ created: false, added: 0, checkpoints: 0 })
      })

      test('is the same in pieces, wherever they end, as at once', async () => {
        const whole = await open()
        await importInto(whole, sample)
        // Lines before the first time are as old as the clock says; here as old as in the whole file.
        const now = Date.parse((await whole.load('s'))?.createdAt ?? '')
        const step = Math.max(1, Math.floor(lines.length / 7))
        for (let end = least; end < lines.length; end += step) {
          const pieces = await open()
          await importInto(pieces, sample, end, now)
          await importInto(pieces, sample, Math.min(lines.length, end + 1), now)
          const { added } = await importInto(pieces, sample)
          expect(added, `cut at ${end}`).toBe(Math.max(0, lines.length - end - 1))
          expect(await said(pieces), `cut at ${end}`).toEqual(await said(whole))
        }
      })

      test('has the same checkpoints when it comes turn by turn, on the branch that was first', async () => {
        const whole = await open()
        const { branches } = await importInto(whole, sample)
        if (branches.length > 1) return
        const pieces = await open()
        const { runs, createdAt } = (await whole.load('s')) as Session
        const now = Date.parse(createdAt)
        for (const { agent, source } of runs) {
          const end = (source as { lines: number[] }).lines[1]!
          if (agent === undefined && end >= least) await importInto(pieces, sample, end, now)
        }
        expect(await pieces.resolve('s', 'main')).toBe(await whole.resolve('s', 'main'))
      })

      test('an older copy adds nothing; one that differs is a branch, and both come back', async () => {
        if (tool.write === undefined) return
        const store = await open()
        await importInto(store, sample)
        const half = Math.max(least, Math.ceil(lines.length / 2))
        expect(await importInto(store, sample, half)).toMatchObject({ added: 0, checkpoints: 0 })
        const [one, two] = sample.other ?? ['{"other":1}', '{"other":2}']
        const other = { ...sample, lines: [...lines.slice(0, half), one, two] }
        const { branches } = await importInto(store, other)
        expect(branches).toContain('import-1')
        const files = await exportSession(tool, store, 's')
        expect([files.main, ...files.others].map((file) => file.lines).sort()).toEqual(
          [lines, other.lines].sort(),
        )
      })

      test('broken lines are named, and kept', async () => {
        if (sample.document !== undefined) return
        const store = await open()
        const broken = { ...sample, lines: [...lines, '{"cut', '12', '{"a":9007199254740993}'] }
        const { warnings } = await importInto(store, broken)
        expect(warnings.map(({ line }) => line).slice(-2)).toEqual([lines.length + 1, lines.length + 2])
        if (tool.write === undefined) return
        expect((await exportSession(tool, store, 's')).main.lines).toEqual(broken.lines)
      })
    })

    test('a folder is imported whole, and what is not a session is refused as such', async () => {
      for (const sample of samples)
        await writeFile(join(folder, sample.name), `${fileOf(sample).lines.join('\n')}\n`)
      await writeFile(join(folder, `other${tool.extension}`), '{"some":"thing else"}\n')
      const found: [string, string | undefined][] = []
      for await (const { path, error } of importFolder(tool, folder, await open())) {
        if (error !== undefined) expect(error).toBeInstanceOf(UnsupportedError)
        found.push([path.slice(folder.length + 1), error?.code])
      }
      const all = [...samples.map(({ name }) => [name, undefined]), [`other${tool.extension}`, 'UNSUPPORTED']]
      expect(found.sort()).toEqual(all.sort())
    })
  })
}
