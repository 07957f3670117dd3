/**
 * Changes a session's refs under their locks. The refs to lock are determined first and checked again under the locks:
 * if they differ then, the change starts over, a limited number of times.
 */
import { ConflictError } from '../../errors.ts'
import type { AnyRepository } from '../../git/any-repository.ts'
import { nothing, type Plan } from '../../git/refs/change.ts'
import { PURGE_LOCK } from '../../git/upkeep/purge-mark.ts'
import { type LockName, type ObjectId, parseRef, type RefName, type SessionId } from '../../ids.ts'
import { isSameName } from '../../ref-part.ts'
import type { History } from '../commits/history.ts'
import { isStill, type Return, returnOf } from './return.ts'

/** The result of a change that has locked the wrong refs. */
export const AGAIN = Symbol('again')
export type Again = typeof AGAIN

/** The refs that a change needs. */
export interface Aim {
  refs: readonly LockName[]
  /** Whether refs are deleted, also in archives. If not set, archives are searched only if a ref is missing. */
  frees?: boolean
  /** Whether a ref moves to a checkpoint that no locked ref keeps alive: then the purge lock is taken, too. */
  reaches: boolean
}

export interface LockedChange<A extends Aim, T> {
  session: SessionId
  /** Further sessions that come back from archives in the same change. */
  beside?: readonly SessionId[]
  /** The name of the changed branch or line in errors. */
  branch: string
  aim(): A | Promise<A>
  /** Called under the locks with the values of the refs. */
  decide(
    aim: A,
    current: ReadonlyMap<LockName, ObjectId | undefined>,
  ): Plan<T | Again> | Promise<Plan<T | Again>>
  /** Returns where HEAD points in a repository that this change creates. */
  head?: (aim: A) => RefName
}

const ROUNDS = 20
/** Each of these rounds means that another change of the archive was made, and one archive has hundreds of sessions. */
const ARCHIVE_ROUNDS = 1000

/**
 * Makes the change. If it changes anything, archived refs of the session are brought back in the same change. Throws
 * what `aim` and `decide` throw; ConflictError if others keep changing the refs; LockedError, StorageError.
 */
export async function changeLocked<A extends Aim, T>(
  heads: History<AnyRepository>,
  change: LockedChange<A, T>,
): Promise<T> {
  const { session, branch, beside = [] } = change
  const sessions = [session, ...beside]
  let back: Return | undefined
  let moved = 0
  for (let round = 0; round - moved < ROUNDS && moved < ARCHIVE_ROUNDS; round++) {
    const aim = await change.aim()
    if (aim.frees === true || back !== undefined) back = await returnOf(heads, sessions)
    const purge: LockName[] = aim.reaches || back !== undefined ? [PURGE_LOCK] : []
    const result = await heads.repository.change<T | Again>(
      {
        refs: [...new Set<LockName>([...aim.refs, ...purge, ...(back?.locks ?? [])])],
        prepare: async (current) => {
          const mayBeArchived =
            aim.frees === true ||
            back !== undefined ||
            aim.refs.some((ref) => isOf(session, ref) && current.get(ref) === undefined)
          if (mayBeArchived && !isStill(back, heads, sessions)) {
            moved++
            back = await returnOf(heads, sessions)
            return nothing(AGAIN)
          }
          if (back === undefined) return change.decide(aim, current)
          return back.with(await change.decide(aim, back.values(current)), current)
        },
      },
      change.head?.(aim),
    )
    if (result !== AGAIN) return result
  }
  throw new ConflictError(
    { session, branch, actual: null },
    `Other processes keep changing branch ${branch} of session '${session}'. Try again.`,
  )
}

function isOf(session: SessionId, ref: LockName): boolean {
  const parsed = parseRef(ref)
  return parsed !== undefined && parsed.kind !== 'active' && isSameName(parsed.session, session)
}
