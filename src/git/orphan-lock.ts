/** Locks of dead processes that no journal speaks of: somebody cleaned away the journal, or copied the store. */
import { join } from 'node:path'
import { hasEstate } from './adoption.ts'
import type { FileSystem } from './file-system.ts'
import type { Locks } from './lock.ts'
import type { Paths } from './paths.ts'

export interface OrphanLockParts {
  fs: FileSystem
  paths: Paths
  locks: Locks
}

/**
 * Removes `<file>.lock` if its owner is gone and left no journal; otherwise it is recovery's to break. Under a lock
 * of its own, so that nobody removes the one that the next owner has just taken.
 */
export function breakOrphan(parts: OrphanLockParts, file: string): void {
  const { fs, paths, locks } = parts
  if (!isOrphan(parts, file)) return
  const guard = join(paths.own, 'orphans')
  if (!locks.take(guard)) return
  try {
    if (isOrphan(parts, file)) fs.unlink(`${file}.lock`)
  } finally {
    locks.release(guard)
  }
}

function isOrphan(parts: OrphanLockParts, file: string): boolean {
  const owner = parts.locks.deadHolder(file)
  return owner !== undefined && !hasEstate(parts, owner)
}
