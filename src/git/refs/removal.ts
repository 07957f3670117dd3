/** Removes loose and packed refs in one transaction. */
import type { RefName } from '../../ids.ts'
import { type LockWait, takeLock } from '../disk/store-folder.ts'
import type { Refs } from './refs.ts'

/**
 * Removes refs whose locks the caller holds. They are removed from packed-refs first, in one rewrite, then the loose
 * files: so a reader never sees an old value again. packed-refs stays locked (`git pack-refs` and `git gc` hold it for
 * moments too) even if none of them is in it, so that git does not pack a ref while we remove it. Throws LockedError,
 * StorageError.
 */
export async function removeRefs(refs: Refs, wait: LockWait, names: readonly RefName[]): Promise<void> {
  const removal = await prepareRemoval(refs, wait, names)
  try {
    removal.run()
  } finally {
    removal.end()
  }
}

/** A removal that needs no more room on the disk. packed-refs is locked until `end`. */
export interface Removal {
  run(): void
  end(): void
}

/** As `removeRefs`, but the refs still exist until `run`. Call `end` in any case. */
export async function prepareRemoval(
  refs: Refs,
  wait: LockWait,
  names: readonly RefName[],
): Promise<Removal> {
  await takeLock(wait, refs.packedPath)
  const unlock = (): void => wait.locks.release(refs.packedPath)
  try {
    const isPacked = names.some((ref) => refs.packedValue(ref) !== undefined)
    let packed = isPacked ? await refs.withoutPacked(names) : undefined
    const place = (): void => {
      const staged = packed
      packed = undefined
      staged?.place()
    }
    return {
      run: () => {
        place()
        refs.removeLoose(names)
      },
      end: () => {
        packed?.discard()
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}
