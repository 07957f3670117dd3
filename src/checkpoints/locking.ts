/**
 * Changes of a session's refs, decided under their locks. What has to be locked is found out before, and looked at again
 * under the locks: where it is another by then, the change starts over, a bounded number of times.
 */
import { ConflictError } from '../errors.ts'
import type { AnyRepository } from '../git/any-repository.ts'
import type { Plan } from '../git/refs/change.ts'
import { PURGE_LOCK } from '../git/upkeep/purge-mark.ts'
import { type LockName, type ObjectId, parseRef, type RefName, type SessionId } from '../ids.ts'
import { isSameName } from '../ref-part.ts'
import type { History } from './commits/history.ts'
import { Return } from './return.ts'

/** What a change answers when it has locked the wrong refs. */
export const AGAIN = Symbol('again')
export type Again = typeof AGAIN

/** Which refs a change is about. */
export interface Aim {
  refs: readonly LockName[]
  /** Whether refs go for good: then they go from archives, too. Default: whether a session is archived shows when a ref is missing. */
  frees?: boolean
  /** Whether a ref is put on a checkpoint that no locked ref keeps alive: then no purge may look meanwhile. */
  reaches: boolean
}

export interface LockedChange<A extends Aim, T> {
  session: SessionId
  /** What the errors call that which is changed. */
  branch: string
  aim(): A | Promise<A>
  /** Called under the locks with the refs' values. */
  decide(
    aim: A,
    current: ReadonlyMap<LockName, ObjectId | undefined>,
  ): Plan<T | Again> | Promise<Plan<T | Again>>
  /** Where HEAD points in a repository that this change creates. */
  head?: (aim: A) => RefName
}

const ROUNDS = 20

/**
 * Throws what `aim` and `decide` throw; ConflictError when others change the refs all the time; LockedError, StorageError. What is
 * archived of the session comes back in the same change, if that changes anything.
 */
export async function changeLocked<A extends Aim, T>(
  heads: History<AnyRepository>,
  change: LockedChange<A, T>,
): Promise<T> {
  const { session, branch } = change
  let back: Return | undefined
  for (let round = 0; round < ROUNDS; round++) {
    const aim = await change.aim()
    if (aim.frees === true || back !== undefined) back = await Return.of(heads, session)
    const purge: LockName[] = aim.reaches || back !== undefined ? [PURGE_LOCK] : []
    const result = await heads.repository.change<T | Again>(
      {
        refs: [...new Set<LockName>([...aim.refs, ...purge, ...(back?.locks ?? [])])],
        prepare: async (current) => {
          const mayBeArchived =
            aim.frees === true ||
            back !== undefined ||
            aim.refs.some((ref) => isOf(session, ref) && current.get(ref) === undefined)
          if (mayBeArchived && !Return.isStill(back, heads, session)) {
            back = await Return.of(heads, session)
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

/** A plan that writes nothing. */
export const nothing = <T>(result: T): Plan<T> => ({ objects: [], moves: new Map(), result })

function isOf(session: SessionId, ref: LockName): boolean {
  const parsed = parseRef(ref)
  return parsed !== undefined && parsed.kind !== 'active' && isSameName(parsed.session, session)
}
