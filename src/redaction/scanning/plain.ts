/** Takes out of a text what disguises its characters: colours of a terminal, and escapes of JSON. */

import { endianness } from 'node:os'
import { Joined } from './joined.ts'

const ESCAPE = 0x1b
const BACKSLASH = 0x5c
const BRACKET = 0x5b
const ZERO = 0x30
/** How many backslashes before an escape belong to it. */
const MOST_BACKSLASHES = 15
/** Digits and semicolons of a colour. */
const MOST_PARAMETERS = 16

/** The text without terminal colours, and with JSON escapes such as `\u002d` decoded; `undefined` if it has neither. */
export function plainOf(text: string): Joined | undefined {
  if (!text.includes('\\u00') && !text.includes('\x1b[') && !/\\(?:x1b|x1B|033|e)\[/.test(text))
    return undefined
  const plain = new Joined()
  const codes = new Uint16Array(text.length)
  let length = 0
  let widest = 0
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code !== BACKSLASH && code !== ESCAPE) {
      codes[length++] = code
      widest |= code
      at++
      continue
    }
    let after = at + 1
    if (code === BACKSLASH) while (text.charCodeAt(after) === BACKSLASH) after++
    const letter = code === BACKSLASH ? escapedAt(text, after) : 0
    const end = letter === 0 ? colourEnd(text, code === ESCAPE ? after : colourStart(text, after)) : after + 5
    const kept = end === 0 ? after : Math.max(at, after - MOST_BACKSLASHES)
    for (; at < kept; at++) codes[length++] = code
    if (end === 0) continue
    plain.begin(length, letter === 0 ? end : end - 1)
    if (letter !== 0) codes[length++] = letter
    at = end
  }
  if (length === text.length) return undefined
  plain.text = textOf(codes.subarray(0, length), widest)
  return plain
}

/** The printable character of an escape such as `u002d`, which backslashes precede; 0 if there is none. */
function escapedAt(text: string, at: number): number {
  if (text.charCodeAt(at) !== 0x75 || text.charCodeAt(at + 1) !== ZERO || text.charCodeAt(at + 2) !== ZERO)
    return 0
  const high = text.charCodeAt(at + 3) - ZERO
  const low = hexValue(text.charCodeAt(at + 4))
  return high >= 2 && high <= 7 && low >= 0 ? 16 * high + low : 0
}

/** Where the parameters of a colour begin whose escape character is written out: `u001b`, `x1b`, `033` or `e`. */
function colourStart(text: string, at: number): number {
  switch (text.charCodeAt(at)) {
    case 0x65:
      return at + 1
    case 0x75:
      return /^001b$/i.test(text.slice(at + 1, at + 5)) ? at + 5 : text.length
    case 0x78:
      return /^1b$/i.test(text.slice(at + 1, at + 3)) ? at + 3 : text.length
    case ZERO:
      return text.startsWith('33', at + 1) ? at + 3 : text.length
    default:
      return text.length
  }
}

/** The end of the colour whose bracket is at `at`; 0 if there is none. */
function colourEnd(text: string, at: number): number {
  if (text.charCodeAt(at) !== BRACKET) return 0
  let end = at + 1
  for (; end <= at + MOST_PARAMETERS; end++) {
    const code = text.charCodeAt(end)
    if (!(code >= ZERO && code <= 0x39) && code !== 0x3b) break
  }
  const last = text.charCodeAt(end)
  return last === 0x6d || last === 0x4b ? end + 1 : 0
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
