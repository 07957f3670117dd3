/** Brings a session back from archives: sets its refs again, and replaces the archives by ones without it. */
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
  readonly #session: SessionId
  readonly #archived: ArchivedSession
  readonly #archives: readonly Archive[]
  readonly #rest: readonly NewArchive[]

  private constructor(
    session: SessionId,
    archived: ArchivedSession,
    archives: readonly Archive[],
    rest: readonly NewArchive[],
  ) {
    this.#session = session
    this.#archived = archived
    this.#archives = archives
    this.#rest = rest
  }

  /** Prepares the return of a session; `undefined` if no archive holds anything of it. */
  static async of(history: History<AnyRepository>, session: SessionId): Promise<Return | undefined> {
    const archives = history.archives.holding(session)
    const archived = history.archives.of(session)
    if (archived === undefined) return undefined
    const rest: NewArchive[] = []
    for (const archive of archives) {
      const made = await without(history, archive, new Set([encodeName(session)]))
      if (made !== undefined) rest.push(made)
    }
    return new Return(session, archived, archives, rest)
  }

  /** Returns whether the session's archives have not changed since `back` was made. Called under the locks. */
  static isStill(
    back: Return | undefined,
    { archives }: History<AnyRepository>,
    session: SessionId,
  ): boolean {
    const ids = (all: readonly Archive[]): string => all.map(({ id }) => id).join(' ')
    return ids(archives.holding(session)) === ids(back === undefined ? [] : back.#archives)
  }

  /** The refs to lock. */
  get locks(): LockName[] {
    return [
      ...this.#archived.refs.keys(),
      activeRef(this.#session),
      ...[...this.#archives, ...this.#rest].map(({ ref }) => ref),
    ]
  }

  /** Returns the values of refs as if the session were not archived. */
  values(current: ReadonlyMap<LockName, ObjectId | undefined>): Map<LockName, ObjectId | undefined> {
    const values = new Map(current)
    for (const [ref, id] of this.#archived.refs) if (values.get(ref) === undefined) values.set(ref, id)
    return values
  }

  /** Adds the return to a plan that was made with those values. A plan that changes nothing stays unchanged. */
  with<T>(plan: Plan<T>, current: ReadonlyMap<LockName, ObjectId | undefined>): Plan<T> {
    const { symbolic = [] } = plan
    if (plan.moves.size === 0 && symbolic.length === 0) return plan
    const missing = [...this.#archived.refs].filter(([ref]) => current.get(ref) === undefined)
    const moves = new Map<RefName, ObjectId | null>([...missing, ...plan.moves])
    for (const { ref } of this.#archives) moves.set(ref, null)
    for (const { ref, id } of this.#rest) moves.set(ref, id)
    const { active } = this.#archived
    const ref = activeRef(this.#session)
    const activates =
      active !== undefined &&
      moves.get(active) !== null &&
      current.get(ref) === undefined &&
      symbolic.every((one) => one.ref !== ref)
    return {
      ...plan,
      moves,
      objects: [...plan.objects, ...this.#rest.flatMap(({ objects }) => objects)],
      symbolic: [...symbolic, ...(activates ? [{ ref, to: active }] : [])],
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
