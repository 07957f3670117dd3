/** Where transcripts are kept: a session's own on its branches, each sub-agent's on a line beside it. */
import type { SessionKey } from '@anthropic-ai/claude-agent-sdk'
import type { History } from '../../checkpoints/history.ts'
import { NotFoundError } from '../../errors.ts'
import { type BranchName, branchRef, type CommitId, MAIN, reservedRef, type SessionId } from '../../ids.ts'
import { wrongType } from '../../store/document.ts'
import { lineName, sessionName } from './session-key.ts'

/** Where a transcript is written. */
export interface TranscriptPlace {
  key: SessionKey
  session: SessionId
  /** A branch of the session, or the name of a line beside it. */
  branch: string
  ref: string
}

export class TranscriptPlaces {
  readonly #history: History
  readonly #type: string

  /** @param type of the sessions; those of another are refused */
  constructor(history: History, type: string) {
    this.#history = history
    this.#type = type
  }

  /** Where appends go: the active branch, or the line of the subpath. Throws InvalidStateError. */
  async toWrite({ subpath, ...own }: SessionKey): Promise<TranscriptPlace & { main: string }> {
    const session = sessionName(own)
    const isThere = await this.#history.repository.open()
    const branch = isThere ? this.#history.active(session) : MAIN
    const main = branchRef(session, branch)
    if (subpath === undefined) return { key: own, session, branch, ref: main, main }
    // What lies beside a session is of the session's type.
    await this.tip(own)
    const name = lineName(subpath)
    return { key: { ...own, subpath }, session, branch: name, ref: reservedRef(session, name), main }
  }

  /** The newest checkpoint; `undefined` when there is none. Throws InvalidStateError for one of another type. */
  async tip(key: SessionKey): Promise<CommitId | undefined> {
    const { repository } = this.#history
    if (!(await repository.open())) return undefined
    const session = sessionName(key)
    const id = key.subpath === undefined ? this.#head(session) : this.#line(session, key.subpath)
    return id === undefined ? undefined : this.#checked(session, id)
  }

  /** A checkpoint by any revision of the session; by its id on the line of a sub-agent. Throws NotFoundError. */
  async at(key: SessionKey, tip: CommitId, revision: string): Promise<CommitId> {
    const session = sessionName(key)
    if (key.subpath === undefined) {
      return this.#checked(session, await this.#history.resolve(session, revision))
    }
    for await (const { id } of this.#history.line(tip)) if (id === revision) return id
    throw new NotFoundError({ kind: 'checkpoint', id: revision, session })
  }

  /** As `tip`, for a transcript that has to be there: throws NotFoundError. */
  async require(key: SessionKey): Promise<CommitId> {
    const id = await this.tip(key)
    const session = sessionName(key)
    if (id !== undefined) return id
    throw new NotFoundError(
      key.subpath === undefined
        ? { kind: 'session', id: session }
        : { kind: 'branch', id: key.subpath, session },
    )
  }

  #head(session: SessionId): CommitId | undefined {
    if (!this.#history.exists(session)) return undefined
    const branch: BranchName = this.#history.active(session)
    const id = this.#history.head(session, branch)
    if (id === undefined) throw new NotFoundError({ kind: 'branch', id: branch, session })
    return id
  }

  #line(session: SessionId, subpath: string): CommitId | undefined {
    const ref = reservedRef(session, lineName(subpath))
    return this.#history.repository.refs.read(ref) as CommitId | undefined
  }

  async #checked(session: SessionId, id: CommitId): Promise<CommitId> {
    const type = await this.#history.typeOf(id)
    if (type !== undefined && type !== this.#type) throw wrongType(session, type, this.#type)
    return id
  }
}
