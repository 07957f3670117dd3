/** Removes secrets from a transcript before it is read: line by line, and inside the JSON of a line that is JSON. */

import { type Path, type Redact, redactValue } from '../../redaction/redact.ts'
import type { ByteSource } from '../byte-source.ts'
import { MAX_LINE, type RawLine, readLines } from '../jsonl.ts'
import type { Frame } from './documents/frame.ts'

/** Number of bytes per read. */
const BATCH = 1 << 20

/** How secrets are removed. */
export interface Redaction {
  redact: Redact
  /** A quick check: returns true only for a value that `redact` leaves unchanged. */
  isClean?: (value: unknown) => boolean
}

/** A range of the redacted text: bytes of the source from `from` on, or other bytes. */
export interface Piece {
  start: number
  end: number
  from: number
  bytes?: Uint8Array
}

/**
 * Returns the redacted source, or the source itself if it has no secrets. Lines with a secret are rewritten; all others
 * stay unchanged, byte for byte. Only changed lines are held in memory. A line that is too long to be read is not
 * changed, because it is not imported.
 */
export async function redactedSource(source: ByteSource, redaction: Redaction): Promise<ByteSource> {
  const pieces: Piece[] = []
  for await (const _ of redactedLines(source, redaction, pieces));
  const clean = ofPieces(source, pieces)
  if (source.frame === undefined) return clean
  return { ...clean, frame: await redactedFrame(source.frame, redaction.redact) }
}

/**
 * Returns a source that is redacted when its lines are read for the first time, by `linesOf`. That comes before any other
 * use of it, except that its name and time are known. `pieces` returns what the redacted text consists of.
 */
export function redactedAsRead(
  source: ByteSource,
  redaction: Redaction,
): ByteSource & { pieces(): readonly Piece[] } {
  let pieces: Piece[] = []
  let clean: ByteSource | undefined
  const known = (): ByteSource => {
    if (clean === undefined) throw new TypeError(`The lines of '${source.name}' have not been read.`)
    return clean
  }
  return {
    name: source.name,
    modified: source.modified,
    get size() {
      return known().size
    },
    chunks: () => known().chunks(),
    // Lines that were read may be read again before the others.
    read: (start, end) => (clean ?? ofPieces(source, pieces)).read(start, end),
    async *lines() {
      if (clean === undefined) {
        pieces = []
        yield* redactedLines(source, redaction, pieces)
        clean = ofPieces(source, pieces)
      } else yield* readLines(clean.chunks())
    },
    pieces: () => pieces,
  }
}

/** Yields the redacted lines, and adds to `pieces` what the redacted text consists of. */
async function* redactedLines(
  source: ByteSource,
  redaction: Redaction,
  pieces: Piece[],
): AsyncGenerator<RawLine> {
  let [from, end] = [0, 0]
  for await (const line of readLines(source.chunks())) {
    const next = line.end + line.terminator.length
    const kept = redactedLine(line, redaction)
    const bytes = kept instanceof Promise ? await kept : kept
    const last = pieces.at(-1)
    const length = bytes?.length ?? next - from
    if (bytes !== undefined) pieces.push({ start: end, end: end + length, from, bytes })
    else if (last?.bytes === undefined && last !== undefined) last.end += length
    else pieces.push({ start: end, end: end + length, from })
    yield bytes === undefined ? moved(line, end - from) : changed(line, bytes, end)
    from = next
    end += length
  }
}

function moved(line: RawLine, by: number): RawLine {
  return by === 0 ? line : { ...line, start: line.start + by, end: line.end + by }
}

/** @param whole the new bytes of the line, with byte order mark and line end, which are at `at` */
function changed({ line, bom, terminator }: RawLine, whole: Buffer, at: number): RawLine {
  const [skipped, ending] = [bom ? 3 : 0, terminator.length]
  const bytes = whole.subarray(skipped, whole.length - ending)
  const isTooLong = whole.length - (ending > 0 ? 1 : 0) > MAX_LINE
  const range = isTooLong
    ? { start: at, end: at + whole.length - (ending > 0 ? 1 : 0) }
    : { start: at + skipped, end: at + skipped + bytes.length }
  return { line, ...range, bytes: isTooLong ? undefined : bytes, terminator, bom }
}

/** Makes the source out of what its redacted text consists of. */
export function ofPieces(source: ByteSource, pieces: readonly Piece[]): ByteSource {
  return pieces.some(({ bytes }) => bytes !== undefined) ? sourceOfPieces(source, pieces) : source
}

async function redactedFrame(frame: Frame, redact: Redact): Promise<Frame> {
  if (frame.kind === 'text') return frame
  const value: unknown = JSON.parse(frame.text)
  const kept = await redactValue(value, redact, ['document'])
  return kept === value ? frame : { ...frame, text: JSON.stringify(kept ?? null) }
}

function sourceOfPieces(source: ByteSource, pieces: readonly Piece[]): ByteSource {
  const read = async (start: number, end: number): Promise<Buffer> => {
    const first = pieces.findIndex((piece) => piece.end > start)
    const parts: Buffer[] = []
    for (const { start: begin, end: stop, from, bytes } of pieces.slice(Math.max(first, 0))) {
      if (begin >= end) break
      const [a, b] = [Math.max(start, begin) - begin, Math.min(end, stop) - begin]
      parts.push(
        bytes === undefined ? await source.read(from + a, from + b) : Buffer.from(bytes.subarray(a, b)),
      )
    }
    return Buffer.concat(parts)
  }
  const size = pieces.at(-1)!.end
  return {
    name: source.name,
    size,
    modified: source.modified,
    async *chunks() {
      for (let at = 0; at < size; at += BATCH) yield await read(at, Math.min(size, at + BATCH))
    },
    read,
  }
}

/**
 * Returns the redacted line with its line end, or a promise of it; `undefined` if the line does not change. Then the line
 * gets its value, so that it is not parsed again.
 */
function redactedLine(
  raw: RawLine,
  { redact, isClean }: Redaction,
): Buffer | undefined | Promise<Buffer | undefined> {
  const { bytes } = raw
  if (bytes === undefined) return undefined
  const text = bytes.toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return isClean?.(text) ? undefined : redactedValue(raw, text, redact, (kept) => String(kept ?? ''))
  }
  if (isClean?.(value)) {
    raw.known = { value, text }
    return undefined
  }
  return redactedValue(raw, value, redact, (kept) => JSON.stringify(kept ?? null))
}

async function redactedValue(
  { line, bom, terminator }: RawLine,
  value: unknown,
  redact: Redact,
  textOf: (kept: unknown) => string,
): Promise<Buffer | undefined> {
  const path: Path = ['lines', line - 1]
  const kept = await redactValue(value, redact, path)
  if (kept === value) return undefined
  return Buffer.from(`${bom ? '\ufeff' : ''}${textOf(kept)}${terminator}`)
}
