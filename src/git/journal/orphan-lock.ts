/** Locks of dead processes that no journal speaks of: somebody cleaned away the journal, or copied the store. */
import { join } from 'node:path'
import type { FileSystem } from '../disk/file-system.ts'
import type { Owner } from '../disk/identity.ts'
import type { Locks } from '../disk/locks.ts'
import type { Paths } from '../disk/paths.ts'
import { hasEstate } from './adoption.ts'

export interface OrphanLockParts {
  fs: FileSystem
  paths: Paths
  locks: Locks
}

/**
 * Removes `<file>.lock` if its owner is gone and left no journal; otherwise it is recovery's to break. Under a lock
 * of its own, so that nobody removes the one that the next owner has just taken.
 */
export async function breakOrphan(parts: OrphanLockParts, file: string): Promise<void> {
  const { paths, locks } = parts
  if ((await orphanOwner(parts, file)) === undefined) return
  const guard = join(paths.own, 'orphans')
  if (!locks.take(guard)) return
  try {
    const owner = await orphanOwner(parts, file)
    if (owner !== undefined) locks.breakOpen(file, owner)
  } finally {
    locks.release(guard)
  }
}

async function orphanOwner(parts: OrphanLockParts, file: string): Promise<Owner | undefined> {
  const owner = await parts.locks.deadHolder(file)
  return owner === undefined || hasEstate(parts, owner) ? undefined : owner
}
