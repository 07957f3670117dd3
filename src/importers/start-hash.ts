/** SHA-256 of the beginning of a file, to recognize a continuation of the file. */
import { createHash } from 'node:crypto'
import type { ByteSource } from './byte-source.ts'
import type { Turn } from './importer.ts'
import type { RawLine } from './jsonl.ts'

/** Sets the hash in the cursor of each turn: of the file up to the end of the turn. */
export async function hashCursors(source: ByteSource, turns: readonly Turn[]): Promise<void> {
  const hashes = await hashesAt(
    source,
    turns.map(({ cursor }) => cursor.bytes),
  )
  for (const turn of turns) turn.cursor = { ...turn.cursor, sha256: hashes.get(turn.cursor.bytes) as string }
}

/** Returns the hash of all bytes before each offset, in hex. Reads the source once, up to the last offset. */
export async function hashesAt(
  source: ByteSource,
  offsets: Iterable<number>,
): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>()
  const hash = createHash('sha256')
  const waiting = [...new Set(offsets)].sort((a, b) => b - a)
  let at = 0
  const note = (): void => {
    for (; waiting.at(-1) === at; waiting.pop()) found.set(at, hash.copy().digest('hex'))
  }
  note()
  if (waiting.length === 0) return found
  for await (const chunk of source.chunks()) {
    const end = at + chunk.length
    for (let from = 0; from < chunk.length && waiting.length > 0; ) {
      const next = Math.min(end, waiting.at(-1) as number) - (end - chunk.length)
      hash.update(chunk.subarray(from, next))
      at += next - from
      from = next
      note()
    }
    if (waiting.length === 0) break
  }
  return found
}

/** The hash of a file that is read line by line, up to the end of a line. */
export class StartHash {
  readonly #hash = createHash('sha256')
  /** Bytes after the last line that counts. */
  #after: Buffer[] = []

  /** Adds the next line. A line without content counts only if one with content follows. */
  add({ bom, terminator }: RawLine, bytes: Buffer, hasContent: boolean): void {
    if (bom) this.#after.push(BOM)
    this.#after.push(bytes)
    if (hasContent) {
      for (const piece of this.#after) this.#hash.update(piece)
      this.#after.length = 0
    }
    if (terminator !== '') this.#after.push(terminator === '\n' ? LF : CRLF)
  }

  /** Returns the hash up to the end of the last line with content, in hex. */
  digest(): string {
    return this.#hash.copy().digest('hex')
  }
}

const BOM = Buffer.from('\ufeff')
const LF = Buffer.from('\n')
const CRLF = Buffer.from('\r\n')
