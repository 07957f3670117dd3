import { describe, expect, test } from 'vitest'
import { UnsupportedError } from '../../src/errors.ts'
import { exportClaudeCode, importClaudeCode } from '../../src/importers/index.ts'
import type { Session } from '../../src/state/index.ts'
import type { SessionStore } from '../../src/store/session-store.ts'
import { roundTripOf, subjects } from './round-trip.ts'
import { STORES } from './stores.ts'
import { call, TranscriptBuilder } from './transcript-builder.ts'

describe.each(STORES)('a Claude Code session in a $name store', ({ open }) => {
  const roundTrip = roundTripOf(open)

  /** `One` and `Two`, then back to before `Two`, and `Three`, `Four`. */
  function rewound(): TranscriptBuilder {
    const t = new TranscriptBuilder()
    t.prompt('One')
    t.text('1')
    const fork = t.progress()
    t.prompt('Two')
    t.text('2')
    t.turnEnd()
    t.parent = fork
    t.node({ type: 'attachment', attachment: { type: 'todo' } })
    t.prompt('Three')
    t.text('3')
    t.prompt('Four')
    t.text('4')
    return t
  }

  const texts = (state: Session | undefined) => state?.messages.map(({ content }) => content)
  const names = async (store: SessionStore) =>
    (await store.branches('session-1')).map(({ name, active }) => (active ? `${name}*` : name))

  describe('rewinds', () => {
    test('a rewound conversation is a branch; main is the line that the session ended on', async () => {
      const { store, result } = await roundTrip(rewound().lines)
      expect(result.branches).toEqual(['main', 'rewind-1'])
      expect(await names(store)).toEqual(['main*', 'rewind-1'])
      expect(texts(await store.load('session-1'))).toEqual(['One', '1', 'Three', '3', 'Four', '4'])
      expect(texts(await store.load('session-1', { branch: 'rewind-1' }))).toEqual(['One', '1', 'Two', '2'])
      const common = (await subjects(store, 'session-1')).slice(0, 2)
      expect(await subjects(store, 'session-1', 'rewind-1')).toEqual([...common, 'turn 2: Two'])
      expect(await store.resolve('session-1', 'rewind-1~1')).toBe(await store.resolve('session-1', 'main~2'))
    })

    test('a session rewound to its very beginning forks from the start', async () => {
      const t = new TranscriptBuilder()
      t.prompt('One')
      t.text('1')
      t.parent = null
      t.prompt('Two')
      t.text('2')
      const { store } = await roundTrip(t.lines)
      expect(texts(await store.load('session-1'))).toEqual(['Two', '2'])
      expect(texts(await store.load('session-1', { branch: 'rewind-1' }))).toEqual(['One', '1'])
    })

    test('rewinds within rewinds, and going on where an earlier line ended', async () => {
      const t = rewound()
      t.parent = 'u7' // the attachment before Three: once more the same parent
      t.prompt('Five')
      t.text('5')
      t.parent = 'u9' // the reply to Three: another way than Four
      t.prompt('Six')
      const six = t.text('6')
      t.parent = 'u6' // the end of Two
      t.prompt('Seven')
      t.parent = six
      t.prompt('Eight')
      const { store, result } = await roundTrip(t.lines)
      const lines = new Map<string, string[] | undefined>()
      for (const branch of result.branches) {
        lines.set(branch, texts(await store.load('session-1', { branch })))
      }
      expect(Object.fromEntries(lines)).toEqual({
        main: ['One', '1', 'Three', '3', 'Six', '6', 'Eight'],
        'rewind-1': ['One', '1', 'Three', '3', 'Four', '4'],
        'rewind-2': ['One', '1', 'Five', '5'],
        'rewind-3': ['One', '1', 'Two', '2', 'Seven'],
      })
    })

    test('parallel tools, progress, hooks and compaction are no rewinds', async () => {
      const t = new TranscriptBuilder()
      t.prompt('Go')
      const [a, b] = t.reply([call('c1'), call('c2')])
      t.parent = a as string
      t.progress()
      t.result('c1', 'x')
      t.parent = b as string
      t.result('c2', 'y')
      t.parent = a as string
      const reply = t.text('Both done')
      t.progress()
      t.node({
        type: 'system',
        subtype: 'compact_boundary',
        parentUuid: null,
        logicalParentUuid: reply,
        compactMetadata: { trigger: 'auto', preTokens: 9 },
      })
      t.prompt('This session is being continued', { isCompactSummary: true })
      t.text('Continued')
      t.prompt('More')
      const { store, result, state } = await roundTrip(t.lines)
      expect(result.branches).toEqual(['main'])
      expect((await subjects(store, 'session-1')).slice(1)).toEqual(['turn 1: Go', 'turn 2: More'])
      expect(texts(state)?.slice(-4)).toEqual([
        'Both done',
        'This session is being continued',
        'Continued',
        'More',
      ])
    })

    test('a tree of its own, as when a session is taken up again, is no rewind', async () => {
      const t = new TranscriptBuilder()
      t.progress()
      const hook = t.progress()
      t.prompt('One')
      t.text('1')
      t.parent = null
      t.progress()
      t.prompt('Two')
      t.text('2')
      expect((await roundTrip(t.lines)).result.branches).toEqual(['main'])
      t.parent = hook
      t.prompt('Instead of One')
      expect((await roundTrip(t.lines)).result.branches).toEqual(['main', 'rewind-1'])
    })

    test('entries without parents, or with parents that are missing or come later, stay on one line', async () => {
      const orphans = new TranscriptBuilder()
      for (const text of ['One', 'Two', 'Three']) {
        orphans.parent = null
        orphans.prompt(text)
        orphans.parent = null
        orphans.text(`${text}!`)
      }
      orphans.raw({ type: 'user', message: { role: 'user', content: 'Four' } })
      expect((await roundTrip(orphans.lines)).result.branches).toEqual(['main'])

      const missing = new TranscriptBuilder()
      missing.parent = 'gone'
      missing.prompt('One')
      missing.text('1')
      missing.parent = 'gone'
      missing.prompt('Two')
      missing.parent = 'u5'
      missing.text('2')
      missing.text('3')
      missing.prompt('Three')
      expect((await roundTrip(missing.lines)).result).toMatchObject({ branches: ['main'], turns: 3 })
    })

    test('a store without branches refuses a rewound session before anything is written', async () => {
      const store = await open()
      const plain = new Proxy(store, {
        get: (target, key) =>
          key === 'supports' ? { ...store.supports, branches: false } : Reflect.get(target, key).bind(target),
      })
      const source = { name: 'session-1.jsonl', lines: rewound().lines }
      await expect(importClaudeCode(source, plain)).rejects.toBeInstanceOf(UnsupportedError)
      expect(await store.exists('session-1')).toBe(false)
    })
  })

  describe('files that grow', () => {
    test('an unchanged file adds nothing', async () => {
      const { lines } = rewound()
      const { store, result } = await roundTrip(lines)
      const again = await roundTrip(lines, store)
      expect(again.result).toEqual({
        ...result,
        created: false,
        checkpoints: 0,
        messages: 0,
        added: 0,
      })
    })

    test('an unfinished turn goes on in a checkpoint of its own', async () => {
      const t = new TranscriptBuilder()
      t.prompt('Go')
      t.reply([call('c1')], { id: 'm1' })
      const { store, state } = await roundTrip(t.lines)
      expect(state.runs[0]?.status).toBe('interrupted')
      t.reply([call('c2')], { id: 'm1' })
      t.progress()
      t.result('c1', 'x')
      t.text('Done')
      const more = await roundTrip(t.lines, store)
      expect(more.result).toMatchObject({ created: false, checkpoints: 1, messages: 2, added: 4 })
      expect((await subjects(store, 'session-1')).slice(1)).toEqual(['turn 1: Go', 'turn 1, continued: Go'])
      expect(more.state).toEqual((await roundTrip(t.lines)).state)
    })

    test('wherever a file is cut, and cut again, the rest adds up to the same', async () => {
      const { lines } = rewound()
      const whole = (await roundTrip(lines)).store
      for (let first = 0; first < lines.length; first++) {
        const { store } = await roundTrip(lines.slice(0, first))
        const second = Math.min(lines.length, first + 2)
        await roundTrip(lines.slice(0, second), store)
        const { result } = await roundTrip(lines, store)
        expect(result.added).toBe(lines.length - second)
        const last = await store.load('session-1')
        expect(last).toEqual(await whole.load('session-1'))
      }
    })

    test('a rewind that comes to light later leaves main where it was and becomes the active branch', async () => {
      const { lines } = rewound()
      const { store } = await roundTrip(lines.slice(0, 7))
      const before = await store.resolve('session-1', 'main')
      const { result } = await roundTrip(lines, store)
      expect(await store.resolve('session-1', 'main')).toBe(before)
      expect(await names(store)).toEqual(['main', 'rewind-1*'])
      expect(result.branches).toEqual(['rewind-1', 'main'])
      expect((await roundTrip(lines, store)).result.added).toBe(0)
    })

    test('a line that the user works on stays active', async () => {
      const { lines } = rewound()
      const { store } = await roundTrip(lines.slice(0, 7))
      const { id } = await store.fork('session-1', { branch: 'mine' })
      await store.switch('session-1', 'mine')
      const createdAt = '2025-11-04T00:00:00.000Z'
      const mine = { messages: [{ id: 'mine', role: 'user', content: 'My own', createdAt }] }
      await store.append('session-1', mine, { expected: id })
      await importClaudeCode({ name: 'session-1.jsonl', lines }, store)
      expect(await names(store)).toEqual(['main', 'mine*', 'rewind-1'])
    })

    test('where the session went on without Claude Code, the rest of the file gets a branch', async () => {
      const t = new TranscriptBuilder()
      t.prompt('One')
      t.text('1')
      const { store } = await roundTrip(t.lines)
      const handle = await store.open('session-1')
      const createdAt = '2025-11-04T00:00:00.000Z'
      await handle.append({ messages: [{ id: 'mine', role: 'user', content: 'My own', createdAt }] })
      t.prompt('Two')
      const { result } = await roundTrip(t.lines, store)
      expect(result.branches).toEqual(['import-1'])
      expect(texts(await store.load('session-1', { branch: 'main' }))).toEqual(['One', '1', 'My own'])
      expect(texts(await store.load('session-1', { branch: 'import-1' }))).toEqual(['One', '1', 'Two'])
      expect((await exportClaudeCode(store, 'session-1')).skipped).toBe(1)
    })

    test('an import that broke off is taken up where it stopped', async () => {
      const { lines } = rewound()
      const whole = (await roundTrip(lines)).store
      for (let stop = 1; stop <= 4; stop++) {
        const store = await open()
        const onProgress = ({ done }: { done: number }) => {
          if (done === stop) throw new Error('stopped')
        }
        const source = { name: 'session-1.jsonl', lines }
        await expect(importClaudeCode(source, store, { onProgress })).rejects.toThrow('stopped')
        await roundTrip(lines, store)
        for (const branch of ['main', 'rewind-1']) {
          expect(await store.resolve('session-1', branch)).toBe(await whole.resolve('session-1', branch))
        }
      }
    })

    test('an older copy of the file adds nothing, wherever it ends', async () => {
      const { lines } = rewound()
      const { store, result } = await roundTrip(lines)
      for (let end = 0; end < lines.length; end++) {
        const source = { name: 'session-1.jsonl', lines: lines.slice(0, end) }
        expect(await importClaudeCode(source, store)).toMatchObject({
          checkpoints: 0,
          added: 0,
          created: false,
        })
      }
      expect((await importClaudeCode({ name: 'session-1.jsonl', lines }, store)).head).toBe(result.head)
    })

    test('a file that differs becomes a branch, forked where the two part, and both files come back', async () => {
      const t = rewound()
      const { store } = await roundTrip(t.lines)
      const name = 'session-1.jsonl'
      const head = await store.resolve('session-1', 'main')
      const other = t.lines
        .slice(0, 4)
        .map((line, index) => (index < 3 ? line : line.replace('Two', 'Other')))
      const result = await importClaudeCode({ name, lines: other }, store)
      expect(result).toMatchObject({ session: 'session-1', branches: ['import-1'], checkpoints: 1, added: 1 })
      expect(await names(store)).toEqual(['import-1', 'main*', 'rewind-1'])
      expect(texts(await store.load('session-1', { branch: 'import-1' }))).toEqual(['One', '1', 'Other'])
      expect(await store.resolve('session-1', 'import-1~1')).toBe(await store.resolve('session-1', 'main~2'))
      expect(await store.resolve('session-1', 'main')).toBe(head)

      const grown = [...other, t.lines[4]?.replace('2', 'other') as string]
      const more = await importClaudeCode({ name, lines: grown }, store)
      expect(more).toMatchObject({ branches: ['import-1'], added: 1 })
      expect(await importClaudeCode({ name, lines: other }, store)).toMatchObject({ checkpoints: 0 })
      expect(await importClaudeCode({ name, lines: t.lines }, store)).toMatchObject({ checkpoints: 0 })
      const { main, others } = await exportClaudeCode(store, 'session-1')
      const files = [main, ...others].map((file) => [file.name, file.lines])
      expect(await names(store)).toEqual(['import-1*', 'main', 'rewind-1'])
      expect(Object.fromEntries(files)).toEqual({ [name]: grown, 'session-1.2.jsonl': t.lines })
      const first = await exportClaudeCode(store, 'session-1', { at: 'import-1~2' })
      expect(first.main.lines).toEqual(t.lines.slice(0, 3))
    })

    test('a file that is newer and differs becomes the active branch', async () => {
      const { lines } = rewound()
      const { store } = await roundTrip(lines.slice(0, 5))
      const newer = [...lines.slice(0, 3), ...lines.slice(7)]
      await importClaudeCode({ name: 'session-1.jsonl', lines: newer }, store)
      expect(await names(store)).toEqual(['import-1*', 'main'])
    })

    test('a file that shares nothing is a session by its own name, else a branch with a beginning of its own', async () => {
      const t = new TranscriptBuilder()
      t.raw({ type: 'mode', mode: 'plan' })
      t.prompt('First')
      const { store } = await roundTrip(t.lines)
      const other = new TranscriptBuilder('session-1', 'v')
      other.raw({ type: 'mode', mode: 'default' })
      other.prompt('Continued')
      const named = await importClaudeCode({ name: 'session-2.jsonl', lines: other.lines }, store)
      expect(named).toMatchObject({ session: 'session-2', created: true })
      const same = await importClaudeCode({ name: 'session-1.jsonl', lines: other.lines }, store)
      expect(same).toMatchObject({ session: 'session-1', created: false, branches: ['import-1'], added: 2 })
      expect(texts(await store.load('session-1', { branch: 'import-1' }))).toEqual(['Continued'])
      const { main } = await exportClaudeCode(store, 'session-1', { at: 'import-1' })
      expect(main.lines).toEqual(other.lines)
    })
  })
})
