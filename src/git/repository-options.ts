/** What a repository can be told when it is made. */
import type { FileSystem } from './disk/file-system.ts'
import type { Identity } from './disk/identity.ts'

export interface RepositoryOptions {
  fs?: FileSystem
  /** Milliseconds since 1970. */
  now?: () => number
  /** How long a lock of somebody else is waited for, in milliseconds. Default 10,000. */
  lockTimeout?: number
  /**
   * A chapter of the journal is settled at the latest this long after its first save, in milliseconds. Default 30,000;
   * where another machine can have the store's disk as well, 1,000. While another process maintains the store, at most
   * 1,000.
   */
  settleAfter?: number
  /** … or when its journal has this many bytes. Default 16 MiB. */
  settleBytes?: number
  /** Who we are, and who still lives. Default: what the system says. */
  identity?: Identity
}
