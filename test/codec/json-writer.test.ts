import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { writeByHand, writeJson } from '../../src/codec/json-writer.ts'
import { sessionLayout } from '../../src/codec/layout.ts'
import { marksOf } from '../../src/codec/markers.ts'
import { json, objectOf } from './json-values.ts'

const order = sessionLayout.collections[0]!.order!

describe('the quick way to write JSON', () => {
  test('gives the same bytes as the long one, whatever the value', () => {
    const message = fc
      .record({ usage: objectOf(json), parts: json, more: objectOf(json), content: fc.string(), id: json })
      .map(({ more, ...known }) => ({ ...more, ...known }))
    fc.assert(
      fc.property(
        fc.oneof(json, objectOf(json), message),
        fc.boolean(),
        fc.boolean(),
        (value, compact, marked) => {
          const [one, other] = [writeJson, writeByHand].map((write) => {
            const files = new Map<string, Uint8Array>()
            const marks = marksOf({ stem: 'x', count: 0, files }, !compact)
            return [write(value, { compact, order, ...(marked && { marks }) }), [...files.keys()]]
          })
          expect(one).toEqual(other)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('gives up where one object stands in many places, and where it holds itself', () => {
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
