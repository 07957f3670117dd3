/** Finds out whether a repository has remotes, and what was last seen there. */
import { CorruptError } from '../../errors.ts'
import type { AnyRepository, RefReader } from '../../git/any-repository.ts'
import { isAncestor } from '../../git/database/ancestry.ts'
import { LAST_SEEN, type LockName, type ObjectId, type RefName } from '../../ids.ts'
import type { History } from '../commits/history.ts'
import type { NamedTip } from './tombstone.ts'

/**
 * Returns whether another machine may have what is deleted here: whether a remote is configured or was ever contacted.
 */
export function isShared(repository: AnyRepository): boolean {
  if (repository.hasRemote) return true
  for (const key of repository.config().keys()) if (/^remote\..*\.url$/.test(key)) return true
  for (const _ of repository.refs.entries(LAST_SEEN, passOver)) return true
  return false
}

/** Returns the refs that record what was last seen of these refs at remotes. */
export function lastSeen(refs: RefReader, of: readonly RefName[]): RefName[] {
  const remotes = [...refs.folders(LAST_SEEN)]
  const all = remotes.flatMap((remote) =>
    of.map((ref): RefName => `${LAST_SEEN}${remote}/${ref.slice('refs/'.length)}`),
  )
  return all.filter((ref) => refs.readValue(ref) !== undefined)
}

/**
 * Returns what remotes had of deleted refs, as last seen, where the deleted values descend from it. A tombstone names
 * it, because after a purge nothing here shows that it is older than what was deleted.
 */
export async function seenBefore(
  { objects }: History<AnyRepository>,
  tips: readonly NamedTip[],
  seen: readonly RefName[],
  current: ReadonlyMap<LockName, ObjectId | undefined>,
): Promise<NamedTip[]> {
  const older: NamedTip[] = []
  for (const [key, tip] of tips) {
    if (!key.startsWith('heads/')) continue
    for (const ref of seen) {
      const id = current.get(ref)
      if (id === undefined || id === tip || !ref.startsWith(LAST_SEEN) || !ref.endsWith(`/${key}`)) continue
      try {
        if (await isAncestor(objects, id, tip)) older.push([key, id])
      } catch (error) {
        // History that is cut off or damaged does not hinder a deletion.
        if (!(error instanceof CorruptError)) throw error
      }
    }
  }
  return older
}

const passOver = (): void => undefined
