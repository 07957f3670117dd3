/**
 * Patterns of permission rules and of the tools that search files. They come from policies and from models, so none of
 * them backtracks: the time is at most the length of the text times the length of the pattern.
 */

/**
 * Stands in a text for any text that is known only when a command runs (a "hole"). No command and no path can contain
 * this character.
 */
export const HOLE = '\0'

/** A pattern for texts, in which `*` matches any text. */
export class TextPattern {
  readonly #pieces: readonly string[]

  constructor(glob: string) {
    this.#pieces = glob.split(/\*+/)
  }

  /** Whether the text matches, whatever its holes stand for. */
  fits(text: string): boolean {
    return inOrder(this.#pieces, text)
  }

  /** Whether the text can match for some values of its holes. */
  mayFit(text: string): boolean {
    const parts = text.split(HOLE)
    if (parts.length === 1) return this.fits(text)
    const [start, end] = [this.#pieces[0]!, this.#pieces.at(-1)!]
    if (this.#pieces.length === 1) return inOrder(parts, start)
    // If both have stars, only the two ends can prevent a match.
    const [head, tail] = [parts[0]!, parts.at(-1)!]
    return (start.startsWith(head) || head.startsWith(start)) && (end.endsWith(tail) || tail.endsWith(end))
  }
}

/** Whether a text begins with the first piece, ends with the last, and has the others between, in order. */
function inOrder(pieces: readonly string[], text: string): boolean {
  const [first, last] = [pieces[0]!, pieces.at(-1)!]
  if (pieces.length === 1) return text === first
  if (!text.startsWith(first)) return false
  let from = first.length
  for (const piece of pieces.slice(1, -1)) {
    const at = find(text, piece, from)
    if (at === -1) return false
    from = at + piece.length
  }
  return text.length - last.length >= from && text.endsWith(last)
}

/** As `indexOf`, in linear time for long pieces too (Knuth, Morris and Pratt). */
export function find(text: string, piece: string, from: number): number {
  if (piece.length <= 64) return text.indexOf(piece, from)
  const fallback = new Int32Array(piece.length)
  for (let index = 1, length = 0; index < piece.length; index++) {
    while (length > 0 && piece[index] !== piece[length]) length = fallback[length - 1]!
    if (piece[index] === piece[length]) length++
    fallback[index] = length
  }
  for (let index = from, length = 0; index < text.length; index++) {
    while (length > 0 && text[index] !== piece[length]) length = fallback[length - 1]!
    if (text[index] === piece[length]) length++
    if (length === piece.length) return index - length + 1
  }
  return -1
}
