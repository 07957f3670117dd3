/**
 * Settling: what a chapter of the journal covers is synced where it is, so that the journal is not needed any
 * more. The chapter's small packs become one; that one, its index, the refs and their folders are synced.
 */
import { dirname, join } from 'node:path'
import type { FileSystem } from './file-system.ts'
import type { PackMerger } from './pack-merger.ts'
import type { Paths } from './paths.ts'
import type { Placement } from './placement.ts'
import type { Refs } from './refs.ts'

export interface SettleParts {
  fs: FileSystem
  paths: Paths
  refs: Refs
  placement: Placement
  merger: PackMerger
}

/** Throws StorageError; then nothing is lost, and settling again is safe. */
export async function settle(
  parts: SettleParts,
  packs: readonly string[],
  refs: Iterable<string>,
): Promise<void> {
  await settlePacks(parts, packs)
  await settleRefs(parts, [...refs])
}

async function settlePacks(
  { fs, paths, placement, merger }: SettleParts,
  packs: readonly string[],
): Promise<void> {
  const there = packs.filter((pack) => placement.has(pack))
  const merged = there.length > 1 && (await merger.merge(there))
  if (merged === false) {
    for (const pack of there) {
      await fs.syncFile(placement.file(pack, 'pack'))
      await fs.syncFile(placement.file(pack, 'idx'))
    }
  }
  // Also when they are gone: then git repacked them, and syncs a pack but not its name.
  if (packs.length > 0) await fs.syncDir(paths.packs)
}

async function settleRefs({ fs, paths, refs }: SettleParts, names: readonly string[]): Promise<void> {
  const folders = new Set<string>()
  let packed = false
  for (const name of names) {
    const path = refs.path(name)
    if (fs.stat(path) === undefined) packed = true
    else await fs.syncFile(path)
    // A new folder is durable with the folder above it.
    for (let folder = dirname(name); folder !== '.'; folder = dirname(folder)) folders.add(folder)
  }
  if (packed) {
    await fs.syncFile(refs.packedPath)
    await fs.syncDir(paths.root)
  }
  for (const folder of [...folders].sort((a, b) => b.length - a.length))
    await fs.syncDir(join(paths.root, folder))
}
