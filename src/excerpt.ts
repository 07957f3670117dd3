/**
 * Texts cut short, with no character cut in half: neither a surrogate pair, which is no text without its other half,
 * nor what a reader sees as one character, such as an emoji with its skin or a letter with its accent.
 */

const MORE = '…'

/** The beginning of a text, at most this many UTF-16 units of it. */
export const beginning = (text: string, units: number): string =>
  text.length <= units ? text : text.slice(0, boundaryBefore(text, units))

/** The end of a text, at most this many UTF-16 units of it. */
export function ending(text: string, units: number): string {
  if (text.length <= units) return text
  const at = text.length - units
  const from = Math.max(0, at - NEAR)
  const first = graphemesOf(text.slice(from, at + NEAR)).containing(at - from)
  return text.slice(
    first === undefined || first.index === at - from ? at : from + first.index + first.segment.length,
  )
}

/** The text, or as much of its beginning as fits in this many UTF-16 units together with a `…`. */
export const excerpt = (text: string, units: number): string =>
  text.length <= units ? text : beginning(text, units - MORE.length).trimEnd() + MORE

/** At most `room` code points, cut between words where that keeps at least half of the room. */
export function cut(text: string, room: number): string {
  const end = unitsOf(text, room)
  if (end === text.length) return text
  const kept = beginning(text, unitsOf(text, room - MORE.length))
  const space = text[kept.length] === ' ' ? kept.length : kept.lastIndexOf(' ')
  return (space > 0 && space >= unitsOf(text, room / 2) ? kept.slice(0, space) : kept) + MORE
}

/** How many UTF-16 units the first code points take. */
function unitsOf(text: string, codePoints: number): number {
  let units = 0
  for (let count = 0; count < codePoints && units < text.length; count++) {
    units += isPair(text, units + 1) ? 2 : 1
  }
  return units
}

/** The last place that does not cut a character, up to this one. */
function boundaryBefore(text: string, at: number): number {
  if (isPlain(text.charCodeAt(at - 1)) && isPlain(text.charCodeAt(at))) return at
  const place = isPair(text, at) ? at - 1 : at
  const start = graphemesOf(text.slice(0, at + NEAR)).containing(place)?.index
  // One that is longer than what may be kept is cut: thousands of accents on a letter.
  return start === undefined || start === 0 ? place : start
}

/** Units that are looked at around a place; hardly a character is longer. */
const NEAR = 128
let segmenter: Intl.Segmenter | undefined

function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return segmenter.segment(text)
}

const isPlain = (unit: number): boolean => unit >= 0x20 && unit < 0x7f

/** Whether this unit is the second of a surrogate pair. */
const isPair = (text: string, at: number): boolean =>
  /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1))
