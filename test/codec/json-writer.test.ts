import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { writeJson } from '../../src/codec/json-writer.ts'
import { sessionLayout } from '../../src/codec/layout.ts'
import { marksOf } from '../../src/codec/markers.ts'
import { json, objectOf } from './json-values.ts'

const order = sessionLayout.collections[0]!.order!
const marks = () => marksOf({ stem: 'x', count: 0, files: new Map() })

describe('JSON text', () => {
  test('is the same value with every way of breaking lines', () => {
    const message = fc
      .record({ usage: objectOf(json), parts: json, more: objectOf(json), content: fc.string(), id: json })
      .map(({ more, ...known }) => ({ ...more, ...known }))
    fc.assert(
      fc.property(fc.oneof(json, objectOf(json), message), fc.boolean(), (value, marked) => {
        const read = [true, false].map((compact) => {
          const text = writeJson(value, { compact, order, ...(marked && { marks: marks() }) })
          if (compact) expect(text).not.toContain('\n')
          return JSON.parse(text) as unknown
        })
        if (!marked) expect(read[0]).toEqual(read[1])
      }),
      { numRuns: 1000 },
    )
  })

  test('has a line for what people read, and one for all of what they do not', () => {
    const long = 'x'.repeat(120)
    const value = {
      usage: { inputTokens: 1, outputTokens: 2, more: [long, long] },
      source: { fields: { text: 'two\nlines', list: [long, { a: long }] } },
      content: 'a\nb',
      short: { path: 'a.ts', lines: [1, 2] },
      one: { deep: [{ er: long }] },
      wide: { a: long, b: { c: 1, d: 2 } },
      empty: [{}, []],
    }
    expect(writeJson(value, { order, marks: marks() })).toBe(`{
  "content": {"$lines": [
    "a",
    "b"
  ]},
  "short": {"path": "a.ts", "lines": [1, 2]},
  "one": {"deep": [{"er": "${long}"}]},
  "wide": {
    "a": "${long}",
    "b": {"c": 1, "d": 2}
  },
  "empty": [{}, []],
  "usage": {"inputTokens": 1, "outputTokens": 2, "more": ["${long}", "${long}"]},
  "source": {"fields": {"text": "two\\nlines", "list": ["${long}", {"a": "${long}"}]}}
}`)
  })

  test('has the lines of a text at its own indentation, however deep it is', () => {
    for (let depth = 0; depth < 9; depth++) {
      let value: unknown = { text: 'a\n"b"\u2028', more: 'x'.repeat(120) }
      for (let level = 0; level < depth; level++) value = { in: value, more: 'x'.repeat(120) }
      const lines = writeJson(value, { marks: marks() }).split('\n')
      const indent = ' '.repeat(2 * depth + 2)
      const start = lines.indexOf(`${indent}"text": {"$lines": [`)
      expect(lines.slice(start + 1, start + 4), `${depth}`).toEqual([
        `${indent}  "a",`,
        `${indent}  "\\"b\\"\u2028"`,
        `${indent}]},`,
      ])
    }
  })

  test('is refused where one object stands in many places, and where it holds itself', () => {
    let tower: unknown = 'x'
    for (let n = 0; n < 28; n++) tower = [tower, tower]
    const start = performance.now()
    expect(() => writeJson({ tower, bad: () => 1 })).toThrow()
    const round: unknown[] = []
    round.push(round)
    expect(() => writeJson(round)).toThrow(/levels deep/)
    expect(performance.now() - start).toBeLessThan(60_000)
  })
})
