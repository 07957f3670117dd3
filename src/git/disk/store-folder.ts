/** The folder of one store, and the owner that works in it. */
import { setTimeout } from 'node:timers/promises'
import { LockedError } from '../../errors.ts'
import type { FileSystem } from './file-system.ts'
import type { Locks } from './locks.ts'
import type { Paths } from './paths.ts'
import type { Temporaries } from './temporaries.ts'

export interface StoreFolder {
  readonly fs: FileSystem
  readonly paths: Paths
  readonly temporaries: Temporaries
  readonly locks: Locks
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** How long to wait for a lock or a recovery of another process, in milliseconds. */
  readonly lockTimeout: number
}

/** How to wait for a lock that another process holds. */
export interface LockWait {
  readonly locks: Locks
  /** In milliseconds. */
  readonly lockTimeout: number
  /** Breaks a lock that a dead process left. */
  breakLock?(file: string): Promise<void>
}

/**
 * Takes `<file>.lock` as soon as its holder releases it or is found dead. Throws LockedError if that takes too long.
 *
 * @param why the message of the error
 */
export async function takeLock(
  { locks, lockTimeout, breakLock }: LockWait,
  file: string,
  why?: string,
): Promise<void> {
  const start = performance.now()
  while (!locks.take(file)) {
    if ((await locks.deadHolder(file)) !== undefined) {
      await breakLock?.(file)
      if (locks.take(file)) return
    }
    if (performance.now() - start >= lockTimeout) throw new LockedError(`${file}.lock`, why)
    await setTimeout(2 + Math.random() * 8)
  }
}
