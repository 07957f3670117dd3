/** Files that nobody's tool writes: cut anywhere, of wrong types, with ids twice and circles. Nothing may be lost. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ForkpointError } from '../../src/errors.ts'
import { ofBytes } from '../../src/importers/byte-source.ts'
import { exportSession, IMPORTERS, importSession } from '../../src/importers/index.ts'
import { checkSession } from '../../src/state/index.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import { SAMPLES, type ToolSample } from './samples.ts'

const odd = fc.constantFrom<unknown>(
  null,
  true,
  0,
  -1,
  1e20,
  '',
  'a',
  'c1',
  '\ud800',
  [],
  {},
  [null],
  [{}],
  { a: { b: [] } },
  '__proto__',
  [[[]]],
)

/** Keys to walk down, and what to put there: `undefined` takes it away. */
const change = fc.record({
  at: fc.nat(50),
  way: fc.array(fc.nat(6), { maxLength: 6 }),
  value: fc.oneof(odd, fc.constant(undefined)),
})

function changed(
  entries: readonly string[],
  { at, way, value }: { at: number; way: readonly number[]; value: unknown },
): string[] {
  const index = at % entries.length
  const entry = JSON.parse(entries[index] as string)
  let inner = entry
  for (const step of way) {
    const keys = Object.keys(inner)
    const key = keys[step % Math.max(1, keys.length)]
    if (key === undefined) break
    if (typeof inner[key] !== 'object' || inner[key] === null || step === way.at(-1)) {
      if (value === undefined && !Array.isArray(inner)) delete inner[key]
      else inner[key] = value ?? null
      break
    }
    inner = inner[key]
  }
  return entries.map((one, n) => (n === index ? JSON.stringify(entry) : one))
}

const linesOf = ({ document }: ToolSample, entries: readonly string[]): string[] =>
  document === undefined ? [...entries] : document(entries).replace(/\n$/, '').split('\n')

async function survives({ tool, name }: ToolSample, lines: readonly string[]): Promise<void> {
  const store = new MemorySessionStore()
  const source = { name, lines }
  const result = await importSession(tool, source, store, {
    sessionId: 's',
    redact: false,
    now: () => 0,
  }).catch((error) => error)
  if (result instanceof ForkpointError) return
  if (result instanceof Error) throw result
  for (const { name: branch } of await store.branches('s')) {
    expect(checkSession(await store.load('s', { branch }))).toEqual([])
  }
  const { main } = await exportSession(tool, store, 's')
  // A lone surrogate is no text.
  expect(main.bytes()).toEqual(Buffer.from(`${lines.join('\n')}\n`))
  const again = await importSession(tool, source, store, { sessionId: 's', redact: false, now: () => 0 })
  expect([again.checkpoints, again.added]).toEqual([0, 0])
}

test.each(SAMPLES)(
  '$tool.name, $name: entries of wrong types, twice and in another order come back',
  async (sample) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.nat(30),
        fc.boolean(),
        async (changes, moved, twice) => {
          let entries = [...sample.entries]
          for (const one of changes) entries = changed(entries, one)
          const [taken] = entries.splice(moved % entries.length, twice ? 0 : 1)
          const again = twice ? entries[moved % entries.length] : taken
          if (again !== undefined) entries.push(again)
          let lines: string[]
          try {
            lines = linesOf(sample, entries)
          } catch {
            return
          }
          await survives(sample, lines)
        },
      ),
      { numRuns: 60 },
    )
  },
)

test.each(SAMPLES)(
  '$tool.name, $name: a file that was cut anywhere is imported or refused, and is no other error',
  async (sample) => {
    const text = linesOf(sample, sample.entries).join('\n')
    for (let end = 1; end < text.length; end += Math.ceil(text.length / 40)) {
      const store = new MemorySessionStore()
      const cut = text.slice(0, end).trimEnd()
      const source = { name: sample.name, lines: cut.split('\n') }
      try {
        await importSession(sample.tool, source, store, { sessionId: 's', redact: false, now: () => 0 })
        expect((await exportSession(sample.tool, store, 's')).main.bytes().toString()).toBe(`${cut}\n`)
      } catch (error) {
        if (!(error instanceof ForkpointError)) throw error
      }
    }
  },
)

test('every tool is damaged here, so a new one needs a sample', () => {
  const tested = new Set(SAMPLES.map(({ tool }) => tool.name))
  expect(IMPORTERS.filter(({ name }) => !tested.has(name))).toEqual([])
})

