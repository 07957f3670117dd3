import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/json-value.ts'
import { deepEqual } from '../../src/json-value.ts'
import { diffStates, diffValues, wholeState } from '../../src/store/state-diff.ts'

const collections = ['messages', 'runs', 'files']
const diffOf = (before: JsonObject, after: JsonObject) =>
  diffStates(wholeState(before), wholeState(after), collections)

test('equal states differ in nothing', async () => {
  const state = { id: 's1', messages: [{ id: 'm1', a: 1, b: 2 }], runs: [] }
  expect(await diffOf(state, { ...state, messages: [{ b: 2, a: 1, id: 'm1' }] })).toEqual({
    fields: [],
    messages: { added: [], removed: [], changed: [] },
    runs: { added: [], removed: [], changed: [] },
    collections: Object.fromEntries(
      collections.map((name) => [name, { added: [], removed: [], changed: [] }]),
    ),
  })
})

test('a field is told with its path, before and after', async () => {
  const before = { title: 'a', config: { autoSave: true, deep: { x: 1 } }, gone: 1, tags: ['a', 'b'] }
  const after = { title: 'b', config: { autoSave: true, deep: { x: 2 } }, tags: ['a', 'c', 'd'], came: null }
  expect((await diffOf(before, after)).fields).toEqual([
    { path: ['title'], before: 'a', after: 'b' },
    { path: ['config', 'deep', 'x'], before: 1, after: 2 },
    { path: ['gone'], before: 1 },
    { path: ['tags', 1], before: 'b', after: 'c' },
    { path: ['tags', 2], after: 'd' },
    { path: ['came'], after: null },
  ])
})

test('items are matched by id, wherever they stand', async () => {
  const [one, two, three] = [{ id: '1' }, { id: '2', text: 'a' }, { id: '3' }]
  const { messages } = await diffOf({ messages: [one, two] }, { messages: [three, { id: '2', text: 'b' }] })
  expect(messages).toEqual({
    added: [{ index: 0, id: '3', item: three }],
    removed: [{ index: 0, id: '1', item: one }],
    changed: [
      {
        index: 1,
        id: '2',
        before: two,
        after: { id: '2', text: 'b' },
        changes: [{ path: ['text'], before: 'a', after: 'b' }],
      },
    ],
  })
})

test('items without an id are matched by index', async () => {
  const { collections: all } = await diffOf({ files: ['a', 'b'] }, { files: ['a', 'c', 'd'] })
  expect(all.files).toEqual({
    added: [{ index: 2, id: undefined, item: 'd' }],
    removed: [],
    changed: [
      { index: 1, id: undefined, before: 'b', after: 'c', changes: [{ path: [], before: 'b', after: 'c' }] },
    ],
  })
})

test('new events of a run are told one by one', async () => {
  const diff = await diffOf(
    { runs: [{ id: 'r1', status: 'running', events: [{ sequence: 0 }] }] },
    { runs: [{ id: 'r1', status: 'done', events: [{ sequence: 0 }, { sequence: 1 }] }] },
  )
  expect(diff.runs.changed[0]?.changes).toEqual([
    { path: ['status'], before: 'running', after: 'done' },
    { path: ['events', 1], after: { sequence: 1 } },
  ])
})

test('an item that is the same at the same index is left out, whatever else has its id', async () => {
  const [a, b, x] = [{ id: 'x', text: 'a' }, { id: 'x', text: 'b' }, { id: 'y' }]
  expect((await diffOf({ files: [a, b] }, { files: [x, b] })).collections.files).toEqual({
    added: [{ index: 0, id: 'y', item: x }],
    removed: [{ index: 0, id: 'x', item: a }],
    changed: [],
  })
})

test('minus zero is not zero', () => {
  expect(diffValues({ a: 0 }, { a: -0 })).toHaveLength(1)
})

test('there are changes exactly where two values are not equal', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(diffValues(a, b).length === 0).toBe(deepEqual(a, b))
      expect(diffValues(a, structuredClone(a))).toEqual([])
    }),
  )
})
