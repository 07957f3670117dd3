/** Whose turn an entry is in, told by its parent: windows beside each other, copies, queued prompts, and random trees. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exportClaudeCode, importClaudeCode } from '../../src/importers/index.ts'
import { checkSession, type Session } from '../../src/state/index.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import type { SessionStore } from '../../src/store/session-store.ts'
import { roundTripOf, subjects } from './round-trip.ts'
import { STORES } from './stores.ts'
import { call, TranscriptBuilder } from './transcript-builder.ts'

const texts = (state: Session | undefined) => state?.messages.map(({ content }) => content)

describe.each(STORES)('a Claude Code session in a $name store', ({ open }) => {
  const roundTrip = roundTripOf(open)
  const branchesOf = async (store: SessionStore) =>
    Object.fromEntries(
      await Promise.all(
        (await store.branches('session-1')).map(
          async ({ name }): Promise<[string, string[] | undefined]> => [
            name,
            texts(await store.load('session-1', { branch: name })),
          ],
        ),
      ),
    )

  /** Adds entries that hang where they are told to. */
  function at(t: TranscriptBuilder, parent: string | null, add: () => string): string {
    t.parent = parent
    return add()
  }

  test('two windows that write to one file are two branches, however their entries alternate', async () => {
    const t = new TranscriptBuilder()
    t.prompt('Start')
    const ok = t.text('ok')
    const a = at(t, ok, () => t.prompt('A asks'))
    const b = at(t, ok, () => t.prompt('B asks'))
    const toA = at(t, a, () => t.text('to A'))
    const toB = at(t, b, () => t.text('to B'))
    const moreA = at(t, toA, () => t.prompt('A goes on'))
    const moreB = at(t, toB, () => t.prompt('B goes on'))
    at(t, moreA, () => t.text('to A again'))
    at(t, moreB, () => t.text('to B again'))
    const { store } = await roundTrip(t.lines)
    expect(await branchesOf(store)).toEqual({
      main: ['Start', 'ok', 'B asks', 'to B', 'B goes on', 'to B again'],
      'rewind-1': ['Start', 'ok', 'A asks', 'to A', 'A goes on', 'to A again'],
    })
  })

  test('a window that goes on with its tools beside the prompt of another one has a branch of its own', async () => {
    const t = new TranscriptBuilder()
    t.prompt('Go')
    const [a] = t.reply([call('c1')]) as [string]
    const b = t.prompt('B asks')
    const result = at(t, a, () => t.result('c1', 'found'))
    at(t, b, () => t.text('to B'))
    at(t, result, () => t.text('Done'))
    const { store } = await roundTrip(t.lines)
    expect(Object.values(await branchesOf(store)).map((said) => said?.slice(1))).toEqual([
      ['', '', 'Done'],
      ['', 'B asks', 'to B'],
    ])
    expect((await subjects(store, 'session-1')).slice(1)).toEqual(['turn 1: Go', 'turn 2: Go'])
  })

  test('entries that come twice, with the same uuid, start nothing and count no tokens', async () => {
    const t = new TranscriptBuilder()
    t.prompt('One')
    t.text('1')
    t.prompt('Two')
    t.text('2')
    const once = (await roundTrip(t.lines)).state
    const copies = t.entries.map((entry) => ({ ...entry, forkedFrom: { sessionId: 'p' } }))
    for (const entry of [...copies]) t.raw(entry)
    t.prompt('Three')
    const { store, result, state } = await roundTrip(t.lines)
    expect(result).toMatchObject({ branches: ['main'], turns: 3, messages: 5 })
    expect((await subjects(store, 'session-1')).slice(1)).toEqual([
      'turn 1: One',
      'turn 2: Two',
      'turn 3: Three',
    ])
    expect(state.usage).toEqual(once.usage)
    expect(state.runs[1]?.events.map(({ type, subtype }) => [type, subtype])).toEqual([
      ['user', 'copy'],
      ['assistant', 'copy'],
      ['user', 'copy'],
      ['assistant', 'copy'],
    ])
  })

  test('what the user typed while a turn ran is a message of the turn', async () => {
    const queued = (prompt: unknown, more = {}) => ({
      type: 'attachment',
      attachment: { type: 'queued_command', prompt, ...more },
    })
    const t = new TranscriptBuilder()
    t.prompt('Go')
    t.text('Working')
    t.raw({ type: 'queue-operation', operation: 'enqueue', content: 'Leave the database alone' })
    t.node(queued('Leave the database alone', { commandMode: 'prompt' }))
    t.text('I will')
    t.node(queued([{ type: 'text', text: 'And the cache' }]))
    t.node(queued('A task is over', { commandMode: 'task-notification' }))
    const { state, result } = await roundTrip(t.lines)
    expect(result.turns).toBe(1)
    expect(state.messages.map(({ role, content }) => [role, content])).toEqual([
      ['user', 'Go'],
      ['assistant', 'Working'],
      ['user', 'Leave the database alone'],
      ['assistant', 'I will'],
      ['user', 'And the cache'],
    ])
  })
})

