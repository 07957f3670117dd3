/** Wraps or cuts lines to the width of a terminal, between words if they are wrapped. Wide letters and emoji count as two columns. */

import type { Line, Span } from './line.ts'
import { graphemesOf, widthOf } from './width.ts'

/**
 * Splits a line into pieces of at most this many columns. Later pieces are indented like the first. Tabs become spaces.
 */
export function wrapped(line: Line, width: number): Line[] {
  if (width < NARROWEST || fits(line, width) || isHuge(line)) return [line]
  const cells = cellsOf(line)
  const indent = Math.min(
    cells.findIndex(({ text }) => text !== ' '),
    Math.floor(width / 2),
  )
  const lines: Line[] = []
  let from = 0
  while (from < cells.length) {
    const lead = lines.length === 0 ? 0 : Math.max(indent, 0)
    const to = endOfPiece(cells, from, width - lead)
    lines.push([
      ...(lead > 0 ? [{ text: ' '.repeat(lead) }] : []),
      ...spansOf(withoutEnd(cells.slice(from, to))),
    ])
    from = to
    // Spaces at the break are dropped.
    while (cells[from]?.text === ' ') from++
  }
  return lines
}

/** Shortens a line to at most this many columns. A line that is cut ends with `…`. */
export function cutTo(line: Line, width: number): Line {
  if (fits(line, width)) return line
  const cells = cellsOf(line)
  let used = 0
  const end = cells.findIndex(({ columns }) => {
    used += columns
    return used > width - 1
  })
  return spansOf([...withoutEnd(cells.slice(0, end)), { ...cells[end]!, text: '…' }])
}

/** Terminals with fewer columns get unwrapped lines. */
const NARROWEST = 10
const TAB = 8

/** The terminal wraps such a line itself. */
const isHuge = (line: Line): boolean => line.reduce((sum, { text }) => sum + text.length, 0) > 20_000

interface Cell extends Span {
  columns: number
}

function fits(line: Line, width: number): boolean {
  let used = 0
  for (const { text } of line) {
    if (text.includes('\t')) return false
    used += widthOf(text)
    if (used > width) return false
  }
  return true
}

function cellsOf(line: Line): Cell[] {
  let column = 0
  return line.flatMap(({ text, ...look }) =>
    [...graphemesOf(text)].flatMap(({ segment }): Cell[] => {
      if (segment === '\t') {
        const spaces = TAB - (column % TAB)
        column += spaces
        return Array.from({ length: spaces }, () => ({ ...look, text: ' ', columns: 1 }))
      }
      const columns = widthOf(segment)
      column += columns
      return [{ ...look, text: segment, columns }]
    }),
  )
}

/**
 * Returns the end of a piece: before a word that does not fit, inside a word longer than a line, or between wide
 * letters.
 */
function endOfPiece(cells: readonly Cell[], from: number, width: number): number {
  let used = 0
  let between = from
  for (let at = from; at < cells.length; at++) {
    const { text, columns } = cells[at]!
    used += columns
    const isEnd = text === ' ' || (columns === 2 && at > from)
    if (isEnd && used - (text === ' ' ? 1 : columns) <= width) between = at
    if (used > width && text !== ' ') return between > from ? between : Math.max(at, from + 1)
  }
  return cells.length
}

const withoutEnd = (cells: readonly Cell[]): readonly Cell[] =>
  cells.slice(0, cells.findLastIndex(({ text }) => text !== ' ') + 1)

/** Joins consecutive cells of the same style and link. */
function spansOf(cells: readonly Cell[]): Span[] {
  const spans: { text: string; style?: Span['style']; link?: string }[] = []
  for (const { columns, ...cell } of cells) {
    const last = spans.at(-1)
    if (last !== undefined && last.style === cell.style && last.link === cell.link) last.text += cell.text
    else spans.push({ ...cell })
  }
  return spans as Span[]
}
