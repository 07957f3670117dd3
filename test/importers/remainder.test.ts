import fc from 'fast-check'
import { expect, test } from 'vitest'
import { identical, remainderOf, restore } from '../../src/importers/remainder.ts'
import type { JsonObject } from '../../src/json-value.ts'

const key = fc.constantFrom('a', 'b', 'c', 'message', 'content', '__proto__', 'two words', '')
const { json } = fc.letrec<{ json: unknown; object: JsonObject }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, -0, 1, '', 'x'),
    fc.array(tie('json'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(key, tie('json')), { maxLength: 4 })
    .map((entries) => JSON.parse(toJson(entries)) as JsonObject),
}))
const object = json.filter(
  (value): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value),
)
const toJson = (entries: [string, unknown][]) =>
  `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`

test('an object comes back key for key, whatever was known of it', () => {
  fc.assert(
    fc.property(object, object, (actual, known) => {
      const rest = remainderOf(actual, known)
      if (rest !== undefined) expect(identical(restore(rest, known), actual)).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('what is known is not kept a second time', () => {
  const known = { role: 'user', content: [{ type: 'text', text: 'a long story' }] }
  const actual = { content: [{ text: 'a long story', type: 'text', cache: true }], role: 'user', id: 7 }
  expect(remainderOf(actual, known)).toEqual({
    shape: 'content[{text type cache}] role id',
    fields: { content: { 0: { cache: true } }, id: 7 },
  })
})

test('a key that cannot stand in a shape is refused', () => {
  expect(remainderOf({ 'two words': 1 }, {})).toBeUndefined()
  expect(remainderOf(JSON.parse('{"__proto__":1}'), {})).toBeUndefined()
})

test('a shape that does not fit what is known is an error', () => {
  expect(() => restore({ shape: 'a b' }, { a: 1 })).toThrow(TypeError)
  expect(() => restore({ shape: 'a{b' }, {})).toThrow(TypeError)
})
