/** Locks of dead processes that no journal speaks of: somebody cleaned away the journal, or copied the store. */
import { join } from 'node:path'
import type { Owner } from '../disk/identity.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import { leftJournals } from './adoption.ts'

/**
 * Removes `<file>.lock` if its owner is gone and left no journal; otherwise it is recovery's to break. Under a lock
 * of its own, so that nobody removes the one that the next owner has just taken.
 */
export async function breakOrphan(folder: StoreFolder, file: string): Promise<void> {
  const { paths, locks } = folder
  if ((await orphanOwner(folder, file)) === undefined) return
  const guard = join(paths.own, 'orphans')
  if (!locks.take(guard)) return
  try {
    const owner = await orphanOwner(folder, file)
    if (owner !== undefined) locks.breakOpen(file, owner)
  } finally {
    locks.release(guard)
  }
}

async function orphanOwner(folder: StoreFolder, file: string): Promise<Owner | undefined> {
  const owner = await folder.locks.deadHolder(file)
  return owner === undefined || leftJournals(folder, owner) ? undefined : owner
}
