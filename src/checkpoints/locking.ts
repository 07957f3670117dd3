/**
 * Changes of a session's refs, decided under their locks. What has to be locked is found out before, and looked at again
 * under the locks: where it is another by then, the change starts over, a bounded number of times.
 */
import { ConflictError } from '../errors.ts'
import type { Plan } from '../git/refs/change.ts'
import type { Repository } from '../git/repository.ts'
import { PURGE_LOCK } from '../git/upkeep/purge-mark.ts'
import type { LockName, ObjectId, RefName, SessionId } from '../ids.ts'

/** What a change answers when it has locked the wrong refs. */
export const AGAIN = Symbol('again')
export type Again = typeof AGAIN

/** Which refs a change is about. */
export interface Aim {
  refs: readonly LockName[]
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

/** Throws what `aim` and `decide` throw; ConflictError when others change the refs all the time; LockedError, StorageError. */
export async function changeLocked<A extends Aim, T>(
  repository: Repository,
  change: LockedChange<A, T>,
): Promise<T> {
  for (let round = 0; round < ROUNDS; round++) {
    const aim = await change.aim()
    const result = await repository.change<T | Again>(
      {
        refs: aim.reaches ? [...aim.refs, PURGE_LOCK] : aim.refs,
        prepare: (current) => change.decide(aim, current),
      },
      change.head?.(aim),
    )
    if (result !== AGAIN) return result
  }
  const { session, branch } = change
  throw new ConflictError(
    { session, branch, actual: null },
    `Other processes keep changing branch ${branch} of session '${session}'. Try again.`,
  )
}

/** A plan that writes nothing. */
export const nothing = <T>(result: T): Plan<T> => ({ objects: [], moves: new Map(), result })
