import { expect, test } from 'vitest'
import { checkpointFacts } from '../../src/checkpoints/commits/facts.ts'
import { parseAddition } from '../../src/store/addition/addition.ts'
import { applyPlan, existingIn, planAddition } from '../../src/store/addition/plan.ts'
import { changesBetween, changesOfPlan, isUnchanged } from '../../src/store/changes.ts'
import type { Addition } from '../../src/store/session-store.ts'

const collections = ['messages', 'runs', 'files']
const state = {
  id: 's1',
  status: 'idle',
  title: 'one',
  updatedAt: 'then',
  messages: [{ id: 'm1' }, { id: 'm2' }],
  runs: [
    { id: 'r1', events: [] },
    { id: 'r2', events: [{ sequence: 0 }] },
  ],
}

test.each<[Addition]>([
  [{}],
  [{ messages: [{ id: 'm3' }, { id: 'm4' }] }],
  [{ messages: [{ id: 'm1', content: 'new' }] }],
  [{ runs: [{ id: 'r1', status: 'done' }] }],
  [{ runs: [{ id: 'r3' }, { id: 'r1', events: [{ sequence: 1 }] }], files: ['a'] }],
  [{ set: { title: 'two', extra: null, updatedAt: 'now' }, unset: ['status'] }],
])('a plan for %j tells the same changes as the states before and after it', (addition) => {
  const existing = existingIn(state, collections)
  const plan = planAddition(parseAddition(addition, collections), existing)
  const after = applyPlan(state, plan)
  expect(changesOfPlan(plan, existing, collections)).toEqual(changesBetween(state, after, collections))
})

test('a state that differs in updatedAt only is unchanged', () => {
  expect(isUnchanged(changesBetween(state, { ...state, updatedAt: 'now' }, collections))).toBe(true)
  expect(isUnchanged(changesBetween(state, { ...state, title: 'two' }, collections))).toBe(false)
  expect(isUnchanged(changesBetween(state, { ...state, runs: [] }, collections))).toBe(false)
  expect(isUnchanged(changesBetween(undefined, state, collections))).toBe(false)
})

test('a checkpoint tells the messages it added, its last run, status, model and tokens', () => {
  const after = {
    ...state,
    model: 'm',
    usage: { inputTokens: 3, outputTokens: 4 },
    messages: [...state.messages, 1, 2],
    runs: [...state.runs, { id: 'r3' }],
  }
  expect(checkpointFacts(changesBetween(state, after, collections), after)).toEqual({
    messages: { from: 2, to: 3 },
    run: 'r3',
    status: 'idle',
    model: 'm',
    tokens: 7,
  })
  expect(checkpointFacts(changesBetween(state, state, collections), { usage: { totalTokens: 9 } })).toEqual({
    tokens: 9,
  })
})
