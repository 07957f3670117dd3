/** Where transcripts are stored: a session's own on its branches, each sub-agent's on a reserved line beside it. */
import type { SessionKey } from '@anthropic-ai/claude-agent-sdk'
import type { Checkpoints, Onto } from '../../checkpoints/checkpoints.ts'
import { NotFoundError } from '../../errors.ts'
import { type BranchName, type CommitId, reservedRef, type SessionId } from '../../ids.ts'
import { lineName, sessionName } from './session-key.ts'

export class TranscriptPlaces {
  readonly #checkpoints: Checkpoints

  constructor(checkpoints: Checkpoints) {
    this.#checkpoints = checkpoints
  }

  /** Where appends go: the active branch, or the line of the subpath. Throws InvalidStateError. */
  async onto({ subpath, ...own }: SessionKey): Promise<Onto> {
    if (subpath === undefined) return {}
    // A reserved line has the type of its session.
    await this.tip(own)
    return { line: lineName(subpath) }
  }

  /** The newest checkpoint; `undefined` when there is none. Throws InvalidStateError for one of another type. */
  async tip(key: SessionKey): Promise<CommitId | undefined> {
    if (!(await this.#checkpoints.openFinished())) return undefined
    const session = sessionName(key)
    const id = key.subpath === undefined ? this.#head(session) : this.#line(session, key.subpath)
    return id === undefined ? undefined : (await this.#checkpoints.checked(session, id)).id
  }

  /** A checkpoint by any revision of the session; by its id on the line of a sub-agent. Throws NotFoundError. */
  async at(key: SessionKey, tip: CommitId, revision: string): Promise<CommitId> {
    const session = sessionName(key)
    if (key.subpath === undefined) {
      return (await this.#checkpoints.checked(session, await this.#history.resolve(session, revision))).id
    }
    for await (const { id } of this.#history.line(tip)) if (id === revision) return id
    throw new NotFoundError({ kind: 'checkpoint', id: revision, session })
  }

  /** As `tip`, but throws NotFoundError if there is no transcript. */
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
    return this.#history.tip(ref)
  }

  get #history() {
    return this.#checkpoints.history
  }
}
