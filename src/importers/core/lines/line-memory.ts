/**
 * What the first pass over a file found out about its lines, so that the second need not parse them again: of a file of
 * some MB all lines, of a larger one those at its beginning.
 */
import { type ByteSource, readRanges } from '../../byte-source.ts'
import type { Row } from '../../importer.ts'

/** Bytes of the lines that are remembered. */
const LIMIT = 48 << 20

export class LineMemory<Found> {
  readonly #lines = new Map<number, { found: Found; size: number }>()
  #room = LIMIT

  keep({ line, start, end }: Row, found: Found): void {
    const size = end - start
    if (size > this.#room) return
    this.#room -= size
    this.#lines.set(line, { found, size })
  }

  /**
   * What is known of these lines, in their order. It is forgotten then: most turns are built once.
   *
   * @param find finds it out again, from the bytes of the line
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
