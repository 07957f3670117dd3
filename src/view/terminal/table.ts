/** Aligns rows of cells in columns, and makes them as narrow as the terminal. */
import type { Line } from './line.ts'
import { widthOf } from './width.ts'
import { cutTo } from './wrap.ts'

/**
 * Returns a line per row. Each column except the last gets the width of its widest cell. What does not fit into `width`
 * columns of the terminal is made narrower: columns that can be spared are left out, then the last column is cut, then
 * the widest ones.
 *
 * @param spare numbers of the columns that can be left out, the first ones first
 */
export function tableLines(
  rows: readonly (readonly Line[])[],
  width = Number.POSITIVE_INFINITY,
  spare: readonly number[] = [],
): Line[] {
  const widths = widthsOf(rows)
  const left = new Set<number>()
  for (const at of spare) {
    if (leastWidth(widths.filter((_, n) => !left.has(n))) <= width) break
    left.add(at)
  }
  const isKept = (_: unknown, at: number) => !left.has(at)
  const limits = fitted(widths.filter(isKept), width)
  return rows.map((row) => {
    const cells = row.filter(isKept).map((cell, at) => cutTo(cell, limits[at]!))
    return cells.flatMap((cell, at) =>
      at === cells.length - 1 ? cell : [...cell, { text: ' '.repeat(limits[at]! - lineWidth(cell) + GAP) }],
    )
  })
}

const GAP = 2

/** Below this many columns, the text at the end of a row says too little. */
const LEAST_TEXT = 20

function widthsOf(rows: readonly (readonly Line[])[]): number[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, lineWidth(cell))
  }
  return widths
}

const leastWidth = (widths: readonly number[]): number =>
  totalOf([...widths.slice(0, -1), Math.min(widths.at(-1) ?? 0, LEAST_TEXT)])

/** Returns widths that fit together, if the terminal has enough columns for anything. */
function fitted(widths: readonly number[], width: number): readonly number[] {
  const over = totalOf(widths) - width
  if (over <= 0 || width <= GAP * widths.length) return widths
  if (leastWidth(widths) <= width) return [...widths.slice(0, -1), (widths.at(-1) ?? 0) - over]
  let most = Math.max(...widths)
  const capped = () => widths.map((one) => Math.min(one, most))
  while (most > 1 && totalOf(capped()) > width) most--
  return capped()
}

const totalOf = (widths: readonly number[]): number =>
  widths.reduce((sum, one) => sum + one, 0) + GAP * Math.max(0, widths.length - 1)

const lineWidth = (spans: Line): number => spans.reduce((sum, { text }) => sum + widthOf(text), 0)
