import { describe, expect, test } from 'vitest'
import { InvalidStateError } from '../../src/errors.ts'
import { parseAddition } from '../../src/store/addition/addition.ts'
import { CleanAddition, type OtherPlaces } from '../../src/store/addition/clean-addition.ts'
import { applyPlan, existingIn, isEmptyPlan, planAddition, touch } from '../../src/store/addition/plan.ts'
import type { Addition, Redact } from '../../src/store/session-store.ts'

const collections = ['messages', 'runs']
const AT = '2025-02-01T00:00:00.000Z'
const event = (sequence: number) => ({ sequence, at: AT, type: 'token' })
const state = {
  type: 'session',
  id: 's1',
  status: 'idle',
  title: 'first',
  updatedAt: '2025-01-01T00:00:00.000Z',
  messages: [
    { id: 'm1', content: 'one' },
    { id: 'm2', content: 'two' },
  ],
  runs: [{ id: 'r1', status: 'running', prompt: 'go', events: [event(0), event(1)] }],
}
const plan = (addition: Addition) =>
  planAddition(parseAddition(addition, collections), existingIn(state, collections))
const apply = (addition: Addition, to: object = structuredClone(state)) =>
  applyPlan(to as typeof state, touch(plan(addition), AT)) as typeof state
/** As a write does it: the places become known under the locks. */
const cleanPlan = async (addition: Addition, redact: Redact, to: typeof state = state) => {
  const clean = new CleanAddition(parseAddition(addition, collections), redact)
  const existing = existingIn(to, collections)
  try {
    clean.at(existing)
  } catch (error) {
    await clean.redact((error as OtherPlaces).places)
  }
  return planAddition(clean.at(existing), existing)
}
const replaced = (addition: Addition) => plan(addition).items.map(({ replaces }) => replaces)
const issuesOf = (addition: Addition) => {
  try {
    apply(addition)
  } catch (error) {
    if (error instanceof InvalidStateError) return error.issues.map(({ path }) => path)
    throw error
  }
  throw new Error('was not refused')
}

