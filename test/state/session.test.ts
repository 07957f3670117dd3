import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import {
  checkDocument,
  checkMessage,
  checkRun,
  checkSession,
  eventSchema,
  newMessage,
  newRun,
  newSession,
} from '../../src/state/index.ts'

const at = '2025-01-01T00:00:00.000Z'
const now = Date.parse(at)
const event = (sequence: number) => ({ sequence, at, type: 'note' })

describe('a session', () => {
  test('made new is valid, with or without fields of its own', () => {
    expect(checkSession(newSession('s1'))).toEqual([])
    const session = newSession('s1', { title: 'A title', anything: [1] }, now)
    expect(checkSession(session)).toEqual([])
    expect(session).toMatchObject({
      createdAt: at,
      updatedAt: at,
      title: 'A title',
      anything: [1],
      messages: [],
    })
  })

  test('may carry unknown keys at every level', () => {
    const session = newSession('s1', {
      x: 1,
      config: { x: 1 },
      usage: { x: 'many' },
      parent: { session: 's0', checkpoint: 'c', x: 1 },
      messages: [newMessage('user', 'hi', { x: 1, usage: { x: 1 }, parts: [{ type: 'x-new', x: 1 }] })],
      runs: [newRun('hi', { x: 1, events: [{ ...event(0), x: 1 }] })],
    })
    expect(checkSession(session)).toEqual([])
  })

  test.each([
    'schemaVersion',
    'type',
    'id',
    'status',
    'createdAt',
    'updatedAt',
    'config',
    'usage',
    'metadata',
    'messages',
    'runs',
  ])('without %s is refused, with the path', (key) => {
    const { [key]: _, ...rest } = newSession('s1')
    expect(checkSession(rest).map(({ path }) => path)).toEqual([[key]])
  })

  test.each([
    ['schemaVersion', 2],
    ['type', 'thread'],
    ['id', ''],
    ['status', ''],
    ['createdAt', 'yesterday'],
    ['config', []],
    ['metadata', 'text'],
    ['messages', {}],
    ['runs', null],
    ['title', 1],
  ])('whose %s is %j is refused', (key, value) => {
    expect(checkSession({ ...newSession('s1'), [key]: value }).map(({ path }) => path)).toEqual([[key]])
  })

  test('may have any status', () => {
    expect(checkSession(newSession('s1', { status: 'waiting for the moon' }))).toEqual([])
  })

  test('with negative usage is refused', () => {
    expect(checkSession(newSession('s1', { usage: { inputTokens: -1 } })).map(({ path }) => path)).toEqual([
      ['usage', 'inputTokens'],
    ])
  })

  test('with two messages or two runs of one id is refused, at the second', () => {
    const session = newSession('s1', {
      messages: [newMessage('user', 'a', { id: 'm' }), newMessage('user', 'b', { id: 'm' })],
      runs: [newRun('a', { id: 'r' }), newRun('b', { id: 'x' }), newRun('c', { id: 'r' })],
    })
    expect(checkSession(session)).toEqual([
      { path: ['messages', 1, 'id'], message: "'m' is already the id of item 0" },
      { path: ['runs', 2, 'id'], message: "'r' is already the id of item 0" },
    ])
  })
})

describe('a message', () => {
  test('is checked alone, with paths that start where it will stand', () => {
    expect(checkMessage(newMessage('tool', ''))).toEqual([])
    const { content: _, ...rest } = newMessage('user', '')
    expect(checkMessage(rest, ['messages', 7]).map(({ path }) => path)).toEqual([['messages', 7, 'content']])
    expect(checkMessage({ ...newMessage('user', ''), role: 'wizard' }).map(({ path }) => path)).toEqual([
      ['role'],
    ])
    expect(checkMessage(newMessage('user', '', { parts: [{} as never] })).map(({ path }) => path)).toEqual([
      ['parts', 0, 'type'],
    ])
  })

  test('may be dated with an offset', () => {
    expect(checkMessage(newMessage('user', '', { createdAt: '2025-03-01T08:00:01.123456+05:30' }))).toEqual(
      [],
    )
  })
})

describe('a run', () => {
  test('has events whose sequence counts up, gaps allowed', () => {
    expect(checkRun(newRun('go', { events: [event(0), event(1), event(7)] }))).toEqual([])
    const issues = checkRun(newRun('go', { events: [event(0), event(3), event(3)] }), ['runs', 0])
    expect(issues.map(({ path }) => path)).toEqual([['runs', 0, 'events', 2, 'sequence']])
  })

  test('has events that are checked alone too', async () => {
    expect(await checkDocument(eventSchema, event(0))).toEqual([])
    const issues = await checkDocument(eventSchema, { ...event(-1), type: '' }, ['e'])
    expect(issues.map(({ path }) => path)).toEqual([
      ['e', 'sequence'],
      ['e', 'type'],
    ])
    const [broken] = await checkDocument(eventSchema, event(0.5))
    expect(broken?.path).toEqual(['sequence'])
  })
})

describe('a document of any Standard Schema', () => {
  const schema = z.looseObject({ id: z.string() })

  test('is checked at once when the schema is synchronous', () => {
    expect(checkDocument(schema, { id: 'a' })).toEqual([])
    expect(checkDocument(schema, { id: 1 }, ['doc'])).toMatchObject([{ path: ['doc', 'id'] }])
  })

  test('is checked later when the schema is asynchronous', async () => {
    const later = schema.refine(async ({ id }) => id !== 'taken', { path: ['id'], message: 'is taken' })
    const issues = checkDocument(later, { id: 'taken' })
    expect(issues).toBeInstanceOf(Promise)
    expect(await issues).toEqual([{ path: ['id'], message: 'is taken' }])
  })

  test('gets its paths from path segments as well as from keys', () => {
    const foreign = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => ({ issues: [{ message: 'no', path: [{ key: 'a' }, 0, Symbol('s')] }] }),
      },
    } as const
    expect(checkDocument(foreign, {})).toEqual([{ path: ['a', 0, 'Symbol(s)'], message: 'no' }])
  })
})
