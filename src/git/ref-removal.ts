/** Removing refs, wherever they are, in one transaction. */
import { LockedError } from '../errors.ts'
import type { Locks } from './lock.ts'
import type { Refs } from './refs.ts'

export interface RefRemovalParts {
  refs: Refs
  locks: Locks
  lockTimeout: number
}

/**
 * Removes refs whose locks the caller holds. First from packed-refs, in one rewrite under git's own lock (which
 * `git pack-refs` and `git gc` hold for moments), then the loose files: a reader never sees an old value
 * come back. Throws LockedError, StorageError.
 */
export async function removeRefs(
  { refs, locks, lockTimeout }: RefRemovalParts,
  names: readonly string[],
): Promise<void> {
  if (names.some((ref) => refs.isPacked(ref))) {
    const start = performance.now()
    while (!locks.take(refs.packedPath)) {
      const waited = performance.now() - start
      if (waited > lockTimeout) throw new LockedError(`${refs.packedPath}.lock`)
      await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 8))
    }
    try {
      await refs.removePacked(names)
    } finally {
      locks.release(refs.packedPath)
    }
  }
  refs.removeLoose(names)
}
