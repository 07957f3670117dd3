/** Folds tombstones, so that the deletions of years do not become thousands of refs. */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { foldMore } from '../../checkpoints/tombstones/folded.ts'
import { CorruptError } from '../../errors.ts'
import { type CommitId, FOLDED, GONE, type ObjectId, type RefName, type SessionId } from '../../ids.ts'
import { type LocalMove, moveRefs } from '../local-moves.ts'

export interface FoldOptions {
  /** Folds only if more tombstones than this have refs of their own. */
  above?: number
  /** How many of the newest ones keep their refs. */
  keep?: number
}

/** Given to changes that are not of one session. */
export const NO_SESSION = '' as SessionId

/** Default of `above`, and of `keep`. */
const ABOVE = 1000
const KEEP = 500
/** Most tombstones that are folded in one change. */
const MOST = 1000

/**
 * Folds the oldest tombstones: removes their refs and adds them to the one ref of folded tombstones, up to 1,000 in one
 * change. Leaves out damaged ones. Returns how many were folded. Throws CorruptError, LockedError, StorageError.
 */
export async function foldTombstones(
  checkpoints: Checkpoints,
  { above = ABOVE, keep = KEEP }: FoldOptions = {},
): Promise<number> {
  const { history } = checkpoints
  const all = ownTombstones(checkpoints)
  if (all.size <= above) return 0
  const dates = new Map<string, number>()
  for (const [part, id] of all) {
    try {
      dates.set(part, (await history.info(id)).committed)
    } catch (error) {
      // `verify` reports it.
      if (!(error instanceof CorruptError)) throw error
    }
  }
  const oldest = [...dates].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1)).map(([part]) => part)
  const going = oldest.slice(0, Math.max(0, all.size - keep))
  let folded = 0
  for (let from = 0; from < going.length; from += MOST)
    folded += await fold(checkpoints, going.slice(from, from + MOST))
  return folded
}

/** Returns the tombstones with refs of their own, by the part of the ref that encodes the session's id. */
export function ownTombstones({ history }: Checkpoints): Map<string, CommitId> {
  const own = [...history.repository.refs.list(GONE, () => undefined)].filter(([ref]) => ref !== FOLDED)
  return new Map(own.map(([ref, id]) => [ref.slice(GONE.length), id as CommitId]))
}

/** Folds these tombstones in one change; returns how many of them still had a ref. */
async function fold(checkpoints: Checkpoints, parts: readonly string[]): Promise<number> {
  const { history } = checkpoints
  const { refs } = history.repository
  const moved = await moveRefs<number>(checkpoints, NO_SESSION, async () => {
    const before = refs.read(FOLDED) as CommitId | undefined
    const tips = new Map<string, CommitId>()
    for (const part of parts) {
      const id: ObjectId | undefined = refs.read(`${GONE}${part}` as RefName)
      if (id !== undefined) tips.set(part, id as CommitId)
    }
    if (tips.size === 0) return { moves: [], objects: [], result: 0 }
    const { tip, objects } = await foldMore(history, before, tips)
    const gone = [...tips].map(
      ([part, from]): LocalMove => ({ ref: `${GONE}${part}` as RefName, from, to: undefined }),
    )
    return { moves: [{ ref: FOLDED, from: before, to: tip }, ...gone], objects, result: tips.size }
  })
  return typeof moved === 'number' ? moved : 0
}
