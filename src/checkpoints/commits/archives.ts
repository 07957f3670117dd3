/**
 * Finds sessions in archives. Keeps archives in memory once they were read, because an id always names the same
 * content.
 */
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

  /** Returns all archives. Throws CorruptError for an unreadable one; with `onBroken`, calls that and skips it. */
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

  /** Returns the archives that hold refs of any of the sessions. Skips unreadable ones. */
  holding(...wanted: readonly SessionId[]): Archive[] {
    const parts = wanted.map(encodeName)
    return this.readable().filter(({ sessions }) => parts.some((part) => sessions.has(part)))
  }

  /** Returns all archives, for several methods that need them. Skips unreadable ones. */
  readable(): Archive[] {
    return this.all(passOver)
  }

  /** Returns what all archives together hold of a session. Skips unreadable ones. */
  of(session: SessionId, all: readonly Archive[] = this.readable()): ArchivedSession | undefined {
    const part = encodeName(session)
    const found = all.flatMap(({ sessions }) => sessions.get(part) ?? [])
    return found.length < 2 ? found[0] : together(found)
  }

  /** Returns all archived sessions by the part of a ref that encodes their id, in the order of their refs. */
  sessions(onBroken?: (ref: RefName, error: CorruptError) => void): Map<string, ArchivedSession> {
    const found = new Map<string, ArchivedSession>()
    for (const { sessions } of this.all(onBroken))
      for (const [part, one] of sessions) {
        const other = found.get(part)
        found.set(part, other === undefined ? one : together([other, one]))
      }
    return new Map([...found].sort(([a], [b]) => (`${a}/` < `${b}/` ? -1 : 1)))
  }

  /** Throws CorruptError if an archive is unreadable, because any session may be in it. */
  throwIfBroken(): void {
    this.all()
  }

  /** As `read`, but returns `undefined` for an unreadable archive. */
  tryRead(id: CommitId): Archive['sessions'] | undefined {
    try {
      return this.read(id)
    } catch (error) {
      if (error instanceof CorruptError) return undefined
      throw error
    }
  }

  /** Reads an archive. Throws CorruptError for a commit that is missing, broken, or not an archive. */
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

/** Merges the parts of a session. Where they differ, the archive with the later name counts. */
const together = (all: readonly ArchivedSession[]): ArchivedSession => ({
  session: all[0]!.session,
  refs: new Map(all.flatMap(({ refs }) => [...refs])),
  active: all.findLast(({ active }) => active !== undefined)?.active,
})

const passOver = (): void => undefined
