/**
 * Removes packs that others have replaced, while processes save. Git's data about packs is removed first: a
 * multi-pack-index that names a missing pack makes `git fsck` fail.
 */
import { join } from 'node:path'
import { type Owner, parseOwner } from '../disk/identity.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import { PackIndex } from '../packs/pack-index.ts'
import type { Placement } from '../packs/placement.ts'
import { retiredLists, withMerged } from './retired.ts'

/** A pack that only we may replace or remove. */
export interface FreePack {
  /** 40 hex digits. */
  name: string
  /** Bytes of the pack itself. */
  size: number
  /** When it was placed. */
  mtimeMs: number
  /** Whether it holds only objects that nothing reached when git last looked (gitformat-pack(5), "Cruft packs"). */
  isCruft: boolean
}

/**
 * Packs that are whole, have an index and are not kept. The pack of a save in progress is kept until its refs have
 * moved. So refs that are read after this call include everything that leads into the returned packs.
 */
export function freePacks(placement: Placement): FreePack[] {
  const { fs, paths } = placement.folder
  const names = fs.readDir(paths.packs)
  const listed = new Set(names)
  const found: FreePack[] = []
  for (const file of names) {
    const name = /^pack-([0-9a-f]{40})\.pack$/.exec(file)?.[1]
    if (name === undefined || !listed.has(`pack-${name}.idx`)) continue
    // Checked again: a `.keep` that was written before its pack may have been missed while the folder was listed.
    const isHeld = HELD.some((ending) => fs.stat(placement.file(name, ending)) !== undefined)
    const stat = fs.stat(placement.file(name, 'pack'))
    if (isHeld || stat?.kind !== 'file') continue
    const isCruft = listed.has(`pack-${name}.mtimes`)
    found.push({ name, size: stat.size, mtimeMs: stat.mtimeMs, isCruft })
  }
  return found
}

/** A `.promisor` pack belongs to a partial clone. */
const HELD = ['keep', 'promisor']

/** Packs that another program keeps, for good as far as we know; not the pack of a save that may still fail. */
export function packsKeptByOthers(placement: Placement): string[] {
  const { fs, paths } = placement.folder
  return fs.readDir(paths.packs).flatMap((file) => {
    const name = /^pack-([0-9a-f]{40})\.keep$/.exec(file)?.[1]
    const path = join(paths.packs, file)
    if (name === undefined || fs.stat(path)?.kind !== 'file' || !placement.has(name)) return []
    return ownerOfKeep(fs.readFile(path)) === undefined ? [name] : []
  })
}

/** The owner of the `.keep` file; `undefined` when it is not one of forkpoint's. */
export const ownerOfKeep = (content: Buffer | undefined): Owner | undefined =>
  parseOwner(content?.toString('utf8') ?? '')

/** Reads the index of a pack; `undefined` for a pack that is gone. */
export async function withIndex<T>(
  placement: Placement,
  pack: string,
  use: (index: PackIndex) => T | Promise<T>,
): Promise<T | undefined> {
  const index = PackIndex.open(placement.folder.fs, placement.file(pack, 'idx'))
  if (index === undefined) return undefined
  try {
    return await use(index)
  } finally {
    index.close()
  }
}

/** Removes the packs, unless somebody has begun to keep one. Returns those that are gone. Throws StorageError. */
export async function removePacks(placement: Placement, packs: readonly string[]): Promise<string[]> {
  if (packs.length === 0) return []
  const { fs, paths } = placement.folder
  await syncWhatMayComeBack(placement, packs)
  removeMultiPackIndex(placement.folder, packs)
  fs.makeDir(paths.temporaries)
  const gone = packs.filter((pack) => removePack(placement, pack))
  await fs.syncDir(paths.packs)
  return gone
}

/**
 * Syncs packs that were never synced, because a journal or the pack they were merged into covered them: the packs to
 * remove, which a power loss may bring back, and packs that were merged into those, which then have no other copy.
 */
async function syncWhatMayComeBack(placement: Placement, packs: readonly string[]): Promise<void> {
  const { fs, paths } = placement.folder
  for (const pack of withMerged([...retiredLists(fs, paths.retired)], packs)) await placement.sync(pack)
}

/**
 * A save may place the same pack again, byte for byte: it writes the `.keep`, then checks whether the pack exists. So
 * we rename the pack first and check for a `.keep` afterwards: either we see its `.keep`, or it sees that the pack is
 * gone.
 */
function removePack(placement: Placement, pack: string): boolean {
  const { fs, temporaries } = placement.folder
  if (placement.isKept(pack)) return false
  const aside = ['idx', 'pack'].map((ending) => ({
    file: placement.file(pack, ending),
    to: temporaries.path(),
  }))
  for (const { file, to } of aside) fs.rename(file, to)
  if (placement.isKept(pack)) {
    for (const { file, to } of aside.reverse()) fs.rename(to, file)
    return false
  }
  for (const { to } of aside) fs.unlink(to)
  for (const ending of BESIDE) fs.unlink(placement.file(pack, ending))
  return true
}

type Disk = Pick<StoreFolder, 'fs' | 'paths'>

/** What git writes beside a pack and its index. */
const BESIDE = ['rev', 'bitmap', 'mtimes']

/** Whether there is a multi-pack-index, plain or in a chain. */
export const hasMultiPackIndex = ({ fs, paths }: Disk): boolean =>
  fs.stat(join(paths.packs, 'multi-pack-index')) !== undefined ||
  fs.stat(join(paths.packs, 'multi-pack-index.d')) !== undefined

function removeMultiPackIndex({ fs, paths }: Disk, packs: readonly string[]): void {
  const file = join(paths.packs, 'multi-pack-index')
  const names = fs.readFile(file)
  const chain = join(paths.packs, 'multi-pack-index.d')
  const isChained = fs.stat(chain)?.kind === 'folder'
  if (!isChained && !packs.some((pack) => names?.includes(`pack-${pack}.`))) return
  fs.unlink(file)
  for (const name of fs.readDir(paths.packs)) {
    if (/^multi-pack-index-[0-9a-f]+\.(?:bitmap|rev)$/.test(name)) fs.unlink(join(paths.packs, name))
  }
  if (!isChained) return
  for (const name of fs.readDir(chain)) fs.unlink(join(chain, name))
  fs.removeDir(chain)
}

/** Whether there is a commit-graph, plain or in a chain. */
export const hasCommitGraph = ({ fs, paths }: Disk): boolean =>
  fs.stat(join(paths.objects, 'info/commit-graph')) !== undefined ||
  fs.readDir(join(paths.objects, 'info/commit-graphs')).length > 0

/** Removes the commit-graph, which may name commits that are about to be removed. */
export async function removeCommitGraph({ fs, paths }: Disk): Promise<void> {
  const info = join(paths.objects, 'info')
  fs.unlink(join(info, 'commit-graph'))
  const chain = join(info, 'commit-graphs')
  if (fs.stat(chain)?.kind === 'folder') {
    // The chain's list is removed first: the files that it names must exist as long as it does.
    const names = fs
      .readDir(chain)
      .sort((a, b) => Number(b === 'commit-graph-chain') - Number(a === 'commit-graph-chain'))
    for (const name of names) fs.unlink(join(chain, name))
    fs.removeDir(chain)
  }
  await fs.syncDir(info)
}
