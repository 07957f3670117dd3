/** The key-value storage that a store without history needs. */

export type Now<T> = T | Promise<T>

/**
 * Keeps bytes by key. A key has 1 to about 200 characters of `a-z`, `0-9`, `_`, `-`, `.`, `%` and `+`. So it can be a
 * file name, and two keys never differ only in case. Errors that a method throws reach the caller unchanged.
 */
export interface Blobs {
  /** Whether the values remain after the process ends. */
  readonly persistent: boolean
  /** Returns the bytes; `undefined` if the key does not exist. */
  read(key: string): Now<Uint8Array | undefined>
  /**
   * Atomically replaces the value if it still is `seen` (`undefined`: the key must not exist). Returns whether it did.
   * When it resolves, the bytes are as durable as they will ever be.
   */
  replace(key: string, bytes: Uint8Array, seen: Uint8Array | undefined): Now<boolean>
  /** Removes the key. Returns whether it existed. */
  remove(key: string): Now<boolean>
  /** Returns all keys, in any order. */
  keys(): Now<Iterable<string>>

  /** Whether the key exists, if that costs less than reading. */
  has?(key: string): Now<boolean>
  /** Returns the first bytes, if that costs less than reading all. */
  readStart?(key: string): Now<Uint8Array | undefined>
  /**
   * Does the work while no other process changes the value. Without this method, a write is tried again if another
   * process wrote first. Writes of one store object to one key never overlap in any case.
   */
  exclusively?<T>(key: string, work: () => Promise<T>): Promise<T>
  /** Returns the name that errors use for the value, such as the path of a file. Default: the key. */
  nameOf?(key: string): string
  /**
   * Returns 32 secret bytes of this store: the key for the marks of redacted secrets. Default: a key of the process.
   */
  markKey?(): Now<Uint8Array>
  /** Returns the bytes of all values. */
  size?(): Now<number>
  /** Called by `maintain`: removes leftover files or records. */
  clean?(): Now<void>
  close?(): Now<void>
}
