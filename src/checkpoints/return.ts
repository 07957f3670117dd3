/** A session leaves the archives that hold it: its refs are there again, and the archives are made anew without it. */
import type { AnyRepository } from '../git/any-repository.ts'
import type { Plan } from '../git/refs/change.ts'
import {
  activeRef,
  type CommitId,
  type LockName,
  type ObjectId,
  type RefName,
  type SessionId,
} from '../ids.ts'
import { encodeName } from '../ref-part.ts'
import { type Archive, type ArchivedSession, type NewArchive, newArchive } from './commits/archive.ts'
import type { History } from './commits/history.ts'

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

  /** `undefined` when no archive holds anything of the session. */
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

  /** Whether the archives are those that it was made of. Asked under the locks. */
  static isStill(
    back: Return | undefined,
    { archives }: History<AnyRepository>,
    session: SessionId,
  ): boolean {
    const ids = (all: readonly Archive[]): string => all.map(({ id }) => id).join(' ')
    return ids(archives.holding(session)) === ids(back === undefined ? [] : back.#archives)
  }

  /** What has to be locked. */
  get locks(): LockName[] {
    return [
      ...this.#archived.refs.keys(),
      activeRef(this.#session),
      ...[...this.#archives, ...this.#rest].map(({ ref }) => ref),
    ]
  }

  /** Where refs are, as if the session were not archived. */
  values(current: ReadonlyMap<LockName, ObjectId | undefined>): Map<LockName, ObjectId | undefined> {
    const values = new Map(current)
    for (const [ref, id] of this.#archived.refs) if (values.get(ref) === undefined) values.set(ref, id)
    return values
  }

  /** A plan that was made with those values, and with it the return. One that changes nothing stays so. */
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

/** The archive once more, without these sessions (parts of refs); `undefined` when nothing is left of it. */
export async function without(
  history: History<AnyRepository>,
  { sessions }: Archive,
  parts: ReadonlySet<string>,
): Promise<NewArchive | undefined> {
  const rest = [...sessions].flatMap(([part, one]) => (parts.has(part) ? [] : [one]))
  return rest.length === 0 ? undefined : newArchive(rest, await datesOf(history, rest))
}

/** Committer's dates of the tips, in milliseconds. */
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
