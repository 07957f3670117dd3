/** Brings sessions back from archives: sets their refs again, and replaces the archives by ones without them. */
import type { AnyRepository } from '../../git/any-repository.ts'
import type { Plan } from '../../git/refs/change.ts'
import {
  activeRef,
  type CommitId,
  type LockName,
  type ObjectId,
  type RefName,
  type SessionId,
} from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import { type Archive, type ArchivedSession, type NewArchive, newArchive } from '../commits/archive.ts'
import type { History } from '../commits/history.ts'

/** Archived sessions that come back, and the refs to lock for that. */
export interface Return {
  /** Ids of the archives that hold them. */
  archives: string
  locks: LockName[]
  /** Returns the values of refs as if the sessions were not archived. */
  values(current: Values): Map<LockName, ObjectId | undefined>
  /** Adds the return to a plan that was made with those values. A plan that changes nothing stays unchanged. */
  with<T>(plan: Plan<T>, current: Values): Plan<T>
}

type Values = ReadonlyMap<LockName, ObjectId | undefined>

/** Prepares the return of sessions; `undefined` if no archive holds anything of them. */
export async function returnOf(
  history: History<AnyRepository>,
  sessions: readonly SessionId[],
): Promise<Return | undefined> {
  const archives = history.archives.holding(...sessions)
  const archived = sessions.flatMap((session) => history.archives.of(session, archives) ?? [])
  if (archived.length === 0) return undefined
  const parts = new Set(sessions.map(encodeName))
  const rest: NewArchive[] = []
  for (const archive of archives) {
    const made = await without(history, archive, parts)
    if (made !== undefined) rest.push(made)
  }
  const refs = new Map<RefName, ObjectId>(archived.flatMap((one) => [...one.refs]))
  const actives = archived.map(({ session }) => activeRef(session))
  return {
    archives: idsOf(archives),
    locks: [...refs.keys(), ...actives, ...[...archives, ...rest].map(({ ref }) => ref)],
    values(current) {
      const values = new Map(current)
      for (const [ref, id] of refs) if (values.get(ref) === undefined) values.set(ref, id)
      return values
    },
    with(plan, current) {
      const { symbolic = [] } = plan
      if (plan.moves.size === 0 && symbolic.length === 0) return plan
      const missing = [...refs].filter(([ref]) => current.get(ref) === undefined)
      const moves = new Map<RefName, ObjectId | null>([...missing, ...plan.moves])
      for (const { ref } of archives) moves.set(ref, null)
      for (const { ref, id } of rest) moves.set(ref, id)
      const activated = archived.flatMap(({ session, active }) => {
        const ref = activeRef(session)
        const activates =
          active !== undefined &&
          moves.get(active) !== null &&
          current.get(ref) === undefined &&
          symbolic.every((one) => one.ref !== ref)
        return activates ? [{ ref, to: active }] : []
      })
      return {
        ...plan,
        moves,
        objects: [...plan.objects, ...rest.flatMap(({ objects }) => objects)],
        symbolic: [...symbolic, ...activated],
      }
    },
  }
}

/** Returns whether the sessions' archives have not changed since `back` was made. Called under the locks. */
export const isStill = (
  back: Return | undefined,
  { archives }: History<AnyRepository>,
  sessions: readonly SessionId[],
): boolean => idsOf(archives.holding(...sessions)) === (back?.archives ?? '')

const idsOf = (archives: readonly Archive[]): string => archives.map(({ id }) => id).join(' ')

/** Returns a new archive without these sessions (given as parts of refs); `undefined` if no session remains. */
export async function without(
  history: History<AnyRepository>,
  { sessions }: Archive,
  parts: ReadonlySet<string>,
): Promise<NewArchive | undefined> {
  const rest = [...sessions].flatMap(([part, one]) => (parts.has(part) ? [] : [one]))
  return rest.length === 0 ? undefined : newArchive(rest, await datesOf(history, rest))
}

/** Returns the committer dates of the tips, in milliseconds. */
export async function datesOf(
  history: History<AnyRepository>,
  sessions: readonly ArchivedSession[],
): Promise<Map<CommitId, number>> {
  const dates = new Map<CommitId, number>()
  for (const { refs } of sessions)
    for (const id of refs.values()) {
      if (!dates.has(id)) dates.set(id, (await history.objects.readCommit(id)).committer.at)
    }
  return dates
}
