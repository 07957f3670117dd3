/** Options of a repository. */
import type { FileSystem } from './disk/file-system.ts'
import type { Identity } from './disk/identity.ts'

export interface RepositoryOptions {
  fs?: FileSystem
  /** Milliseconds since 1970. */
  now?: () => number
  /** How long to wait for a lock of another process, in milliseconds. Default 10,000. */
  lockTimeout?: number
  /**
   * Milliseconds from the first save of a chapter of the journal to its settling. Default 30,000; 1,000 if another
   * machine may use the store's disk; at most 1,000 while another process maintains the store.
   */
  settleAfter?: number
  /** Bytes of the journal after which a chapter is settled earlier. Default 16 MiB. */
  settleBytes?: number
  /** New refs in a chapter, from which on its settling packs them. Default 1,000. */
  packFrom?: number
  /** Who we are, and which owners live. Default: from the operating system. */
  identity?: Identity
}
