import { expect, test } from 'vitest'
import { NotFoundError } from '../../src/errors.ts'
import type { ListOptions, SessionSummary } from '../../src/store/session-store.ts'
import { checkListOptions, pageOf, summarize } from '../../src/store/summary.ts'

const head = { id: 'a'.repeat(40), createdAt: '2025-01-01T00:00:00.000Z' }
const one = (id: string, updatedAt: string, type = 'session'): SessionSummary => ({
  ...summarize({ id, type, activeBranch: 'main' }, { ...head, createdAt: updatedAt }, {}, 0),
})
const all = [one('b', '2'), one('a', '2'), one('ab', '3'), one('c', '1', 'graph')]
const ids = (options?: ListOptions) => pageOf(all, options).map(({ id }) => id)

test('newest first, then by id', () => {
  expect(ids()).toEqual(['ab', 'a', 'b', 'c'])
  expect(ids({ order: 'id' })).toEqual(['a', 'ab', 'b', 'c'])
})

test('filtered by prefix and type', () => {
  expect(ids({ prefix: 'a' })).toEqual(['ab', 'a'])
  expect(ids({ type: 'graph' })).toEqual(['c'])
})

test('page after page', () => {
  expect(ids({ limit: 2 })).toEqual(['ab', 'a'])
  expect(ids({ limit: 2, after: 'a' })).toEqual(['b', 'c'])
  expect(ids({ order: 'id', after: 'aa', limit: 1 })).toEqual(['ab'])
  expect(ids({ order: 'id', after: 'zz' })).toEqual([])
  expect(() => ids({ after: 'gone' })).toThrow(NotFoundError)
})

test('a document tells its own time of creation, if it has one', () => {
  const fields = { createdAt: '2024-01-01T00:00:00.000Z', title: 'T', status: 7 }
  expect(summarize({ id: 's', type: 'session', activeBranch: 'main' }, head, fields, 3)).toEqual({
    id: 's',
    type: 'session',
    title: 'T',
    status: undefined,
    activeBranch: 'main',
    head: head.id,
    messages: 3,
    createdAt: '2024-01-01T00:00:00.000Z',
    updatedAt: head.createdAt,
  })
})

test.each([[{ order: 'name' }], [{ prefix: 1 }], [{ limit: -1 }], [{ after: null }]])(
  'the options %j are a TypeError',
  (options) => {
    expect(() => checkListOptions(options as unknown as ListOptions)).toThrow(TypeError)
  },
)
