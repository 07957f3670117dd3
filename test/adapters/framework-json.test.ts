/** What frameworks hand over, as JSON: held against `JSON.stringify`. */
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toJson } from '../../src/adapters/framework-json.ts'
import { InvalidStateError } from '../../src/index.ts'

class Money {
  amount = 5
  get double() {
    return 2 * this.amount
  }
}
class Row {
  toJSON(key: string) {
    return { row: key }
  }
}

const VALUES: Readonly<Record<string, unknown>> = {
  date: { at: new Date(0) },
  'an invalid date': { at: new Date(Number.NaN) },
  'numbers that are none': [Number.NaN, Number.POSITIVE_INFINITY, 1e21],
  'undefined in a list': [undefined, 1],
  'undefined in an object': { a: undefined, b: 1 },
  functions: { f: () => 1, list: [() => 1, Symbol('s')] },
  url: { url: new URL('https://example.org/x?y') },
  'a map and a set': [new Map([['a', 1]]), new Set([1])],
  bytes: { bytes: new Uint8Array([1, 2]), buffer: Buffer.from('ab'), raw: new ArrayBuffer(2) },
  'an instance': { price: new Money() },
  'an instance with toJSON': { a: new Row(), list: [new Row()] },
  wrappers: [new String('a'), new Number(1), new Boolean(false)],
  'an error': new Error('no'),
  'a regular expression': /x/,
  'an object of another realm': runInNewContext('({ a: [1, { b: new Date(0) }] })'),
  'an object without a prototype': Object.assign(Object.create(null), { a: new Date(0) }),
  'a sparse list': Object.assign([], { 2: 'x' }),
  'keys in their order': { b: 1, a: new Date(0), 10: 1, 2: 1 },
}

describe('what is handed over', () => {
  test.each(Object.keys(VALUES))('is what JSON makes of it: %s', (name) => {
    const value = VALUES[name]
    const before = JSON.stringify(value)
    const json = toJson(value)
    expect(JSON.stringify(json)).toBe(before)
    expect(json).toStrictEqual(JSON.parse(before))
  })

  test('is nothing where JSON has nothing', () => {
    expect([toJson(undefined), toJson(() => 1), toJson(Symbol('s'))]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('is what JSON makes of anything, but for -0', () => {
    const any = fc.anything({
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withObjectString: false,
    })
    fc.assert(
      fc.property(any, (value) => {
        expect(JSON.stringify(toJson(value))).toBe(JSON.stringify(value))
      }),
    )
    expect(toJson([-0, new Date(0)])).toEqual([-0, '1970-01-01T00:00:00.000Z'])
  })

  test('shares nothing with what it was made of', () => {
    for (const value of [{ list: [1] }, { list: [1], at: new Date(0) }]) {
      const json = toJson(value) as { list: number[] }
      value.list.push(2)
      expect(json.list).toEqual([1])
    }
  })

  test('keeps a key called __proto__', () => {
    const value = JSON.parse('{"__proto__":{"a":1},"b":[]}')
    value.b.push(new Date(0))
    expect(JSON.stringify(toJson(value))).toBe('{"__proto__":{"a":1},"b":["1970-01-01T00:00:00.000Z"]}')
  })
})

describe('what cannot be JSON', () => {
  const circle: Record<string, unknown> = { at: new Date(0) }
  circle.self = { circle }
  let deep: unknown = new Date(0)
  for (let depth = 0; depth < 20_000; depth++) deep = [deep]
  test.each([
    ['a bigint', { a: { n: 1n } }, ['m', 'a', 'n']],
    ['what holds itself', circle, ['m', 'self', 'circle']],
    ['what is too deep', deep, ['m', 0, 0, 0, 0, 0, 0, 0, 0]],
    [
      'a getter that throws',
      {
        get a() {
          throw new Error('not loaded')
        },
        at: new Date(0),
      },
      ['m', 'a'],
    ],
  ])('is refused, with the path: %s', (_, value, path) => {
    let error: unknown
    try {
      toJson(value, ['m'])
    } catch (cause) {
      error = cause
    }
    expect(error).toBeInstanceOf(InvalidStateError)
    expect((error as InvalidStateError).issues[0]!.path).toEqual(path)
  })

  test('an object that stands in many places of another does not unfold', () => {
    let value: unknown = { at: new Date(0) }
    for (let depth = 0; depth < 60; depth++) value = [value, value]
    const json = toJson(value) as unknown[]
    expect(json[0]).toBe(json[1])
  })
})