describe('an addition', () => {
  test('puts new items at the end and touches updatedAt', () => {
    const next = apply({ messages: [{ id: 'm3', content: 'three' }, { content: 'without an id' }] })
    expect(next.messages.slice(2)).toEqual([{ id: 'm3', content: 'three' }, { content: 'without an id' }])
    expect(next.updatedAt).toBe(AT)
  })

  test('leaves what it is given as it was, and shares what did not change', () => {
    const before = Object.freeze({ ...state, messages: Object.freeze(state.messages) })
    const addition = { messages: [{ id: 'm2', content: '2' }], runs: [{ id: 'r1', events: [event(2)] }] }
    const next = apply(addition, before)
    expect(before).toEqual(state)
    expect(next.messages[0]).toBe(state.messages[0])
    expect(next.runs[0]!.events[0]).toBe(state.runs[0]!.events[0])
  })

  test('replaces an item whose id exists, which needs a position', () => {
    const addition = { messages: [{ id: 'm1', content: 'ONE' }] }
    expect(apply(addition).messages).toEqual([{ id: 'm1', content: 'ONE' }, state.messages[1]])
    expect(replaced(addition)).toEqual([true])
    expect(replaced({ messages: [{ id: 'm9' }] })).toEqual([false])
  })

  test('merges the fields of a run and puts its events after those it has', () => {
    const next = apply({ runs: [{ id: 'r1', status: 'completed', result: 1, events: [event(2), event(3)] }] })
    expect(next.runs).toEqual([
      {
        id: 'r1',
        status: 'completed',
        prompt: 'go',
        result: 1,
        events: [event(0), event(1), event(2), event(3)],
      },
    ])
    expect(replaced({ runs: [{ id: 'r1', status: 'completed' }] })).toEqual([])
  })

  test.each([
    ['a gap', [event(3)], 2],
    ['a repeated event', [event(1)], 2],
    ['a gap further on', [event(2), event(4)], 3],
    ['an event without a sequence', [{ type: 'x' }], 2],
  ])('with %s in the events of a run is refused', (_, events, index) => {
    expect(issuesOf({ runs: [{ id: 'r1', events }] })).toEqual([['runs', 0, 'events', index, 'sequence']])
  })

  test('numbers the events of a new run from 0 or 1', () => {
    expect(apply({ runs: [{ id: 'r2', events: [event(0), event(1)] }] }).runs).toHaveLength(2)
    expect(apply({ runs: [{ id: 'r2', events: [event(1), event(2)] }] }).runs).toHaveLength(2)
    expect(issuesOf({ runs: [{ id: 'r2', events: [event(2)] }] })).toEqual([
      ['runs', 1, 'events', 0, 'sequence'],
    ])
  })

  test('sets and unsets top-level keys', () => {
    const next = apply({ set: { status: 'running', extra: { a: 1 } }, unset: ['title', 'nothing'] })
    expect(next).toMatchObject({ status: 'running', extra: { a: 1 } })
    expect(next).not.toHaveProperty('title')
    expect(next).not.toHaveProperty('nothing')
  })

  test('may say when the session was updated', () => {
    const mine = '2025-03-01T00:00:00.000Z'
    expect(apply({ set: { status: 'x', updatedAt: mine } }).updatedAt).toBe(mine)
  })

  test.each([
    [{ set: { id: 's2' } }, 'id'],
    [{ set: { type: 'x' } }, 'type'],
    [{ unset: ['schemaVersion'] }, 'schemaVersion'],
    [{ set: { messages: [] } }, 'messages'],
    [{ unset: ['runs'] }, 'runs'],
    [{ set: { title: 'x' }, unset: ['title'] }, 'title'],
  ])('%j is refused', (addition, key) => {
    expect(issuesOf(addition)).toEqual([[key]])
  })

  test('with one id twice is refused', () => {
    expect(issuesOf({ messages: [{ id: 'a' }, { id: 'b' }, { id: 'a' }] })).toEqual([['messages', 2, 'id']])
  })

  test.each([
    [null],
    [[]],
    [{ message: [] }],
    [{ messages: {} }],
    [{ set: [] }],
    [{ unset: 'title' }],
    [{ unset: [1] }],
  ])('%j is a TypeError', (addition) => {
    expect(() => parseAddition(addition as unknown as Addition, collections)).toThrow(TypeError)
  })

  test.each<[Addition]>([
    [{}],
    [{ messages: [], runs: [], set: {}, unset: [] }],
    [{ set: { status: 'idle' } }],
    [{ set: { updatedAt: '2030-01-01T00:00:00.000Z' } }],
    [{ unset: ['nothing'] }],
    [{ messages: [{ content: 'one', id: 'm1' }] }],
    [{ runs: [{ id: 'r1', status: 'running', events: [] }] }],
  ])('%j changes nothing', (addition) => {
    expect(isEmptyPlan(plan(addition))).toBe(true)
  })

  test('is redacted with paths from the top of the document before it is compared', async () => {
    const seen: string[] = []
    const redact: Redact = (value, path) => {
      seen.push(path.join('.'))
      return typeof value === 'string' ? value.replace('secret', '***') : value
    }
    const addition = {
      messages: [{ id: 'm3', content: 'secret' }],
      runs: [{ id: 'r1', result: 'secret', events: [{ ...event(2), text: 'secret' }] }],
      set: { title: 'secret' },
    }
    const next = applyPlan(state, await cleanPlan(addition, redact)) as typeof state
    expect(JSON.stringify(next)).not.toContain('secret')
    expect(seen).toEqual(expect.arrayContaining(['messages.2.content', 'runs.0.result', 'title']))
    expect(seen).toContain('runs.0.events.2.text')
    expect(isEmptyPlan(await cleanPlan({ set: { title: 'secret' } }, redact, next))).toBe(true)
  })

  test('keeps a key called __proto__', () => {
    const next = apply({ set: JSON.parse('{"__proto__": {"a": 1}}') })
    expect(Object.hasOwn(next, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(next)).toBe(Object.prototype)
  })
})