/** What one step adds: which of the newest entries it hangs on, and what it is. */
const step = fc.record({
  back: fc.nat(5),
  kind: fc.constantFrom(
    'prompt',
    'prompt',
    'text',
    'text',
    'call',
    'result',
    'progress',
    'copy',
    'raw',
    'queued',
  ),
  orphan: fc.integer({ min: 0, max: 19 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** A transcript whose entries hang on each other at random. */
function grow(steps: readonly Step[]): string[] {
  const t = new TranscriptBuilder('s')
  const nodes: (string | null)[] = [null, t.progress()]
  for (const [index, { back, kind, orphan }] of steps.entries()) {
    t.parent = orphan === 0 ? 'gone' : (nodes[Math.max(0, nodes.length - 1 - back)] ?? null)
    if (kind === 'prompt') nodes.push(t.prompt(`prompt ${index}`))
    else if (kind === 'text') nodes.push(t.text(`text ${index}`))
    else if (kind === 'call') nodes.push(t.reply([call(`c${index}`)]).at(-1) as string)
    else if (kind === 'result') nodes.push(t.result(`c${index - back}`, `result ${index}`))
    else if (kind === 'progress') nodes.push(t.progress())
    else if (kind === 'queued') {
      nodes.push(
        t.node({ type: 'attachment', attachment: { type: 'queued_command', prompt: `queued ${index}` } }),
      )
    } else if (kind === 'raw') t.raw({ type: 'mode', mode: `m${index}` })
    else {
      const from = Math.max(0, t.entries.length - 2 * back)
      for (const entry of t.entries.slice(from, from + back))
        t.raw({ ...entry, forkedFrom: { sessionId: 'p' } })
    }
  }
  return t.lines
}

/** By the last message of each line of turns: all that was said, and what it took. */
async function linesIn(store: SessionStore) {
  const lines = new Map<string, unknown>()
  for (const { name } of await store.branches('s')) {
    const state = (await store.load('s', { branch: name })) as Session
    expect(checkSession(state)).toEqual([])
    const { messages, runs, usage, title } = state
    lines.set(JSON.stringify(runs.filter(({ agent }) => agent === undefined).map(({ id }) => id)), {
      messages,
      runs: runs.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      usage,
      title,
    })
  }
  return lines
}

async function importInto(store: SessionStore, lines: readonly string[]) {
  const source = { name: 's.jsonl', lines }
  const result = await importClaudeCode(source, store)
  expect((await exportClaudeCode(store, 's')).main.lines).toEqual(lines)
  expect(await importClaudeCode(source, store)).toMatchObject({ checkpoints: 0, added: 0 })
  return result
}

describe('random trees', () => {
  const trees = fc.array(step, { minLength: 1, maxLength: 30 }).map(grow)
  const cuts = fc.uniqueArray(fc.nat(30), { maxLength: 4 }).map((all) => all.toSorted((a, b) => a - b))

  test('come back, and are the same in any number of pieces as at once', async () => {
    await fc.assert(
      fc.asyncProperty(trees, cuts, async (lines, ends) => {
        fc.pre(lines.length > 0)
        const whole = new MemorySessionStore()
        const { head } = await importInto(whole, lines)
        const pieces = new MemorySessionStore()
        for (const end of ends.filter((one) => one < lines.length))
          await importInto(pieces, lines.slice(0, end))
        const result = await importInto(pieces, lines)
        expect(await linesIn(pieces)).toEqual(await linesIn(whole))
        const messagesAt = async (store: SessionStore, at: string) =>
          (await store.load('s', { at }))?.messages
        expect(await messagesAt(pieces, result.head)).toEqual(await messagesAt(whole, head))
        expect((await pieces.load('s'))?.messages).toEqual((await whole.load('s'))?.messages)
      }),
      { numRuns: 300 },
    )
  })

  test('an older copy of any length adds nothing', async () => {
    await fc.assert(
      fc.asyncProperty(trees, fc.nat(30), async (lines, end) => {
        fc.pre(lines.length > 0)
        const store = new MemorySessionStore()
        await importInto(store, lines)
        const older = { name: 's.jsonl', lines: lines.slice(0, end) }
        expect(await importClaudeCode(older, store)).toMatchObject({ checkpoints: 0, added: 0, session: 's' })
      }),
      { numRuns: 100 },
    )
  })
})
