/** Shows values and long texts as lines. */
import { excerpt } from '../../excerpt.ts'
import { count, dim, type Line, line, short } from './line.ts'
import { linked } from './link.ts'

/** How much of something is shown. */
export interface Fullness {
  /** Show everything, of any length. */
  full: boolean
}

/** Shortens an id like git does. */
export const shortId = (id: string): string => id.slice(0, 10)

/** Formats a time as `2025-11-03 09:12`, local time; anything else is returned unchanged. */
export function when(time: string): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return time
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** Shows a value on one line of at most this many characters. */
export const valueText = (value: unknown, width: number): string =>
  short(typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? 'nothing'), width)

/** Returns the first lines of a text, and how many are left out. */
export function textLines(text: string, most: number): Line[] {
  const lines = text.replace(/\n+$/, '').split(/\r?\n/)
  const shown = lines.length > most + 1 ? lines.slice(0, most) : lines
  const rest = lines.length - shown.length
  return [
    ...shown.map((one) =>
      linked(line`${most === Number.POSITIVE_INFINITY ? one : excerpt(one, LINE_WIDTH + 1)}`),
    ),
    ...(rest > 0 ? [dim(`… ${count(rest, 'more line')}`)] : []),
  ]
}

/** Most characters of one line. */
const LINE_WIDTH = 2000

export function* indented(lines: Iterable<Line>): Generator<Line> {
  for (const one of lines) yield line`    ${one}`
}
