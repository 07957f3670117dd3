/** Somewhere to keep one value under a key: all that a store without history needs. */

export type Now<T> = T | Promise<T>

/**
 * Keeps bytes by key. A key is 1 to about 200 characters of `a-z`, `0-9`, `_`, `-`, `.`, `%` and `+`: it fits a file
 * name, and two keys never differ in case alone. Errors are thrown as they are.
 */
export interface Blobs {
  /** Whether what is kept outlives the process. */
  readonly persistent: boolean
  /** `undefined` when there is nothing under the key. */
  read(key: string): Now<Uint8Array | undefined>
  /**
   * Keeps the bytes if what is there still is `seen` (`undefined`: nothing), in one step; says whether it did. Once it
   * resolves, the bytes are kept as durably as they ever will be.
   */
  replace(key: string, bytes: Uint8Array, seen: Uint8Array | undefined): Now<boolean>
  /** Says whether there was something. */
  remove(key: string): Now<boolean>
  /** All keys, in no order. */
  keys(): Now<Iterable<string>>

  /** Whether there is something, where reading costs more. */
  has?(key: string): Now<boolean>
  /** The first bytes, where reading all costs more. */
  readStart?(key: string): Now<Uint8Array | undefined>
  /**
   * Does the work while no other process changes what is under the key. Without it, a write that another process was
   * ahead of is decided again. Writes of one store object to one key come one after another in any case.
   */
  exclusively?<T>(key: string, work: () => Promise<T>): Promise<T>
  /** What errors call it, such as the path of a file. Default: the key. */
  nameOf?(key: string): string
  /** 32 bytes that only this store has: marks of redacted secrets are made with them. Default: a key of the process. */
  markKey?(): Now<Uint8Array>
  /** Bytes of all that is kept. */
  size?(): Now<number>
  /** Called by `maintain`: removes what is left over. */
  clean?(): Now<void>
  close?(): Now<void>
}
