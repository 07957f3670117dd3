/** What those who save must know of purges; the purge itself is loaded by `maintain` alone. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { AnyRepository } from '../any-repository.ts'
import type { StoreFolder } from '../disk/store-folder.ts'

/** Held while something is put on a checkpoint that no locked ref keeps alive, and while a purge reads the refs. */
export const PURGE_LOCK = 'forkpoint/purge'

/** Changes with each purge of this repository, from the moment it has read the refs. */
export const purgeMark = ({ fs, paths }: Pick<AnyRepository, 'fs' | 'paths'>): string =>
  fs.readFile(join(paths.own, 'purged'))?.toString('latin1') ?? ''

/** Changes the mark: whoever has resolved a checkpoint before looks whether it still stands. PURGE_LOCK is held. */
export function changePurgeMark({ fs, paths }: Pick<StoreFolder, 'fs' | 'paths'>): void {
  fs.writeFile(join(paths.own, 'purged'), Buffer.from(`${randomUUID()}\n`))
}
