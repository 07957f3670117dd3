/** Locks of dead processes that left no journal, because somebody deleted the journals or copied the store. */
import { join } from 'node:path'
import type { Owner } from '../disk/identity.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import { leftJournals } from './adoption.ts'

/**
 * Removes `<file>.lock` if its owner is gone and left no journal; a lock with a journal is broken by recovery. A second
 * lock is held meanwhile, so that no process removes a lock that the next owner has just taken.
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
