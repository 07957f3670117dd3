import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { InvalidIdError, InvalidStateError } from '../../src/errors.ts'
import { without } from '../../src/json-value.ts'
import { newSession } from '../../src/state/index.ts'
import { parseAddition } from '../../src/store/addition/addition.ts'
import { applyPlan, existingIn, planAddition } from '../../src/store/addition/plan.ts'
import {
  checkAddition,
  checkSchema,
  checkShape,
  documentRules,
  redactDocument,
} from '../../src/store/document.ts'
import type { Addition, StoreOptions } from '../../src/store/session-store.ts'

const rules = documentRules()
const session = newSession('s1')

describe('the shape of a document', () => {
  test.each([[null], ['x'], [[]], [new Date()], [new Map()]])('%o is no document', (state) => {
    expect(() => checkShape(state, rules)).toThrow(InvalidStateError)
  })

  test.each([[''], [undefined], [7], ['a\nb']])('%j is no id', (id) => {
    expect(() => checkShape({ ...session, id }, rules)).toThrow(InvalidIdError)
  })

  test('a document of another type is refused, and told where it belongs', () => {
    expect(() => checkShape({ id: 's1', type: 'graph-thread' }, rules)).toThrow(/'graph-thread'.*'session'/s)
    expect(checkShape({ id: 's1', type: 'graph' }, documentRules({ type: 'graph' }))).toBe('s1')
    expect(checkShape({ id: 's1' }, documentRules({ type: 'graph' }))).toBe('s1')
  })

  test('a collection has to be an array', () => {
    expect(() => checkShape({ ...session, runs: {} }, rules)).toThrow(/runs/)
  })
})

describe('the schema', () => {
  test('of sessions is the default, with all issues and their paths', async () => {
    await expect(checkSchema(session, rules)).resolves.toBeUndefined()
    const failure = checkSchema({ ...session, status: 1, messages: [{ id: 'm1' }] }, rules)
    await expect(failure).rejects.toThrow(InvalidStateError)
    await failure.catch(({ issues }: InvalidStateError) => {
      expect(issues.map(({ path }) => path.join('.'))).toEqual(
        expect.arrayContaining(['status', 'messages.0.role', 'messages.0.content']),
      )
    })
  })

  test('may be any Standard Schema, asynchronous too', async () => {
    const schema = z.looseObject({ id: z.string(), n: z.number().refine(async (n) => n > 0) })
    const mine = documentRules({ type: 'counter', schema })
    await expect(checkSchema({ id: 'c', n: 1 }, mine)).resolves.toBeUndefined()
    await expect(checkSchema({ id: 'c', n: 0 }, mine)).rejects.toThrow(InvalidStateError)
    await expect(checkSchema({ id: 'c' }, documentRules({ type: 'counter' }))).resolves.toBeUndefined()
  })

  test('is asked about an addition without the rest, with paths into the document', async () => {
    const at = '2025-01-01T00:00:00.000Z'
    const event = (sequence: number) => ({ sequence, at, type: 'x' })
    const run = { id: 'r1', status: 'running', prompt: '', startedAt: at, events: [event(0), event(1)] }
    const message = { id: 'm1', role: 'user' as const, content: '', createdAt: at }
    const state = newSession('s1', { messages: [message], runs: [run] })
    const check = (addition: Addition) => {
      const plan = planAddition(
        parseAddition(addition, rules.collections),
        existingIn(state, rules.collections),
      )
      return checkAddition(without(applyPlan(state, plan), new Set(rules.collections)), plan, rules)
    }
    await expect(check({ messages: [{ ...message, id: 'm2' }] })).resolves.toBeUndefined()
    await expect(check({ runs: [{ id: 'r1', events: [event(2)] }] })).resolves.toBeUndefined()
    await expect(check({ messages: [{ id: 'm2' }] })).rejects.toThrow(/messages\[1\]\.role/)
    await expect(check({ runs: [{ id: 'r1', events: [{ sequence: 2 }] }] })).rejects.toThrow(
      /runs\[0\]\.events\[2\]\.at/,
    )
    await expect(check({ set: { status: 3 } })).rejects.toThrow(/status/)
    await expect(check({ unset: ['usage'] })).rejects.toThrow(/usage/)
  })
})

test.each<[unknown]>([
  [{ type: '' }],
  [{ type: 'a\nb' }],
  [{ collections: 'messages' }],
  [{ collections: ['id'] }],
  [{ collections: ['set'] }],
  [{ collections: ['a', 'A'] }],
  [{ collections: ['../x'] }],
  [{ redact: 'x' }],
  [{ now: 1 }],
  [{ author: { name: '<>', email: '' } }],
])('the options %j are a TypeError', (options) => {
  expect(() => documentRules(options as StoreOptions)).toThrow(TypeError)
})

test('redact may not change what a document is', () => {
  const mine = documentRules({ redact: (value) => (value === 's1' ? '***' : value) })
  expect(() => redactDocument(session, mine)).toThrow(InvalidStateError)
  expect(redactDocument({ ...session, id: 's2', title: 's1' }, mine)).toMatchObject({ title: '***' })
})
