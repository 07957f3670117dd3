/** Files as texts, and back to the same bytes. */
import { ToolFailure } from './outcome.ts'

/** `bytes`: text of another encoding, one character per byte; only its ASCII characters are known. */
export type Encoding = 'utf8' | 'utf16le' | 'utf16be' | 'bytes'

export interface Text {
  /** Without its byte order mark. */
  text: string
  encoding: Encoding
  /** Whether the file begins with a byte order mark. */
  mark: boolean
}

const MARKS: Readonly<Record<Encoding, Buffer>> = {
  utf8: Buffer.of(0xef, 0xbb, 0xbf),
  utf16le: Buffer.of(0xff, 0xfe),
  utf16be: Buffer.of(0xfe, 0xff),
  bytes: Buffer.of(),
}

/** The text of a file; `undefined` when the file is not text. */
export function decodeText(bytes: Buffer): Text | undefined {
  const wide = (['utf16le', 'utf16be'] as const).find((one) => bytes.subarray(0, 2).equals(MARKS[one]))
  if (wide !== undefined) {
    const text = decoded(bytes.subarray(2), wide === 'utf16le' ? 'utf-16le' : 'utf-16be')
    return text === undefined || text.includes('\0') ? undefined : { text, encoding: wide, mark: true }
  }
  if (bytes.subarray(0, 8000).includes(0)) return undefined
  const mark = bytes.subarray(0, 3).equals(MARKS.utf8)
  const text = decoded(mark ? bytes.subarray(3) : bytes, 'utf-8')
  if (text !== undefined) return { text, encoding: 'utf8', mark }
  const characters = bytes.toString('latin1')
  return CONTROL.test(characters) ? undefined : { text: characters, encoding: 'bytes', mark: false }
}

/** The bytes of a text. Throws ToolFailure for half of a surrogate pair, which no encoding has bytes for. */
export function encodeText({ encoding, mark, text }: Text): Buffer {
  if (!text.isWellFormed()) throw new ToolFailure('the text has an unpaired surrogate')
  const bytes = Buffer.from(text, encoding === 'utf8' ? 'utf8' : encoding === 'bytes' ? 'latin1' : 'utf16le')
  if (encoding === 'utf16be') bytes.swap16()
  return mark ? Buffer.concat([MARKS[encoding], bytes]) : bytes
}

/** The text for a model: bytes that are not UTF-8 become U+FFFD. */
export const shownText = ({ encoding, text }: Text): string =>
  encoding === 'bytes' ? Buffer.from(text, 'latin1').toString('utf8') : text

// Control characters that no text has in any encoding; tab, line ends, form feed, backspace and escape are allowed.
const CONTROL = /[\u0000-\u0007\u000b\u000e-\u001a\u001c-\u001f]/

function decoded(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
