/**
 * Replaces text in a text. Models write `\n`: it matches any line end, and the replacement gets the file's line ends.
 */

export interface TextEdit {
  oldText: string
  newText: string
  /** Whether a place may be replaced; other places are not counted. */
  fits?: (at: number) => boolean
}

/** The new text, and the number of replaced places. */
export function edited(text: string, { oldText, newText, fits = () => true }: TextEdit) {
  const places = placesOf(text, oldText).filter(({ start }) => fits(start))
  // Carriage returns in the old text mean that the line ends are to be changed.
  const asGiven = oldText.includes('\r')
  let out = ''
  let at = 0
  for (const { start, end } of places) {
    out += text.slice(at, start) + (asGiven ? newText : withLineEnds(newText, lineEndAt(text, start, end)))
    at = end
  }
  return { text: out + text.slice(at), count: places.length }
}

/** Whether every line of the text ends with CRLF. */
export const hasCrlf = (text: string): boolean => text.includes('\r\n') && !/(?<!\r)\n/.test(text)

/** The text with these line ends. A text with carriage returns stays as it is, since its author chose its line ends. */
export const withLineEnds = (text: string, lineEnd: string): string =>
  lineEnd === '\n' || text.includes('\r') ? text : text.replaceAll('\n', lineEnd)

interface Place {
  start: number
  end: number
}

function placesOf(text: string, wanted: string): Place[] {
  if (wanted.includes('\r') || !wanted.includes('\n') || !text.includes('\r\n')) {
    return indexesOf(text, wanted).map((start) => ({ start, end: start + wanted.length }))
  }
  // If line ends are CRLF, a place is found in the text without carriage returns, and its position is converted back.
  const plain = text.replaceAll('\r\n', '\n')
  let at = 0
  let seen = 0
  const original = (index: number): number => {
    for (; seen < index; seen++, at++) if (text[at] === '\r' && text[at + 1] === '\n') at++
    return at
  }
  return indexesOf(plain, wanted).map((index) => ({
    start: original(index),
    end: original(index + wanted.length),
  }))
}

function indexesOf(text: string, wanted: string): number[] {
  const indexes: number[] = []
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + wanted.length))
    indexes.push(at)
  return indexes
}

/** The line end in the replaced text, else of its line, else of the line before. */
function lineEndAt(text: string, start: number, end: number): string {
  const inside = text.indexOf('\n', start)
  const at = inside === -1 ? text.lastIndexOf('\n', end) : inside
  return at > 0 && text[at - 1] === '\r' ? '\r\n' : '\n'
}