test.each(SAMPLES)(
  '$tool.name, $name: bytes that are anything, and a file of another tool, are imported or refused, and nothing else',
  async ({ tool, name, ...sample }) => {
    const whole = Buffer.from(linesOf({ tool, name, ...sample }, sample.entries).join('\n'))
    const noise = fc.record({
      at: fc.nat(whole.length),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 30 }),
    })
    await fc.assert(
      fc.asyncProperty(noise, fc.boolean(), async ({ at, bytes }, replaces) => {
        const damaged = Buffer.concat([
          whole.subarray(0, at),
          bytes,
          whole.subarray(replaces ? at + bytes.length : at),
        ])
        const store = new MemorySessionStore()
        const options = { sessionId: 's', redact: false, now: () => 0 } as const
        const result = await importSession(tool, ofBytes(name, damaged), store, options).catch(
          (error) => error,
        )
        if (result instanceof ForkpointError) return
        if (result instanceof Error) throw result
        for (const { name: branch } of await store.branches('s'))
          expect(checkSession(await store.load('s', { branch }))).toEqual([])
        expect((await importSession(tool, ofBytes(name, damaged), store, options)).added).toBe(0)
      }),
      { numRuns: 40 },
    )
    for (const other of SAMPLES) {
      const lines = linesOf(other, other.entries)
      const result = await importSession(tool, { name, lines }, new MemorySessionStore(), {
        redact: false,
        now: () => 0,
      })
        .then(() => undefined)
        .catch((error: unknown) => error)
      if (result !== undefined && !(result instanceof ForkpointError)) throw result
    }
  },
)

test('a circle of parents, and one that is its own, end', async () => {
  const pi = SAMPLES.find(({ tool }) => tool.name === 'pi')!
  const circle = [
    pi.entries[0]!,
    ...[
      ['a', 'c'],
      ['b', 'a'],
      ['c', 'b'],
      ['d', 'd'],
      ['e', 'd'],
    ].map(([id, parentId]) =>
      JSON.stringify({ type: 'message', id, parentId, message: { role: 'user', content: 'Go' } }),
    ),
  ]
  await survives(pi, circle)
  const moatless = SAMPLES.find(({ tool }) => tool.name === 'moatless')!
  const nodes = [
    [1, 2],
    [2, 1],
    [3, 3],
  ].map(([id, parent]) => JSON.stringify({ node_id: id, parent_id: parent, message: 'Go' }))
  await survives(moatless, linesOf(moatless, nodes))
})

/** What `lines` entries of Claude Code look like, each with the one that its parent is. */
const SHAPES: Record<string, (n: number) => { type: string; uuid: number; parent: number | null }> = {
  'an answer of one turn': (n) => ({ type: n === 1 ? 'user' : 'assistant', uuid: n, parent: n - 1 || null }),
  'a copy of the same entry': (n) => ({
    type: n === 1 ? 'user' : 'assistant',
    uuid: Math.min(n, 2),
    parent: n > 1 ? 1 : null,
  }),
  'an attachment whose parent comes later': (n) => ({ type: 'attachment', uuid: n, parent: n + 1 }),
  'a prompt without a parent, or its answer': (n) => ({
    type: n % 2 === 1 ? 'user' : 'assistant',
    uuid: n,
    parent: null,
  }),
  'a part of a circle': (n) => ({ type: 'assistant', uuid: n, parent: (n % 200) + 1 }),
}

test.each(Object.entries(SHAPES))(
  'hundreds of lines of Claude Code, each %s, come back',
  async (_, shape) => {
    const claude = SAMPLES.find(({ tool }) => tool.name === 'claude-code')!
    const lines = Array.from({ length: 400 }, (_, index) => {
      const { type, uuid, parent } = shape(index + 1)
      const message =
        type === 'user'
          ? { role: 'user', content: `Go ${index}` }
          : { id: `m${uuid}`, role: 'assistant', content: [{ type: 'text', text: 'Yes' }] }
      return JSON.stringify({
        type,
        uuid: `u${uuid}`,
        parentUuid: parent === null ? null : `u${parent}`,
        sessionId: 's',
        timestamp: new Date(index * 1000).toISOString(),
        ...(type === 'attachment' ? {} : { message }),
      })
    })
    await survives(claude, lines)
  },
)
