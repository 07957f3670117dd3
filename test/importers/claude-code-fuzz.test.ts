import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exportClaudeCode, importClaudeCode } from '../../src/importers/index.ts'
import { checkSession, type Session } from '../../src/state/index.ts'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'

const odd = fc.oneof(
  fc.constantFrom(null, true, 0, 1.5, '', 'line-1', 'start', '\ud800', '2025-11-03T09:12:26.218Z'),
  fc.constantFrom([], {}, [1], { type: 'text' }, { 'two words': 1 }, { a: { b: [{}] } }),
)
const text = fc.constantFrom(
  'Go',
  '',
  'two\nlines',
  '[Request interrupted by user]',
  '<command-name>/x</command-name>',
)
const uuid = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const callId = fc.constantFrom('c1', 'c2')
const mostly = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 15, arbitrary: usual }, { weight: 1, arbitrary: odd })
const some = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(Object.fromEntries(Object.entries(fields).map(([key, usual]) => [key, mostly(usual)])), {
    requiredKeys: [],
  })

const block = fc.oneof(
  some({ type: fc.constant('text'), text }),
  some({ type: fc.constant('thinking'), thinking: text, signature: fc.constant('s') }),
  some({ type: fc.constant('tool_use'), id: callId, name: fc.constant('Bash'), input: odd }),
  some({
    tool_use_id: callId,
    type: fc.constant('tool_result'),
    content: fc.oneof(text, fc.array(some({ type: fc.constant('text'), text }), { maxLength: 2 })),
    is_error: fc.boolean(),
  }),
)
const entry = some({
  parentUuid: fc.oneof(uuid, fc.constant(null)),
  isSidechain: fc.boolean(),
  type: fc.constantFrom('user', 'user', 'assistant', 'assistant', 'system', 'progress', 'summary'),
  message: some({
    id: fc.constantFrom('m1', 'm2'),
    role: fc.constantFrom('user', 'assistant'),
    content: fc.oneof(text, fc.array(block, { maxLength: 3 })),
    usage: some({ input_tokens: fc.nat(9), output_tokens: fc.nat(9), cache_read_input_tokens: fc.nat(9) }),
  }),
  isMeta: fc.boolean(),
  agentId: fc.constant('x'),
  toolUseResult: odd,
  uuid,
  timestamp: fc.constantFrom('2025-11-03T09:00:00.000Z', '2025-11-03T09:00:01Z'),
})
const line = fc.oneof(
  { weight: 20, arbitrary: entry.map((value) => JSON.stringify(value)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('{"a":-0}', '12', '{"cut', 'null', '{"__proto__":{"type":"user"}}'),
  },
)

const said = (state: Session | undefined) =>
  state?.messages.map(({ id, role, content, parts }) => ({ id, role, content, parts }))

test('whatever the lines say, and wherever the file was cut before, they come back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.nat(13), async (rest, cut) => {
      const lines = ['{"type":"mode","mode":"plan"}', ...rest]
      const store = new MemorySessionStore()
      for (const part of [lines.slice(0, cut), lines]) {
        const source = { name: 's.jsonl', lines: part }
        const { session } = await importClaudeCode(source, store, { sessionId: 's' })
        expect((await exportClaudeCode(store, session)).main.lines).toEqual(part)
        expect(await importClaudeCode(source, store, { sessionId: 's' })).toMatchObject({ checkpoints: 0 })
        for (const { name } of await store.branches(session)) {
          expect(checkSession(await store.load(session, { branch: name }))).toEqual([])
        }
      }
      const whole = new MemorySessionStore()
      await importClaudeCode({ name: 's.jsonl', lines }, whole, { sessionId: 's' })
      expect(said(await store.load('s'))).toEqual(said(await whole.load('s')))
    }),
    { numRuns: 400 },
  )
})
