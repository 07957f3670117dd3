/**
 * Reads JSON lines as other tools write them: with or without a final newline, with CRLF, a byte order mark, blank
 * lines, a truncated last line, bytes that are not UTF-8. Nothing here throws because of a line's content.
 */
import { isUtf8 } from 'node:buffer'

/** One line of a file. Offsets are bytes from the start of the file. */
export interface RawLine {
  /** Line number, from 1. Blank lines count. */
  line: number
  start: number
  /** Offset after the last byte of the line, without its line end. */
  end: number
  /** `undefined` for a line of more than `MAX_LINE`. */
  bytes: Buffer | undefined
  /** Empty if the last line has no line end. */
  terminator: '\n' | '\r\n' | ''
  /** Whether a byte order mark precedes the line; it is not part of `bytes`. */
  bom: boolean
  /** The text of `bytes` and its value, if someone has parsed them already. */
  known?: { text: string; value: unknown }
}

export type ParsedLine =
  | { kind: 'blank' }
  /** `text`: the unchanged line. */
  | { kind: 'value'; value: unknown; text: string }
  /** A line that cannot be stored as a value: `text`, or `base64` if the bytes are not UTF-8. */
  | { kind: 'broken'; reason: string; raw: RawText }

/** An unchanged line; a long one in pieces. */
export type RawText = { text: string | readonly string[] } | { base64: string | readonly string[] }

/**
 * Maximum length of a line in bytes. Longer lines are skipped: they come close to the limits of stores and of
 * JavaScript strings.
 */
export const MAX_LINE = 128 << 20
/** Maximum length of one string in a store, in bytes. */
const MAX_STRING = 50 << 20
/** Length of one piece of a long line, in bytes. */
const PIECE = 12 << 20
/**
 * Maximum depth of a value. Deeper values are kept as raw text, so that the state stays within the limit of a store.
 */
const MAX_DEPTH = 400
const BOM = Buffer.from([0xef, 0xbb, 0xbf])

/** Yields the lines of a stream of bytes. Holds at most one line and one chunk in memory. */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<RawLine> {
  let pending: Buffer[] = []
  let length = 0
  let line = 0
  let offset = 0
  const add = (piece: Buffer): void => {
    length += piece.length
    pending.push(piece)
    if (length > MAX_LINE) pending = []
  }
  const take = (ended: boolean): RawLine => {
    line++
    const begin = offset
    const size = length
    const whole = pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending)
    pending = []
    length = 0
    offset += size + (ended ? 1 : 0)
    if (size > MAX_LINE) {
      return {
        line,
        start: begin,
        end: begin + size,
        bytes: undefined,
        terminator: ended ? '\n' : '',
        bom: false,
      }
    }
    const bom = line === 1 && whole.subarray(0, 3).equals(BOM)
    const start = begin + (bom ? 3 : 0)
    const crlf = ended && whole.at(-1) === 0x0d
    const bytes = whole.subarray(bom ? 3 : 0, crlf ? -1 : undefined)
    const terminator = ended ? (crlf ? '\r\n' : '\n') : ''
    return { line, start, end: start + bytes.length, bytes, terminator, bom }
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      add(chunk.subarray(from, at))
      from = at + 1
      yield take(true)
    }
    if (from < chunk.length) add(chunk.subarray(from))
  }
  if (length > 0) yield take(false)
}

/** Parses the bytes of a line, unless their value is known. */
export function parseLine(bytes: Buffer, known?: RawLine['known']): ParsedLine {
  if (!isUtf8(bytes)) return { kind: 'broken', reason: 'is not UTF-8', raw: inBase64(bytes) }
  const text = known?.text ?? bytes.toString('utf8')
  const broken = (reason: string): ParsedLine => ({ kind: 'broken', reason, raw: asText(text) })
  let value: unknown
  try {
    value = known === undefined ? JSON.parse(text) : known.value
  } catch {
    return /^[ \t\r\n]*$/.test(text) ? { kind: 'blank' } : broken('is not JSON')
  }
  const problem = unfit(value, MAX_DEPTH, bytes.length > MAX_STRING)
  if (problem !== undefined) return broken(problem)
  const parsed = { kind: 'value' as const, value, text }
  return bytes.length > MAX_STRING && unsaid(parsed) !== undefined
    ? broken(`has more than ${MAX_STRING >> 20} MiB that JSON cannot keep unchanged`)
    : parsed
}

/**
 * Returns the text of a line if JSON.stringify would not restore it from its value, as with `-0`, 2^53 + 1 or a
 * repeated key; otherwise `undefined`.
 */
export const unsaid = ({ value, text }: { value: unknown; text: string }): string | undefined =>
  isSaidBy(text, JSON.stringify(value)) ? undefined : text

/** Returns the bytes of a line that was kept as raw text. */
export const rawBytes = (raw: RawText): Buffer => {
  const [kept, encoding] = 'text' in raw ? [raw.text, 'utf8' as const] : [raw.base64, 'base64' as const]
  return typeof kept === 'string'
    ? Buffer.from(kept, encoding)
    : Buffer.concat(kept.map((piece) => Buffer.from(piece, encoding)))
}

/** Returns why no store can hold the value, or why JSON.stringify cannot write it; `undefined` if both can. */
function unfit(value: unknown, depth: number, long: boolean): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'has a number that is too large'
  if (typeof value === 'string') {
    const tooLong = long && Buffer.byteLength(value) > MAX_STRING
    return tooLong ? `has a string of more than ${MAX_STRING >> 20} MiB` : undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === 0) return `is nested more than ${MAX_DEPTH} deep`
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    const problem = unfit(inner, depth - 1, long)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Whether two JSON texts of one value are equal apart from white space and escapes. */
function isSaidBy(text: string, compact: string): boolean {
  return text === compact || text.trim() === compact || withoutFreedom(text) === compact
}

/** Returns the text without white space between its tokens, with each string as JSON.stringify writes it. */
function withoutFreedom(text: string): string {
  const found: string[] = []
  for (let at = 0; at < text.length; ) {
    const open = text.indexOf('"', at)
    found.push(text.slice(at, open === -1 ? undefined : open).replace(/[ \t\r\n]+/g, ''))
    if (open === -1) break
    let close = text.indexOf('"', open + 1)
    while (isEscaped(text, close)) close = text.indexOf('"', close + 1)
    const token = text.slice(open, close + 1)
    found.push(token.includes('\\') ? JSON.stringify(JSON.parse(token)) : token)
    at = close + 1
  }
  return found.join('')
}

/** Whether an odd number of backslashes precedes the position. */
function isEscaped(text: string, at: number): boolean {
  let from = at
  while (text[from - 1] === '\\') from--
  return (at - from) % 2 === 1
}

/** Returns raw text to store; a long one in pieces. */
export function asText(text: string): RawText {
  if (text.length <= PIECE) return { text }
  const pieces: string[] = []
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + PIECE)
    // Do not split a surrogate pair.
    if (/[\ud800-\udbff]/.test(text[end - 1] as string) && end < text.length) end--
    pieces.push(text.slice(at, end))
    at = end
  }
  return { text: pieces }
}

function inBase64(bytes: Buffer): RawText {
  if (bytes.length <= PIECE) return { base64: bytes.toString('base64') }
  const pieces: string[] = []
  for (let at = 0; at < bytes.length; at += PIECE) pieces.push(bytes.toString('base64', at, at + PIECE))
  return { base64: pieces }
}
