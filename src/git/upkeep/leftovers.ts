/** Files that interrupted processes leave behind and nothing else removes. */
import { join } from 'node:path'
import type { FileSystem } from '../disk/file-system.ts'
import type { Paths } from '../disk/paths.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import { removeFolder } from '../disk/temporaries.ts'
import { ownerOfKeep } from '../merging/removal.ts'
import { retiredLists } from '../merging/retired.ts'
import type { Placement } from '../packs/placement.ts'
import { journaledPacks } from './roots.ts'

/** Removes leftovers, after the journals of dead processes have been recovered. Throws StorageError. */
export async function removeLeftovers(placement: Placement): Promise<void> {
  const { folder } = placement
  await removeStrayKeeps(placement)
  removeHalfPacks(folder)
  removeGitTemporaries(folder)
  removeOwnTemporaries(folder)
  removeCopies(folder, (name) => name.endsWith('.tmp'))
  removeEmptyRefFolders(folder)
  removeEmptyObjectFolders(folder)
  await folder.fs.syncDir(folder.paths.packs)
  removeStaleLists(placement)
}

/** Removes copies of derived data, by default all of them. Throws StorageError. */
export function removeCopies(
  { fs, paths }: Pick<StoreFolder, 'fs' | 'paths'>,
  which: (name: string) => boolean = () => true,
): void {
  if (fs.stat(paths.copies)?.kind !== 'folder') return
  for (const name of fs.readDir(paths.copies)) if (which(name)) fs.unlink(join(paths.copies, name))
}

/**
 * Our `.keep` of a pack is written after its group is in the journal, and removed when the group is in place, or, for a
 * fetched pack, when refs lead into it. If no journal that is read after the `.keep` was seen names the pack, and its
 * owner is not alive, then the `.keep` is a leftover. During a recovery the journals are incomplete.
 */
async function removeStrayKeeps(placement: Placement): Promise<void> {
  const { fs, paths, locks } = placement.folder
  const kept = fs.readDir(paths.packs).flatMap((file) => {
    const name = /^pack-([0-9a-f]{40})\.keep$/.exec(file)?.[1]
    const path = join(paths.packs, file)
    const isFile = name !== undefined && fs.stat(path)?.kind === 'file'
    const owner = isFile ? ownerOfKeep(fs.readFile(path)) : undefined
    return owner === undefined ? [] : [{ name: name!, owner }]
  })
  if (kept.length === 0 || fs.readDir(paths.journals).some((name) => name.includes('.by-'))) return
  const journaled = journaledPacks(placement.folder)
  for (const { name, owner } of kept) {
    if (journaled.has(name) || placement.isHeld(name)) continue
    if (owner.id === locks.owner.id || (await locks.liveness(owner)) !== 'alive') placement.unkeep(name)
  }
}

/** A pack without its index, or an index without its pack; git ignores both. */
function removeHalfPacks(folder: StoreFolder): void {
  const { fs, paths } = folder
  const names = new Set(fs.readDir(paths.packs))
  const journaled = journaledPacks(folder)
  for (const file of names) {
    const [, name, ending] = /^pack-([0-9a-f]{40})\.(pack|idx|rev|bitmap|mtimes)$/.exec(file) ?? []
    if (name === undefined || journaled.has(name) || names.has(`pack-${name}.keep`)) continue
    const isWhole =
      names.has(`pack-${name}.pack`) && (ending === 'pack' ? names.has(`pack-${name}.idx`) : true)
    if (!isWhole && isOld(fs, join(paths.packs, file), HOUR)) fs.unlink(join(paths.packs, file))
  }
}

/** As `git prune` removes them; git never takes this long to write one. */
function removeGitTemporaries({ fs, paths }: StoreFolder): void {
  for (const name of fs.readDir(paths.packs)) {
    if (/^(?:tmp_|\.tmp-)/.test(name) && isOld(fs, join(paths.packs, name), DAY))
      fs.unlink(join(paths.packs, name))
  }
  for (const folder of objectFolders(fs, paths)) {
    for (const name of fs.readDir(folder)) {
      if (name.startsWith('tmp_obj_') && isOld(fs, join(folder, name), DAY)) fs.unlink(join(folder, name))
    }
  }
}

/**
 * Packs that git was writing for us, and packs that it had fetched. Other temporaries are removed with their owner's
 * journals.
 */
function removeOwnTemporaries({ fs, paths, locks }: StoreFolder): void {
  const owners = new Set([locks.owner.id, ...fs.readDir(paths.journals).map((name) => name.slice(0, 16))])
  for (const name of fs.readDir(paths.temporaries)) {
    const path = join(paths.temporaries, name)
    if (owners.has(name.slice(0, 16)) || !isOld(fs, path, HOUR)) continue
    const kind = fs.stat(path)?.kind
    if (kind === 'file') fs.unlink(path)
    else if (kind === 'folder') removeFolder(fs, path)
  }
}

/** A process that needs one makes it again. */
function removeEmptyRefFolders({ fs, paths }: StoreFolder): void {
  const walk = (folder: string, isTop: boolean): void => {
    for (const [name, kind] of fs.readKinds(folder)) if (kind === 'folder') walk(join(folder, name), false)
    if (!isTop) fs.removeDir(folder)
  }
  for (const top of ['heads', 'tags', 'forkpoint']) walk(join(paths.root, 'refs', top), true)
}

function removeEmptyObjectFolders({ fs, paths }: StoreFolder): void {
  for (const folder of objectFolders(fs, paths)) if (fs.readDir(folder).length === 0) fs.removeDir(folder)
}

/** Lists of merged packs that are all gone for good. */
function removeStaleLists(placement: Placement): void {
  const { fs, paths } = placement.folder
  for (const { path, packs } of retiredLists(fs, paths.retired))
    if (!packs.some((pack) => placement.has(pack))) fs.unlink(path)
}

const objectFolders = (fs: FileSystem, { objects }: Paths): string[] =>
  [...fs.readKinds(objects)]
    .filter(([name, kind]) => kind === 'folder' && /^[0-9a-f]{2}$/.test(name))
    .map(([name]) => join(objects, name))

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

function isOld(fs: FileSystem, path: string, age: number): boolean {
  const stat = fs.stat(path)
  return stat !== undefined && Date.now() - stat.mtimeMs > age
}
