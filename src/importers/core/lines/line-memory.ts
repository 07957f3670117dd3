/**
 * Remembers the parsed lines of the first pass over a file, so that the second pass does not parse them again. Holds
 * all lines of a file of some MB, but only the first lines of a larger file.
 */
import { type ByteSource, readRanges } from '../../byte-source.ts'
import type { Row } from '../../importer.ts'

/** Total length in bytes of the remembered lines. */
const LIMIT = 48 << 20

export class LineMemory<Found> {
  readonly #lines = new Map<number, { found: Found; size: number }>()
  #room: number

  constructor(limit = LIMIT) {
    this.#room = limit
  }

  /** Remembers no more lines than before. */
  close(): void {
    this.#room = 0
  }

  keep({ line, start, end }: Row, found: Found): void {
    const size = end - start
    if (size > this.#room) return
    this.#room -= size
    this.#lines.set(line, { found, size })
  }

  /**
   * Yields the parsed lines, in order, and forgets them, because most turns are built only once.
   *
   * @param find parses a line that is not remembered
   */
  async *take<R extends Row>(
    source: ByteSource,
    rows: readonly R[],
    find: (row: R, bytes: Buffer) => Found,
  ): AsyncGenerator<[R, Found]> {
    for (let at = 0; at < rows.length; ) {
      const row = rows[at] as R
      const kept = this.#lines.get(row.line)
      if (kept !== undefined) {
        this.#lines.delete(row.line)
        this.#room += kept.size
        yield [row, kept.found]
        at++
        continue
      }
      let end = at + 1
      while (end < rows.length && !this.#lines.has((rows[end] as R).line)) end++
      for await (const [one, bytes] of readRanges(source, rows.slice(at, end))) yield [one, find(one, bytes)]
      at = end
    }
  }
}
