/**
 * Lines for people. Session text is made harmless when it becomes part of a line: control characters, which a terminal
 * would obey, and bidirectional ones, which reorder text, become visible. Only the styles below become escape
 * sequences, and only if the output wants colours.
 */
import { beginning, cut } from '../../excerpt.ts'
import { visible } from '../visible.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export interface Span {
  readonly text: string
  readonly style?: Style
  /** Address that a click opens, on terminals with links. The visible text is the same address. */
  readonly link?: string
}

/** One line of output; a line feed inside a value is shown as `␊`. */
export type Line = readonly Span[]

/** What can be put into a line. */
export type Piece = string | number | Span | Line

/** Makes a line: ``line`${bold(id)} ${subject}` ``. */
export function line(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Line {
  return strings.flatMap((text, index) => {
    const piece = pieces[index]
    return [...spansOf(text), ...(piece === undefined ? [] : spansOf(piece))]
  })
}

const styled =
  (style: Style) =>
  (piece: Piece): Line =>
    spansOf(piece).map((span) => ({ ...span, style }))

export const bold = styled('bold')
export const dim = styled('dim')
export const red = styled('red')
export const green = styled('green')
export const yellow = styled('yellow')
export const cyan = styled('cyan')

/**
 * Returns the line as it is written to the terminal.
 *
 * @param links whether the terminal opens links
 */
export const render = (spans: Line, colours: boolean, links = false): string =>
  spans
    .map(({ text, style, link }) => {
      const painted = style && colours && text !== '' ? paint(text, style) : text
      return link !== undefined && links ? `${OSC_LINK}${link}${ST}${painted}${OSC_LINK}${ST}` : painted
    })
    .join('')

const OSC_LINK = '\u001b]8;;'
const ST = '\u001b\\'

/** Shortens a text to one line of at most this many characters. */
export function short(text: string, width: number): string {
  // More than enough, also if much of it is white space.
  const flat = beginning(text, width * 8)
    .replace(/\s+/g, ' ')
    .trim()
  return text.length <= width * 8 ? cut(flat, width) : cut(`${flat}…`, width)
}

/** Formats a count, such as `3 messages` or `1 message`. */
export const count = (number: number, noun: string, plural = `${noun}s`): string =>
  `${number.toLocaleString('en-US')} ${number === 1 ? noun : plural}`

const CODES: Record<Style, readonly [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
}

function paint(text: string, style: Style): string {
  const [on, off] = CODES[style]
  return `\u001b[${on}m${text}\u001b[${off}m`
}

const spansOf = (piece: Piece): Line => {
  if (typeof piece === 'string' || typeof piece === 'number') return [{ text: visible(String(piece)) }]
  return 'text' in piece ? [{ ...piece, text: visible(piece.text) }] : piece
}
