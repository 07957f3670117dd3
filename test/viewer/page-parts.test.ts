/** What the page works out before it draws: addresses, the tree of branches, pieces of a conversation, replays. */
import { describe, expect, test } from 'vitest'
import { layoutOf } from '../../src/viewer/page/branches/layout.ts'
import { segmentOfTurn, segmentsOf, segmentWith } from '../../src/viewer/page/conversation/segments.ts'
import { heardUntil, pauseAfter } from '../../src/viewer/page/replay/heard.ts'
import { hashOf, type Route, routeOf } from '../../src/viewer/page/route.ts'
import type { Node, Step, Turn } from '../../src/viewer/wire.ts'

describe('an address', () => {
  test.each<[string, Route]>([
    ['#/', { view: 'sessions' }],
    ['#/s/demo', { view: 'session', session: 'demo', at: '', exact: false }],
    ['#/s/demo/c/3f2a91bc', { view: 'session', session: 'demo', at: '3f2a91bc', exact: false }],
    ['#/s/a%2Fb/c/main~3/m/12', { view: 'session', session: 'a/b', at: 'main~3', exact: false, message: 12 }],
    ['#/s/demo/at/3f2a91bc', { view: 'session', session: 'demo', at: '3f2a91bc', exact: true }],
    ['#/s/demo/branches', { view: 'branches', session: 'demo' }],
    ['#/s/demo/run/r%201', { view: 'replay', session: 'demo', run: 'r 1' }],
    [
      '#/compare/a//b/main',
      { view: 'compare', from: { session: 'a', at: '' }, to: { session: 'b', at: 'main' } },
    ],
  ])('%s leads to its view and back', (hash, route) => {
    expect(routeOf(hash)).toEqual(route)
    expect(hashOf(route)).toBe(hash)
  })

  test.each(['', '#', '#/s/', '#/nothing/else', '#/s/%'])('%s never throws', (hash) => {
    expect(() => routeOf(hash)).not.toThrow()
  })
})

const node = (id: string, parent: string | undefined, branch: string, minute: number): Node => ({
  id,
  ...(parent !== undefined && { parent }),
  branch,
  subject: id,
  kind: 'save',
  seq: minute,
  createdAt: `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`,
})
const head = (name: string, at: string) => ({ name, head: at, active: name === 'main' })

describe('the tree of branches', () => {
  const main = Array.from({ length: 10 }, (_, n) =>
    node(`m${n}`, n === 0 ? undefined : `m${n - 1}`, 'main', n),
  )
  const side = [node('s1', 'm3', 'side', 20), node('s2', 's1', 'side', 21)]
  const tree = { nodes: [...main, ...side], branches: [head('main', 'm9'), head('side', 's2')], tags: [] }

  test('has a lane a branch, the newest first, and long stretches in one row', () => {
    const { rows, lanes } = layoutOf(tree, new Set())
    const said = rows.map((row) => [
      row.kind === 'node' ? row.node.id : `${row.nodes.length} between`,
      row.lane,
    ])
    expect(said).toEqual([
      ['s2', 1],
      ['s1', 1],
      ['m9', 0],
      ['5 between', 0],
      ['m3', 0],
      ['m2', 0],
      ['m1', 0],
      ['m0', 0],
    ])
    expect(lanes).toBe(2)
  })

  test('shows a stretch whole when it is opened, and joins each checkpoint with the one before', () => {
    const { rows, edges } = layoutOf(tree, new Set(['m8']))
    expect(rows).toHaveLength(12)
    expect(edges).toHaveLength(11)
    expect(edges).toContainEqual({ from: [1, 1], to: [8, 0], colour: 1 })
  })

  test('gives a lane again to a branch that is not beside the other', () => {
    const later = node('t1', 'm8', 'third', 30)
    const early = node('e1', 'm1', 'early', 2)
    const nodes = [...main, early, later]
    const branches = [head('main', 'm9'), head('early', 'e1'), head('third', 't1')]
    expect(layoutOf({ nodes, branches, tags: [] }, new Set()).lanes).toBe(2)
  })

  test('is empty for nothing', () => {
    expect(layoutOf({ nodes: [], branches: [], tags: [] }, new Set()).rows).toEqual([])
  })
})

const turn = (id: string, from: number, to: number): Turn =>
  ({ id, from, to, subject: id, tools: {}, tokens: 0 }) as unknown as Turn

describe('a conversation in pieces', () => {
  test('has each message once, in small pieces, and each turn begins once', () => {
    const turns = [turn('a', 0, 3), turn('b', 3, 500), turn('c', 500, 500), turn('d', 500, 502)]
    const segments = segmentsOf({ turns, start: 0, messages: 502 })
    const numbers = segments.flatMap(({ parts }) =>
      parts.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, n) => from + n)),
    )
    expect(numbers).toEqual(Array.from({ length: 502 }, (_, n) => n))
    expect(Math.max(...segments.map(({ from, to }) => to - from))).toBeLessThanOrEqual(30)
    expect(
      segments.flatMap(({ parts }) => parts.filter(({ first }) => first)).map((part) => part.turn.id),
    ).toEqual(['a', 'b', 'c', 'd'])
    expect(segments[segmentWith(segments, 300)]).toMatchObject({ from: expect.any(Number) })
    expect(segmentOfTurn(segments, 'd')).toBe(segments.length - 1)
  })
})

describe('a replay', () => {
  const says = (who: string, text: string): Step =>
    ({ type: 'text', message: { who, blocks: [{ kind: 'text', text }], index: 0 } }) as unknown as Step
  const delta = (text: string): Step => ({ type: 'text-delta', delta: text }) as unknown as Step

  test('has heard what came until then, and what is being said', () => {
    const steps = [
      says('user', 'Hi'),
      delta('Hel'),
      delta('lo'),
      says('assistant', 'Hello'),
      says('assistant', 'there'),
    ]
    expect(heardUntil(steps, 0)).toMatchObject({ messages: [], pending: '' })
    expect(heardUntil(steps, 3)).toMatchObject({ messages: [{ who: 'user' }], pending: 'Hello' })
    const { messages, pending } = heardUntil(steps, 5)
    expect(pending).toBe('')
    expect(messages.map(({ blocks }) => blocks.length)).toEqual([1, 2])
  })

  test('waits as long as it took, but not for ever', () => {
    const at = (time: string) => ({ at: time }) as Step
    const steps = [
      at('2026-01-01T00:00:00Z'),
      at('2026-01-01T00:00:02Z'),
      at('2026-01-02T00:00:00Z'),
      at('never'),
    ]
    expect([1, 2, 3].map((position) => pauseAfter(steps, position))).toEqual([2000, 8000, 1000])
  })
})
