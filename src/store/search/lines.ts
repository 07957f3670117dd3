/** The matching lines of a text, with the lines around them. */
import { beginning, ending } from '../../excerpt.ts'
import type { Place } from './words.ts'

export interface FoundLine {
  /** Line number in its text, from 1. */
  number: number
  /** The line; a long line is cut around its first match. */
  text: string
  /** Matches in `text`, in UTF-16 units; empty for a line of context. */
  found: { start: number; end: number }[]
}

/** @param context how many lines to add before and after each matching line */
export function linesAround(text: string, places: readonly Place[], context: number): FoundLine[] {
  const lines: FoundLine[] = []
  const wanted = new Map<number, Place[]>()
  const starts = startsOfLines(text)
  for (const place of places) {
    const at = lineAt(starts, place.start)
    for (let n = Math.max(0, at - context); n <= Math.min(starts.length - 1, at + context); n++)
      if (!wanted.has(n)) wanted.set(n, [])
    wanted.get(at)!.push(place)
    if (wanted.size > MOST_LINES) break
  }
  for (const [n, found] of [...wanted].sort(([a], [b]) => a - b)) {
    const start = starts[n]!
    const line = text.slice(start, (starts[n + 1] ?? text.length + 1) - 1).replace(/\r$/, '')
    lines.push({
      number: n + 1,
      ...cutLine(
        line,
        found.map((place) => ({ start: place.start - start, end: place.end - start })),
      ),
    })
  }
  return lines
}

/** The most lines of one text. */
const MOST_LINES = 60
/** The most characters of a line, and how many of them come before the first match. */
const WIDTH = 240
const BEFORE = 60

function cutLine(line: string, found: readonly Place[]): Pick<FoundLine, 'text' | 'found'> {
  const [first] = found
  const inside = (end: number): Place[] =>
    found.flatMap(({ start, end: to }) => (start >= end ? [] : [{ start, end: Math.min(to, end) }]))
  if (line.length <= WIDTH) return { text: line, found: inside(line.length) }
  const skip =
    first === undefined || first.start <= BEFORE
      ? 0
      : first.start - ending(line.slice(0, first.start), BEFORE).length
  const text = beginning(line.slice(skip), WIDTH)
  const lead = skip === 0 ? '' : '…'
  const moved = found
    .map(({ start, end }) => ({ start: start - skip, end: Math.min(end - skip, text.length) }))
    .filter(({ start }) => start >= 0 && start < text.length)
    .map(({ start, end }) => ({ start: start + lead.length, end: end + lead.length }))
  return { text: lead + text + (skip + text.length < line.length ? '…' : ''), found: moved }
}

function startsOfLines(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** Returns the index of the line that a place is in: the last line that starts there or before. */
function lineAt(starts: readonly number[], place: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (starts[middle]! <= place) low = middle
    else high = middle - 1
  }
  return low
}
