/** Finds sessions in archives. What was read of an archive is remembered: the same id says the same. */
import { CorruptError } from '../../errors.ts'
import type { AnyRepository } from '../../git/any-repository.ts'
import { ARCHIVE, type CommitId, type RefName, type SessionId, trustedCommit } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import { type Archive, type ArchivedSession, parseArchive } from './archive.ts'

export class Archives {
  readonly #repository: AnyRepository
  readonly #known = new Map<CommitId, Archive['sessions']>()

  constructor(repository: AnyRepository) {
    this.#repository = repository
  }

  /** All archives. Throws CorruptError for one that cannot be read; with `onBroken` it goes on without that one. */
  all(onBroken?: (ref: RefName, error: CorruptError) => void): Archive[] {
    const found: Archive[] = []
    const listed = this.#repository.refs.list(ARCHIVE)
    if (this.#known.size > 2 * listed.size + 100) this.#known.clear()
    for (const [ref, id] of listed) {
      try {
        found.push({ ref, id: trustedCommit(id), sessions: this.read(trustedCommit(id)) })
      } catch (error) {
        if (onBroken === undefined || !(error instanceof CorruptError)) throw error
        onBroken(ref, error)
      }
    }
    return found
  }

  /** The archives that hold something of the session. Those that cannot be read are passed over. */
  holding(session: SessionId): Archive[] {
    const part = encodeName(session)
    return this.all(passOver).filter(({ sessions }) => sessions.has(part))
  }

  /** What archives have of a session, all together. Those that cannot be read are passed over. */
  of(session: SessionId): ArchivedSession | undefined {
    const part = encodeName(session)
    const found = this.holding(session).map(({ sessions }) => sessions.get(part)!)
    return found.length < 2 ? found[0] : together(found)
  }

  /** All archived sessions by the part of their refs, in the order of their refs. */
  sessions(onBroken?: (ref: RefName, error: CorruptError) => void): Map<string, ArchivedSession> {
    const found = new Map<string, ArchivedSession>()
    for (const { sessions } of this.all(onBroken))
      for (const [part, one] of sessions) {
        const other = found.get(part)
        found.set(part, other === undefined ? one : together([other, one]))
      }
    return new Map([...found].sort(([a], [b]) => (`${a}/` < `${b}/` ? -1 : 1)))
  }

  /** Whether one of them cannot be read: then nobody knows what is in it. */
  throwIfBroken(): void {
    this.all()
  }

  /** `read`; `undefined` for what cannot be read. */
  tryRead(id: CommitId): Archive['sessions'] | undefined {
    try {
      return this.read(id)
    } catch (error) {
      if (error instanceof CorruptError) return undefined
      throw error
    }
  }

  /** Throws CorruptError for a commit that is missing, broken, or no archive. */
  read(id: CommitId): Archive['sessions'] {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const sessions = parseArchive(this.#repository.objects.readCommitNow(id), id)
    if (sessions === undefined)
      throw new CorruptError(`Commit ${id} should be an archive of sessions, but is none.`, { object: id })
    this.#known.set(id, sessions)
    return sessions
  }
}

/** The newer archive, by its name, goes before. */
const together = (all: readonly ArchivedSession[]): ArchivedSession => ({
  session: all[0]!.session,
  refs: new Map(all.flatMap(({ refs }) => [...refs])),
  active: all.findLast(({ active }) => active !== undefined)?.active,
})

const passOver = (): void => undefined
