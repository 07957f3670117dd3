/**
 * Shortens texts without splitting a character: neither a surrogate pair, nor what a reader sees as one character, such
 * as an emoji with a skin tone or a letter with an accent.
 */

const MORE = '…'

/** Returns the beginning of a text, at most this many UTF-16 units. */
export const beginning = (text: string, units: number): string =>
  text.length <= units ? text : text.slice(0, boundaryBefore(text, units))

/** Returns the end of a text, at most this many UTF-16 units. */
export function ending(text: string, units: number): string {
  if (text.length <= units) return text
  const at = text.length - units
  const from = Math.max(0, at - NEAR)
  const first = graphemesOf(text.slice(from, at + NEAR)).containing(at - from)
  return text.slice(
    first === undefined || first.index === at - from ? at : from + first.index + first.segment.length,
  )
}

/** Returns the text, or as much of its beginning as fits into this many UTF-16 units together with a `…`. */
export const excerpt = (text: string, units: number): string =>
  text.length <= units ? text : beginning(text, units - MORE.length).trimEnd() + MORE

/** Shortens a text to at most `room` code points, between words if that keeps at least half of the room. */
export function cut(text: string, room: number): string {
  const end = unitsOf(text, room)
  if (end === text.length) return text
  return beginningInWords(text, unitsOf(text, room - MORE.length)) + MORE
}

/** As `beginning` of a longer text, but cuts between words if that keeps at least half. */
export function beginningInWords(text: string, units: number): string {
  const kept = beginning(text, units)
  const space = /\s/.test(text[kept.length] ?? ' ') ? kept.length : lastSpace(kept)
  return (space >= units / 2 ? kept.slice(0, space) : kept).trimEnd()
}

function lastSpace(text: string): number {
  let at = text.length - 1
  while (at >= 0 && !/\s/.test(text[at]!)) at--
  return at
}

/** Returns how many UTF-16 units the first `codePoints` code points have. */
function unitsOf(text: string, codePoints: number): number {
  let units = 0
  for (let count = 0; count < codePoints && units < text.length; count++) {
    units += isPair(text, units + 1) ? 2 : 1
  }
  return units
}

/** Returns the last position up to `at` that does not split a character. */
function boundaryBefore(text: string, at: number): number {
  if (isBetween(text, at)) return at
  const place = isPair(text, at) ? at - 1 : at
  let from = place
  while (from > 0 && !isBetween(text, from)) from--
  const start = graphemesOf(text.slice(from, at + NEAR)).containing(place - from)?.index
  // A character longer than the limit is split, such as a letter with thousands of accents.
  return start === undefined || from + start === 0 ? place : from + start
}

/** UTF-16 units that are examined around a position; characters are hardly ever longer. */
const NEAR = 128
let segmenter: Intl.Segmenter | undefined

function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return segmenter.segment(text)
}

/** Whether the position is between two characters that never combine, which is quick and the case in most texts. */
const isBetween = (text: string, at: number): boolean =>
  isPlain(text.charCodeAt(at - 1)) && isPlain(text.charCodeAt(at))

/** ASCII without control characters other than tab and line feed, Latin letters, and Chinese characters. */
const isPlain = (unit: number): boolean =>
  (unit >= 0x20 && unit < 0x7f) ||
  unit === 0x0a ||
  unit === 0x09 ||
  (unit >= 0xc0 && unit < 0x300) ||
  (unit >= 0x4e00 && unit < 0xa000)

/** Whether the unit at this position is the second of a surrogate pair. */
const isPair = (text: string, at: number): boolean =>
  (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800
