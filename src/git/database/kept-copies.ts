/** What can be computed again from objects, kept where that is possible. */

/** Bytes of a copy at most. */
export const MOST_COPY = 4 << 20

/** What can be computed again, kept where that is possible; see `database/copies.ts`. */
export interface KeptCopies {
  mark(): string
  read(kind: string, of: string): Buffer | undefined
  write(kind: string, of: string, content: Uint8Array, mark: string): void
}
