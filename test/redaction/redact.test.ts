import { expect, test } from 'vitest'
import { redactInside, redactValue } from '../../src/redaction/redact.ts'

test('every container and every leaf is seen once, from the outside in', () => {
  const seen: string[] = []
  redactInside({ a: [1, { b: 'x' }], c: null }, (value, path) => {
    seen.push(path.join('.'))
    return value
  })
  expect(seen).toEqual(['a', 'a.0', 'a.1', 'a.1.b', 'c'])
})

test('what is removed leaves no key, and null in an array', () => {
  const gone = (value: unknown) => (value === 'secret' ? undefined : value)
  const value = { a: 'secret', b: ['secret', 'x'], c: { d: 'secret' } }
  expect(redactInside(value, gone)).toStrictEqual({ b: [null, 'x'], c: {} })
  expect(value).toEqual({ a: 'secret', b: ['secret', 'x'], c: { d: 'secret' } })
  expect(redactValue('secret', gone, [])).toBeUndefined()
})

test('what takes the place of a container is walked on', () => {
  const redact = (value: unknown, path: readonly (string | number)[]) =>
    path.join('.') === 'a' ? { inner: 'secret' } : value === 'secret' ? '***' : value
  expect(redactInside({ a: { big: 'secret' } }, redact)).toEqual({ a: { inner: '***' } })
})

test('what nothing is removed from stays the same object', () => {
  const value = { a: [{ b: 1 }], c: -0 }
  expect(redactInside(value, (inner) => inner)).toBe(value)
})

test('a key called __proto__ survives', () => {
  const value = JSON.parse('{"__proto__": {"a": "secret"}}')
  const kept = redactInside(value, (inner) => (inner === 'secret' ? '***' : inner)) as object
  expect(JSON.stringify(kept)).toBe('{"__proto__":{"a":"***"}}')
})
