import { expect, test } from 'vitest'
import { graphRows } from '../../src/view/terminal/graph.ts'
import { widthOf } from '../../src/view/terminal/width.ts'

const drawn = (...nodes: [id: string, parent?: string][]): string[] =>
  [...graphRows(nodes.map(([id, parent]) => ({ id, parent })))].flatMap(({ node, lanes, joins }) => [
    `${lanes} ${node.id}`,
    ...joins,
  ])

test('A line of checkpoints is one lane', () => {
  expect(drawn(['c', 'b'], ['b', 'a'], ['a'])).toEqual(['● c', '● b', '● a'])
})

test('Branches have lanes of their own, which end where they part', () => {
  expect(drawn(['m3', 'm2'], ['o1', 'm1'], ['m2', 'm1'], ['m1'])).toEqual([
    '● m3',
    '│ ● o1',
    '● │ m2',
    '├─╯',
    '● m1',
  ])
  expect(drawn(['a2', 'r'], ['b2', 'r'], ['c2', 'r'], ['r'])).toEqual([
    '● a2',
    '│ ● b2',
    '├─╯',
    '│ ● c2',
    '├─╯',
    '● r',
  ])
  expect(drawn(['a', 'x'], ['b', 'y'], ['c', 'x'], ['y', 'x'], ['x'])).toEqual([
    '● a',
    '│ ● b',
    '│ │ ● c',
    '├─┼─╯',
    '│ ● y',
    '├─╯',
    '● x',
  ])
})

test.each([
  ['plain', 5],
  ['日本語', 6],
  ['e\u0301', 1],
  ['👍🏽', 2],
  ['👨‍👩‍👧', 2],
  ['한글', 4],
  ['…│●', 3],
  ['❤️', 2],
])('%s takes %i columns', (text, width) => expect(widthOf(text)).toBe(width))
