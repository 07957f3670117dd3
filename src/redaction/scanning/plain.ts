/** Takes out of a text what disguises its characters: colours of a terminal, escapes, and the zeros of UTF-16. */

import { endianness } from 'node:os'
import { Joined } from './joined.ts'

const ESCAPE = 0x1b
const BACKSLASH = 0x5c
const PERCENT = 0x25
const BRACKET = 0x5b
const ZERO = 0x30
const LETTER_U = 0x75
const LETTER_X = 0x78
/** How many backslashes before an escape belong to it. */
const MOST_BACKSLASHES = 15
/** Characters of the parameters of a colour. */
const MOST_PARAMETERS = 16
/** How often a `%` may be encoded again. */
const MOST_PERCENTS = 4

const DISGUISE = /\\(?:u00|x[1-7][0-9A-Fa-f]|(?:033|e)\[)|%(?:[2-7][0-9A-Fa-f]|0[AaDd])|\x1b\[|\0/

/** The text as it is meant; `undefined` if nothing in it is disguised. */
export function plainOf(text: string): Joined | undefined {
  if (!DISGUISE.test(text)) return undefined
  const plain = new Joined()
  const codes = new Uint16Array(text.length)
  let length = 0
  let widest = 0
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code > ESCAPE && code !== BACKSLASH && code !== PERCENT) {
      codes[length++] = code
      widest |= code
      at++
      continue
    }
    let after = at + 1
    if (code === BACKSLASH) while (text.charCodeAt(after) === BACKSLASH) after++
    // A disguise has an end. One that hides a character has a letter as well.
    const [letter, end] = [escapedAt(text, code, after), endAt(text, code, after)]
    const kept = end === 0 ? after : Math.max(at, after - MOST_BACKSLASHES)
    for (; at < kept; at++) codes[length++] = code
    if (end === 0) continue
    plain.begin(length, letter === 0 ? end : kept, letter === 0 ? 1 : end - kept)
    if (letter !== 0) codes[length++] = letter
    at = end
  }
  if (length === text.length) return undefined
  plain.text = textOf(codes.subarray(0, length), widest)
  return plain
}

/** Where the disguise ends that begins with this code; 0 if there is none. */
function endAt(text: string, code: number, after: number): number {
  if (code === 0) return after
  if (code === ESCAPE) return colourEnd(text, after)
  if (code === PERCENT) return escapedAt(text, code, after) === 0 ? 0 : percentDigits(text, after) + 2
  if (code !== BACKSLASH) return 0
  const digits = escapeDigits(text, after)
  if (printable(text, digits) !== 0 || text.startsWith('u0000', after)) return digits + 2
  return colourEnd(text, colourStart(text, after))
}

/** The character that an escape stands for, printable or the end of a line; 0 if it stands for none. */
function escapedAt(text: string, code: number, after: number): number {
  if (code === PERCENT) {
    const digits = percentDigits(text, after)
    const isLineEnd = text.charCodeAt(digits) === ZERO && /[ad]/i.test(text[digits + 1] ?? '')
    return isLineEnd ? hexValue(text.charCodeAt(digits + 1)) : printable(text, digits)
  }
  return code === BACKSLASH ? printable(text, escapeDigits(text, after)) : 0
}

/** Where the two digits of an escape such as `u002d` or `x2d` begin, which backslashes precede. */
function escapeDigits(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code === LETTER_X) return at + 1
  const isUnicode = code === LETTER_U && text.charCodeAt(at + 1) === ZERO && text.charCodeAt(at + 2) === ZERO
  return isUnicode ? at + 3 : text.length
}

/** Where the two digits begin after a `%`, which may itself be encoded: `%2525` is a `%`. */
function percentDigits(text: string, at: number): number {
  let digits = at
  for (let times = 0; times < MOST_PERCENTS && text.startsWith('25', digits); times++) {
    if (hexValue(text.charCodeAt(digits + 2)) < 0 || hexValue(text.charCodeAt(digits + 3)) < 0) break
    digits += 2
  }
  return digits
}

/** The printable character with the two hexadecimal digits at `at`; 0 if there is none. */
function printable(text: string, at: number): number {
  const high = text.charCodeAt(at) - ZERO
  const low = hexValue(text.charCodeAt(at + 1))
  return high >= 2 && high <= 7 && low >= 0 ? 16 * high + low : 0
}

/** Where the parameters of a colour begin whose escape character is written out: `u001b`, `x1b`, `033` or `e`. */
function colourStart(text: string, at: number): number {
  switch (text.charCodeAt(at)) {
    case 0x65:
      return at + 1
    case LETTER_U:
      return /^001b$/i.test(text.slice(at + 1, at + 5)) ? at + 5 : text.length
    case LETTER_X:
      return /^1b$/i.test(text.slice(at + 1, at + 3)) ? at + 3 : text.length
    case ZERO:
      return text.startsWith('33', at + 1) ? at + 3 : text.length
    default:
      return text.length
  }
}

/** The end of the colour, or another sequence of a terminal, whose bracket is at `at`; 0 if there is none. */
function colourEnd(text: string, at: number): number {
  if (text.charCodeAt(at) !== BRACKET) return 0
  let end = at + 1
  for (; end <= at + MOST_PARAMETERS; end++) {
    const code = text.charCodeAt(end)
    if (!(code >= ZERO && code <= 0x3f)) break
  }
  const last = text.charCodeAt(end)
  return last >= 0x40 && last <= 0x7e ? end + 1 : 0
}

/** The value of a hexadecimal digit; -1 for another character. */
function hexValue(code: number): number {
  if (code >= ZERO && code <= 0x39) return code - ZERO
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

function textOf(codes: Uint16Array, widest: number): string {
  if (widest < 256) return Buffer.from(codes).toString('latin1')
  const bytes = Buffer.from(codes.buffer, 0, codes.byteLength)
  return (endianness() === 'LE' ? bytes : bytes.swap16()).toString('utf16le')
}
