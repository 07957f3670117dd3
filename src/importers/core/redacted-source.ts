/** Removes secrets from a transcript before it is read: line by line, and inside the JSON of a line that is JSON. */

import { type Path, type Redact, redactValue } from '../../redaction/redact.ts'
import type { ByteSource } from '../byte-source.ts'
import { type RawLine, readLines } from '../jsonl.ts'
import type { Frame } from './documents/frame.ts'

/** Number of bytes per read. */
const BATCH = 1 << 20

/** A range of the redacted text: bytes of the source from `from` on, or other bytes. */
interface Piece {
  start: number
  end: number
  from: number
  bytes?: Buffer
}

/**
 * Returns the redacted source, or the source itself if it has no secrets. Lines with a secret are rewritten; all others
 * stay unchanged, byte for byte. Only changed lines are held in memory. A line that is too long to be read is not
 * changed, because it is not imported.
 */
export async function redactedSource(source: ByteSource, redact: Redact): Promise<ByteSource> {
  const pieces: Piece[] = []
  let [from, end] = [0, 0]
  for await (const line of readLines(source.chunks())) {
    const next = line.end + line.terminator.length
    const bytes = await redactedLine(line, redact)
    const last = pieces.at(-1)
    const length = bytes?.length ?? next - from
    if (bytes !== undefined) pieces.push({ start: end, end: end + length, from, bytes })
    else if (last?.bytes === undefined && last !== undefined) last.end += length
    else pieces.push({ start: end, end: end + length, from })
    from = next
    end += length
  }
  const clean = pieces.some(({ bytes }) => bytes !== undefined) ? ofPieces(source, pieces) : source
  return source.frame === undefined ? clean : { ...clean, frame: await redactedFrame(source.frame, redact) }
}

async function redactedFrame(frame: Frame, redact: Redact): Promise<Frame> {
  if (frame.kind === 'text') return frame
  const value: unknown = JSON.parse(frame.text)
  const kept = await redactValue(value, redact, ['document'])
  return kept === value ? frame : { ...frame, text: JSON.stringify(kept ?? null) }
}

function ofPieces(source: ByteSource, pieces: readonly Piece[]): ByteSource {
  const read = async (start: number, end: number): Promise<Buffer> => {
    const first = pieces.findIndex((piece) => piece.end > start)
    const parts: Buffer[] = []
    for (const { start: begin, end: stop, from, bytes } of pieces.slice(Math.max(first, 0))) {
      if (begin >= end) break
      const [a, b] = [Math.max(start, begin) - begin, Math.min(end, stop) - begin]
      parts.push(bytes === undefined ? await source.read(from + a, from + b) : bytes.subarray(a, b))
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

/** Returns the redacted line with its line end; `undefined` if the line does not change. */
async function redactedLine(
  { bytes, line, bom, terminator }: RawLine,
  redact: Redact,
): Promise<Buffer | undefined> {
  if (bytes === undefined) return undefined
  const text = bytes.toString('utf8')
  const path: Path = ['lines', line - 1]
  const written = (kept: string): Buffer => Buffer.from(`${bom ? '\ufeff' : ''}${kept}${terminator}`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const kept = await redactValue(text, redact, path)
    return kept === text ? undefined : written(String(kept ?? ''))
  }
  const kept = await redactValue(value, redact, path)
  return kept === value ? undefined : written(JSON.stringify(kept ?? null))
}
