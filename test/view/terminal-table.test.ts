import { expect, test } from 'vitest'
import { line, red, render } from '../../src/view/terminal/line.ts'
import { tableLines } from '../../src/view/terminal/table.ts'

const shown = (rows: readonly (readonly string[])[], width?: number, spare?: readonly number[]): string[] =>
  tableLines(
    rows.map((row) => row.map((cell) => line`${cell}`)),
    width,
    spare,
  ).map((row) => render(row, false))

const ROWS = [
  ['a-session', '2026-01-02', '12 messages', 'What is left before a release?'],
  ['b', '2026-01-03', '2 messages', '日本語のテキストは幅が広いので切られることがあります'],
]

test('Cells stand in columns, as wide as their widest cell', () => {
  const rows = tableLines([
    [line`${red('a')}`, line`1`, line`x`],
    [line`bbb`, line`22`, line``],
  ])
  expect(rows.map((row) => render(row, false))).toEqual(['a    1   x', 'bbb  22  '])
  expect(shown(ROWS)[0]).toBe('a-session  2026-01-02  12 messages  What is left before a release?')
})

test('The last column is cut first', () => {
  expect(shown(ROWS, 60)).toEqual([
    'a-session  2026-01-02  12 messages  What is left before a r…',
    'b          2026-01-03  2 messages   日本語のテキストは幅が…',
  ])
})

test('Columns that can be spared are left out before too little of the last one would stay', () => {
  expect(shown(ROWS, 50, [2, 1])).toEqual([
    'a-session  2026-01-02  What is left before a rele…',
    'b          2026-01-03  日本語のテキストは幅が広い…',
  ])
  expect(shown(ROWS, 35, [2, 1])).toEqual([
    'a-session  What is left before a r…',
    'b          日本語のテキストは幅が…',
  ])
})

test('When nothing can be spared any more, the widest columns are cut', () => {
  expect(shown(ROWS, 24, [2, 1])).toEqual(['a-session  What is left…', 'b          日本語のテキ…'])
  expect(shown(ROWS, 14, [2, 1])).toEqual(['a-ses…  What…', 'b       日本…'])
  expect(shown([['abc', 'def', 'ghi']], 4)).toEqual(['abc  def  ghi'])
})
