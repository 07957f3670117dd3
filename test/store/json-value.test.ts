import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deepCopy, deepEqual, isCopyOf, isJsonObject, without } from '../../src/json-value.ts'

test('a copy is equal and shares nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const copy = deepCopy(value)
      expect(deepEqual(copy, value)).toBe(true)
      if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value)
    }),
  )
})

test('equality looks at values, not at the order of keys', () => {
  expect(deepEqual({ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 })).toBe(true)
  expect(deepEqual([1, 2], [2, 1])).toBe(false)
  expect(deepEqual({ a: 1 }, { b: 1 })).toBe(false)
  expect(deepEqual({ a: undefined }, {})).toBe(false)
  expect(deepEqual([], {})).toBe(false)
  expect(deepEqual(null, {})).toBe(false)
})

test('minus zero is not zero', () => {
  expect(deepEqual(-0, 0)).toBe(false)
  expect(Object.is(deepCopy({ a: -0 }).a, -0)).toBe(true)
})

test('a key called __proto__ is a key like any other', () => {
  const value = JSON.parse('{"__proto__": {"a": 1}, "b": 2}')
  expect(JSON.stringify(deepCopy(value))).toBe('{"__proto__":{"a":1},"b":2}')
  expect(deepEqual(value, { b: 2, c: 3 })).toBe(false)
  expect(JSON.stringify(without(value, new Set(['b'])))).toBe('{"__proto__":{"a":1}}')
})

test('only plain objects are documents', () => {
  expect(isJsonObject({})).toBe(true)
  expect(isJsonObject(Object.create(null))).toBe(true)
  for (const other of [null, [], new Date(), new Map(), 'x', 1]) expect(isJsonObject(other)).toBe(false)
})

test('a value is its copy as long as it would be written the same', () => {
  const value = (): Record<string, unknown> => ({ a: [1, { b: 0 }], c: {}, d: undefined, 1: 'x' })
  expect(isCopyOf(value(), deepCopy(value()))).toBe(true)
  const others = [
    { ...value(), d: 1 },
    { ...value(), a: [1, { b: -0 }] },
    { ...value(), a: [1] },
    { ...value(), a: Object.assign(new Array(2), { 1: { b: 0 } }) },
    { ...value(), c: new Date() },
    { ...value(), c: [] },
    { c: {}, a: [1, { b: 0 }], 1: 'x' },
    { a: [1, { b: 0 }], 1: 'x' },
    null,
    [],
  ]
  for (const other of others) expect(isCopyOf(other, deepCopy(value()))).toBe(false)
  expect(isCopyOf(JSON.parse('{"__proto__":{}}'), deepCopy({}))).toBe(false)
  expect(isCopyOf([], deepCopy({}))).toBe(false)
})
