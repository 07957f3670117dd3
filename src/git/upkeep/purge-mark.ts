/** What saving has to know about purges; the code of a purge itself is loaded only by `maintain`. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { AnyRepository } from '../any-repository.ts'
import type { StoreFolder } from '../disk/store-folder.ts'

/**
 * Held while a ref or a commit is put on a checkpoint that no locked ref keeps alive, and while a purge reads the refs.
 */
export const PURGE_LOCK = 'forkpoint/purge'

/** A value that each purge of this repository changes, as soon as it has read the refs. */
export const purgeMark = ({ fs, paths }: Pick<AnyRepository, 'fs' | 'paths'>): string =>
  fs.readFile(join(paths.own, 'purged'))?.toString('latin1') ?? ''

/**
 * Changes the mark: a process that resolved a checkpoint before checks that it still exists. The caller holds
 * PURGE_LOCK.
 */
export function changePurgeMark({ fs, paths }: Pick<StoreFolder, 'fs' | 'paths'>): void {
  fs.writeFile(join(paths.own, 'purged'), Buffer.from(`${randomUUID()}\n`))
}

/**
 * Notes, synced, that refs are about to go whose objects a purge shall remove: a process that only drops the refs, or
 * that is stopped before its purge, leaves the rest to the next `maintain`.
 */
export async function notePurgeDue({ fs, paths }: Pick<StoreFolder, 'fs' | 'paths'>): Promise<void> {
  const file = join(paths.own, DUE)
  fs.writeFile(file, Buffer.from(`${randomUUID()}\n`))
  await fs.syncFile(file)
  await fs.syncDir(paths.own)
}

/** Returns the newest note, `undefined` if no purge is due. */
export const purgeDue = ({ fs, paths }: Pick<AnyRepository, 'fs' | 'paths'>): string | undefined =>
  fs.readFile(join(paths.own, DUE))?.toString('latin1')

/** Removes the note after a purge, unless there is a newer one than the purge found. */
export function purgeIsDone(repository: Pick<StoreFolder, 'fs' | 'paths'>, found: string | undefined): void {
  if (found !== undefined && purgeDue(repository) === found)
    repository.fs.unlink(join(repository.paths.own, DUE))
}

const DUE = 'purge-due'
