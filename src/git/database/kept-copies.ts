/** Derived data, kept where the disk allows it. */

/** Bytes of a copy at most. */
export const MOST_COPY = 4 << 20

/** Derived data, kept where the disk allows it; see `database/copies.ts`. */
export interface KeptCopies {
  mark(): string
  read(kind: string, of: string): Buffer | undefined
  write(kind: string, of: string, content: Uint8Array, mark: string): void
}
