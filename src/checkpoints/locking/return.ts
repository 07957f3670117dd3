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

export class Return {
  readonly #archived: readonly ArchivedSession[]
  readonly #archives: readonly Archive[]
  readonly #rest: readonly NewArchive[]

  private constructor(
    archived: readonly ArchivedSession[],
    archives: readonly Archive[],
    rest: readonly NewArchive[],
  ) {
    this.#archived = archived
    this.#archives = archives
    this.#rest = rest
  }

  /** Prepares the return of sessions; `undefined` if no archive holds anything of them. */
  static async of(
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
    return new Return(archived, archives, rest)
  }

  /** Returns whether the sessions' archives have not changed since `back` was made. Called under the locks. */
  static isStill(
    back: Return | undefined,
    { archives }: History<AnyRepository>,
    sessions: readonly SessionId[],
  ): boolean {
    const ids = (all: readonly Archive[]): string => all.map(({ id }) => id).join(' ')
    return ids(archives.holding(...sessions)) === ids(back === undefined ? [] : back.#archives)
  }

  /** The refs to lock. */
  get locks(): LockName[] {
    return [
      ...this.#refs.keys(),
      ...this.#archived.map(({ session }) => activeRef(session)),
      ...[...this.#archives, ...this.#rest].map(({ ref }) => ref),
    ]
  }

  get #refs(): Map<RefName, ObjectId> {
    return new Map(this.#archived.flatMap(({ refs }) => [...refs]))
  }

  /** Returns the values of refs as if the sessions were not archived. */
  values(current: ReadonlyMap<LockName, ObjectId | undefined>): Map<LockName, ObjectId | undefined> {
    const values = new Map(current)
    for (const [ref, id] of this.#refs) if (values.get(ref) === undefined) values.set(ref, id)
    return values
  }

  /** Adds the return to a plan that was made with those values. A plan that changes nothing stays unchanged. */
  with<T>(plan: Plan<T>, current: ReadonlyMap<LockName, ObjectId | undefined>): Plan<T> {
    const { symbolic = [] } = plan
    if (plan.moves.size === 0 && symbolic.length === 0) return plan
    const missing = [...this.#refs].filter(([ref]) => current.get(ref) === undefined)
    const moves = new Map<RefName, ObjectId | null>([...missing, ...plan.moves])
    for (const { ref } of this.#archives) moves.set(ref, null)
    for (const { ref, id } of this.#rest) moves.set(ref, id)
    const activated = this.#archived.flatMap(({ session, active }) => {
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
      objects: [...plan.objects, ...this.#rest.flatMap(({ objects }) => objects)],
      symbolic: [...symbolic, ...activated],
    }
  }
}

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
