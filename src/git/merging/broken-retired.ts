/**
 * Packs that were merged into others before the machine was restarted: never synced, with no journal that speaks of them,
 * and nobody reads them now. After a restart they go, whole or broken, because a broken one makes `git fsck` fail.
 *
 * All that such a pack held was in the pack it was merged into, synced, before the list said so. That one may have been
 * merged into a third one since, and be gone: so what stands for a pack is looked for along all lists, whatever their
 * order. Where nothing is found, whoever removed the last one in the chain has copied what was needed of it, or
 * purged it; then a pack that is whole stays, since it may be the same pack saved anew, and a broken one goes.
 */
import { CorruptError, StorageError } from '../../errors.ts'
import type { FileSystem } from '../disk/file-system.ts'
import { parseOwner } from '../disk/identity.ts'
import type { Locks } from '../disk/locks.ts'
import type { Paths } from '../disk/paths.ts'
import { checkPack } from '../packs/check.ts'
import type { Placement } from '../packs/placement.ts'
import { isStoodFor, type RetiredList, retiredLists } from './retired.ts'

export interface DebrisParts {
  fs: FileSystem
  paths: Paths
  placement: Placement
  locks: Locks
}

/** Removes them, and their lists. On a disk that can only be read they stay. */
export async function removeRetired(parts: DebrisParts): Promise<void> {
  const { fs, paths, placement, locks } = parts
  const all = [...retiredLists(fs, paths.retired)]
  const lists: RetiredList[] = []
  for (const list of all)
    if (list.owner !== undefined && (await locks.liveness(list.owner)) === 'rebooted') lists.push(list)
  if (lists.length === 0) return
  try {
    // First what goes, then the going: a pack that goes may be the one that stood for another.
    const due = new Map<string, string>()
    for (const { packs, path } of lists)
      for (const pack of packs) if (await isDebris(parts, all, pack, due)) due.set(pack, path)
    // A faster process has removed the list as well, and may have saved the very same pack again.
    for (const [pack, list] of due) if (fs.stat(list) !== undefined) placement.remove(pack)
    for (const pack of new Set(lists.flatMap(({ packs }) => packs))) await placement.sync(pack)
    await fs.syncDir(paths.packs)
    for (const { path } of lists) fs.unlink(path)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
  }
}

async function isDebris(
  parts: DebrisParts,
  lists: readonly RetiredList[],
  pack: string,
  due: ReadonlyMap<string, string>,
): Promise<boolean> {
  if (await isKept(parts, pack)) return false
  if (isStoodFor(lists, pack, (other) => parts.placement.has(other) && !due.has(other))) return true
  return !(await isWhole(parts, pack))
}

/** A `.keep` of a save that was under way before the restart keeps nothing. */
async function isKept({ fs, placement, locks }: DebrisParts, pack: string): Promise<boolean> {
  const file = placement.file(pack, 'keep')
  const kind = fs.stat(file)?.kind
  if (kind !== 'file') return kind !== undefined
  const keeper = parseOwner(fs.readFile(file)?.toString('utf8') ?? '')
  return keeper === undefined || (await locks.liveness(keeper)) !== 'rebooted'
}

async function isWhole({ fs, paths, placement }: DebrisParts, pack: string): Promise<boolean> {
  if (!placement.has(pack)) return false
  try {
    await checkPack(fs, paths, pack)
    return true
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error
    return false
  }
}
