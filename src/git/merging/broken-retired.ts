/**
 * Packs that were merged into others before the machine was restarted. They were never synced, no journal names them,
 * and nobody reads them now. After a restart they are removed, because a broken one makes `git fsck` fail.
 *
 * Everything in such a pack was in the pack it was merged into, synced, before the list was written. That pack may have
 * been merged into a third one since and be gone: so the pack that replaces another is looked for along all lists, in
 * any order. If none is found, the process that removed the last pack of the chain has copied what was needed, or
 * purged it. Then a whole pack stays, since it may be the same pack saved again, and a broken one is removed.
 */
import { CorruptError, StorageError } from '../../errors.ts'
import { parseOwner } from '../disk/identity.ts'
import { checkPack } from '../packs/check.ts'
import type { Placement } from '../packs/placement.ts'
import { isStoodFor, type RetiredList, retiredLists } from './retired.ts'

/** Removes them and their lists. On a read-only disk they stay. */
export async function removeRetired(placement: Placement): Promise<void> {
  const { fs, paths, locks } = placement.folder
  const all = [...retiredLists(fs, paths.retired)]
  const lists: RetiredList[] = []
  for (const list of all)
    if (list.owner !== undefined && (await locks.liveness(list.owner)) === 'rebooted') lists.push(list)
  if (lists.length === 0) return
  try {
    // All packs to remove are found first: one of them may be the pack that replaces another.
    const due = new Map<string, string>()
    for (const { packs, path } of lists)
      for (const pack of packs) if (await isDue(placement, all, pack, due)) due.set(pack, path)
    // A faster process has removed the list too, and may have saved the same pack again.
    for (const [pack, list] of due) if (fs.stat(list) !== undefined) placement.remove(pack)
    for (const pack of new Set(lists.flatMap(({ packs }) => packs))) await placement.sync(pack)
    await fs.syncDir(paths.packs)
    for (const { path } of lists) fs.unlink(path)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
  }
}

async function isDue(
  placement: Placement,
  lists: readonly RetiredList[],
  pack: string,
  due: ReadonlyMap<string, string>,
): Promise<boolean> {
  if (await isKept(placement, pack)) return false
  if (isStoodFor(lists, pack, (other) => placement.has(other) && !due.has(other))) return true
  return !(await isWhole(placement, pack))
}

/** A `.keep` of a save from before the restart does not count. */
async function isKept(placement: Placement, pack: string): Promise<boolean> {
  const { fs, locks } = placement.folder
  const file = placement.file(pack, 'keep')
  const kind = fs.stat(file)?.kind
  if (kind !== 'file') return kind !== undefined
  const keeper = parseOwner(fs.readFile(file)?.toString('utf8') ?? '')
  return keeper === undefined || (await locks.liveness(keeper)) !== 'rebooted'
}

async function isWhole(placement: Placement, pack: string): Promise<boolean> {
  const { fs, paths } = placement.folder
  if (!placement.has(pack)) return false
  try {
    await checkPack(fs, paths, pack)
    return true
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error
    return false
  }
}
