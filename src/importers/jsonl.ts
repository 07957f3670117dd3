/**
 * JSON lines as other tools leave them: with or without a final newline, with CRLF, a byte order mark, blank lines,
 * a last line that was cut off, bytes that are no UTF-8. Nothing here throws because of what a line says.
 */
import { isUtf8 } from 'node:buffer'

/** One line, as it lies in the file. Offsets are bytes from the start of the file. */
export interface RawLine {
  /** From 1 on. Blank lines count. */
  line: number
  start: number
  /** Offset behind the last byte of the line, its line end not included. */
  end: number
  bytes: Buffer
  /** Empty for a last line without one. */
  terminator: '\n' | '\r\n' | ''
  /** Whether a byte order mark stands before the line; it is not part of `bytes`. */
  bom: boolean
}

export type ParsedLine =
  | { kind: 'blank' }
  /** `text`: only where JSON.stringify would not give the value back, as with `-0`. */
  | { kind: 'value'; value: unknown; text?: string }
  /** Not a value we can keep as one: `text`, or `base64` when the bytes are no UTF-8. */
  | { kind: 'broken'; reason: string; raw: RawText }

export type RawText = { text: string } | { base64: string }

/** Deeper values are kept as raw text, so that a state with them stays within what a store takes. */
const MAX_DEPTH = 400
const BOM = Buffer.from([0xef, 0xbb, 0xbf])

/** The lines of a stream of bytes, one at a time: no more than a line and a chunk are held. */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<RawLine> {
  let pending: Buffer[] = []
  let line = 0
  let offset = 0
  const take = (ended: boolean): RawLine => {
    const whole = pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending)
    pending = []
    line++
    const bom = line === 1 && whole.subarray(0, 3).equals(BOM)
    const start = offset + (bom ? 3 : 0)
    const crlf = ended && whole.at(-1) === 0x0d
    const bytes = whole.subarray(bom ? 3 : 0, crlf ? -1 : undefined)
    offset += whole.length + (ended ? 1 : 0)
    return {
      line,
      start,
      end: start + bytes.length,
      bytes,
      terminator: ended ? (crlf ? '\r\n' : '\n') : '',
      bom,
    }
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      pending.push(chunk.subarray(from, at))
      from = at + 1
      yield take(true)
    }
    if (from < chunk.length) pending.push(chunk.subarray(from))
  }
  if (pending.length > 0) yield take(false)
}

/** What the bytes of a line say. */
export function parseLine(bytes: Buffer): ParsedLine {
  if (!isUtf8(bytes)) {
    return { kind: 'broken', reason: 'is not UTF-8', raw: { base64: bytes.toString('base64') } }
  }
  const text = bytes.toString('utf8')
  if (/^[ \t\r\n]*$/.test(text)) return { kind: 'blank' }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'broken', reason: 'is not JSON', raw: { text } }
  }
  const problem = keepable(value, MAX_DEPTH)
  if (problem === 'zero') return { kind: 'value', value, text }
  if (problem !== undefined) return { kind: 'broken', reason: problem, raw: { text } }
  return { kind: 'value', value }
}

/** The text of a line that was kept raw, as bytes. */
export const rawBytes = (raw: RawText): Buffer =>
  'text' in raw ? Buffer.from(raw.text, 'utf8') : Buffer.from(raw.base64, 'base64')

/** `undefined` when the value survives a store and JSON.stringify; `zero` when only a `-0` does not survive the latter. */
function keepable(value: unknown, depth: number): string | undefined {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return 'has a number that is too large'
    return Object.is(value, -0) ? 'zero' : undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === 0) return `is nested more than ${MAX_DEPTH} deep`
  let found: string | undefined
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    const problem = keepable(inner, depth - 1)
    if (problem !== undefined && problem !== 'zero') return problem
    found ??= problem
  }
  return found
}
