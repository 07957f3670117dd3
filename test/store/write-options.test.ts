import { describe, expect, test } from 'vitest'
import { InvalidIdError } from '../../src/errors.ts'
import { parseCount, parseTime, parseWriteOptions } from '../../src/store/options/write-options.ts'
import type { WriteOptions } from '../../src/store/session-store.ts'

describe('the options of a save', () => {
  test('have defaults', () => {
    expect(parseWriteOptions()).toEqual({
      branch: undefined,
      subject: undefined,
      body: undefined,
      author: undefined,
      at: undefined,
      key: undefined,
      tag: undefined,
      expected: undefined,
      allowEmpty: false,
      kind: 'save',
      trailers: {},
    })
  })

  test('come out clean', () => {
    const parsed = parseWriteOptions({
      subject: ' one\nline \u001b',
      body: 'a\r\nb\n',
      author: { name: ' A <B>\n', email: '<a@b>' },
      at: '2025-01-01T01:00:00+01:00',
      expected: 'any',
    })
    expect(parsed).toMatchObject({
      subject: 'one line',
      body: 'a\nb',
      author: { name: 'A B', email: 'a@b' },
      at: Date.UTC(2025, 0, 1),
      expected: 'any',
    })
    expect(parseWriteOptions({ subject: ' \n ' }).subject).toBeUndefined()
  })

  test.each<[object]>([
    [{ subject: 1 }],
    [{ body: null }],
    [{ author: 'me' }],
    [{ author: { name: 'x' } }],
    [{ at: 'yesterday' }],
    [{ at: '2025-01-01T00:00:00' }],
    [{ at: new Date(Number.NaN) }],
    [{ at: -1 }],
    [{ at: 8.64e15 }],
    [{ at: true }],
    [{ key: '' }],
    [{ key: 'k'.repeat(1001) }],
    [{ expected: 'main' }],
    [{ expected: 'ABC' }],
    [{ allowEmpty: 1 }],
    [{ kind: 'fork' }],
    [{ trailers: { 'a b': 'x' } }],
    [{ trailers: { a: 1 } }],
    [{ trailers: 'x' }],
  ])('%j is a TypeError', (options) => {
    expect(() => parseWriteOptions(options as WriteOptions)).toThrow(TypeError)
  })

  test('name branches and tags that can be', () => {
    expect(() => parseWriteOptions({ branch: 'a~1' })).toThrow(InvalidIdError)
    expect(() => parseWriteOptions({ tag: '' })).toThrow(InvalidIdError)
  })
})

test('a time is a date, ISO text with its zone, or milliseconds', () => {
  expect(parseTime(new Date(5))).toBe(5)
  expect(parseTime(5.9)).toBe(5)
  expect(parseTime('1970-01-02')).toBe(86_400_000)
  expect(parseTime('9999-12-31T23:59:59.999Z')).toBe(Date.UTC(9999, 11, 31, 23, 59, 59, 999))
})

test('a count is a whole number or all there are', () => {
  expect(parseCount('limit', undefined)).toBeUndefined()
  expect(parseCount('limit', 0)).toBe(0)
  expect(parseCount('limit', Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
  for (const wrong of [-1, 1.5, '3', Number.NaN, null])
    expect(() => parseCount('limit', wrong)).toThrow(TypeError)
})
