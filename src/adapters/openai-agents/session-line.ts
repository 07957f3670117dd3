/** Where a session object stands in the history of its session: what it reads, and what its writes follow. */

import type { Checkpoints, Onto } from '../../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import { AGAIN, type Again } from '../../checkpoints/locking.ts'
import { checkpointsOf } from '../../checkpoints/of-store.ts'
import type { Writing } from '../../checkpoints/writing.ts'
import { ConflictError, NotFoundError } from '../../errors.ts'
import { type BranchName, type CommitId, MAIN, parseBranchName, type SessionId } from '../../ids.ts'
import { type Change, newCheckpoint } from './new-checkpoint.ts'
import { SessionTree } from './session-tree.ts'

export interface Standing {
  branch?: string | undefined
  /** Any revision: the object stands there, until its first write starts a branch. */
  at?: string | undefined
}

/** A checkpoint, and the purge mark from before it was resolved. */
interface Position {
  checkpoint: CommitId
  mark: string
}

export class SessionLine {
  readonly #checkpoints: Checkpoints
  readonly #session: SessionId
  /** The branch that was asked for. */
  readonly #named: BranchName | undefined
  /** The branch that it is on; `undefined` before the first use, and at a checkpoint. */
  #branch: BranchName | undefined
  /** The revision it was put at. */
  #at: string | undefined
  #position: Position | undefined
  #isFinished = false
  /** The checkpoint that was last read or written. */
  #seen: CommitId | undefined

  constructor(store: object, session: SessionId, { branch, at }: Standing) {
    this.#checkpoints = checkpointsOf(store)
    this.#session = session
    this.#named = branch === undefined ? undefined : parseBranchName(branch)
    this.#at = at
  }

  /** The branch that writes go to; `undefined` when that is not known yet. */
  get branch(): string | undefined {
    return this.#branch ?? this.#named
  }

  /** The checkpoint that was last read or written. */
  get checkpoint(): string | undefined {
    return this.#seen
  }

  /** A revision of where it stands, for the store's own calls. */
  async revision(): Promise<string> {
    return (await this.#standing())?.id ?? this.#branch ?? MAIN
  }

  /** Its next writes go to this branch. */
  moveTo(branch: string): void {
    this.#branch = parseBranchName(branch)
    this.#at = undefined
    this.#position = undefined
    this.#seen = undefined
  }

  /** What is there; an empty tree when the session is not. Throws NotFoundError, InvalidStateError. */
  read<T>(work: (tree: SessionTree) => Promise<T>): Promise<T> {
    return this.#checkpoints.lifetime.use(async () => {
      const commit = await this.#standing()
      this.#seen = commit?.id ?? this.#seen
      return work(this.#treeOf(commit))
    })
  }

  /**
   * Makes one checkpoint. `decide` is called with what is there, under the branch's lock; what it throws is thrown
   * and nothing is written. It may be called again. `undefined`: there is nothing to change.
   *
   * @param holds whether the branch has to be where it was last seen. Throws ConflictError when it is not.
   */
  change(
    decide: (tree: SessionTree) => Change | undefined | Promise<Change | undefined>,
    { holds = false }: { holds?: boolean } = {},
  ): Promise<void> {
    const { lifetime } = this.#checkpoints
    return lifetime.use(async () => {
      const written = await this.#checkpoints.write({
        session: this.#session,
        redacts: true,
        onto: () => this.#onto(),
        decide: async (writing) => {
          const branch = writing.branch as BranchName
          const base = await this.#base(writing)
          if (base === AGAIN) return AGAIN
          if (holds && this.#seen !== undefined && base?.id !== this.#seen) {
            throw this.#conflict(branch, this.#seen, base?.id)
          }
          const change = await decide(this.#treeOf(base))
          const made = change && (await newCheckpoint(this.#checkpoints, writing, base, change))
          return { branch, checkpoint: (made ?? base)?.id }
        },
      })
      this.#arrive(written.branch, written.checkpoint)
    })
  }

  /** A conflict with what is there, whoever wrote it. */
  conflict(message: string): ConflictError {
    const branch = this.#branch ?? this.#named ?? MAIN
    const actual = this.#seen ?? null
    return new ConflictError({ session: this.#session, branch, expected: undefined, actual }, message)
  }

  /** The branch that a write goes to. */
  async #onto(): Promise<Onto> {
    const { history } = this.#checkpoints
    const session = this.#session
    const there = await this.#open()
    const position = await this.#resolve(there)
    const branch =
      position === undefined
        ? this.#branchNow(there)
        : (this.#named ?? freeName(position.checkpoint, (name) => history.head(session, name) !== undefined))
    const starts = !there || history.head(session, branch) === undefined
    if (starts && position === undefined && this.#seen === undefined && there && history.exists(session)) {
      throw this.#noBranch(branch)
    }
    return { branch, starts }
  }

  /** What a write is put on, under the lock. */
  async #base(writing: Writing): Promise<CommitInfo | undefined | Again> {
    const { tip } = writing
    const branch = writing.branch as BranchName
    if (this.#position === undefined) {
      if (tip === undefined && this.#seen !== undefined) throw this.#conflict(branch, this.#seen, undefined)
      return tip
    }
    const { checkpoint, mark } = this.#position
    if (tip !== undefined && tip.id !== checkpoint) {
      if (this.#named === undefined) return AGAIN
      throw this.#conflict(branch, checkpoint, tip.id)
    }
    if (!(await writing.stands(checkpoint, mark))) {
      throw new NotFoundError({ kind: 'revision', id: checkpoint, session: this.#session })
    }
    return this.#checkpoints.checked(this.#session, checkpoint)
  }

  /** Where it stands; `undefined` when the session is not there. */
  async #standing(): Promise<CommitInfo | undefined> {
    const { history } = this.#checkpoints
    const there = await this.#open()
    const position = await this.#resolve(there)
    if (position !== undefined) return this.#checkpoints.checked(this.#session, position.checkpoint)
    if (!there) return undefined
    const branch = this.#branchNow(true)
    const head = history.head(this.#session, branch)
    if (head !== undefined) return this.#checkpoints.checked(this.#session, head)
    if (this.#seen === undefined && history.exists(this.#session)) throw this.#noBranch(branch)
    return undefined
  }

  /**
   * Whether there is a store. The first time, what dead processes had saved for good is finished: else what was read
   * would lack items that the next write goes behind. On a disk that can only be read, nothing is written.
   */
  async #open(): Promise<boolean> {
    if (this.#isFinished) return this.#checkpoints.open()
    this.#isFinished = await this.#checkpoints.openFinished()
    return this.#isFinished
  }

  /** The checkpoint that it was put at, if it was. */
  async #resolve(there: boolean): Promise<Position | undefined> {
    if (this.#at === undefined || this.#position !== undefined) return this.#position
    const { history } = this.#checkpoints
    if (!there) throw new NotFoundError({ kind: 'session', id: this.#session })
    const mark = this.#checkpoints.mark()
    this.#position = { checkpoint: await history.resolve(this.#session, this.#at), mark }
    return this.#position
  }

  /** An object stays on the branch that it began with, whatever becomes active meanwhile. */
  #branchNow(there: boolean): BranchName {
    if (this.#branch !== undefined) return this.#branch
    const { history } = this.#checkpoints
    const branch = this.#named ?? (there ? history.active(this.#session) : MAIN)
    if (there && history.exists(this.#session)) this.#branch = branch
    return branch
  }

  #arrive(branch: BranchName, checkpoint: CommitId | undefined): void {
    if (checkpoint === undefined || checkpoint === this.#position?.checkpoint) return
    this.#branch = branch
    this.#seen = checkpoint
    this.#at = undefined
    this.#position = undefined
  }

  #treeOf(commit: CommitInfo | undefined): SessionTree {
    return new SessionTree(this.#checkpoints.objects, commit?.tree)
  }

  #conflict(branch: string, expected: string | null, actual: string | undefined): ConflictError {
    return new ConflictError({ session: this.#session, branch, expected, actual: actual ?? null })
  }

  #noBranch(branch: string): NotFoundError {
    const message = `Session '${this.#session}' has no branch '${branch}'. To create it, use fork, or pass 'at' too.`
    return new NotFoundError({ kind: 'branch', id: branch, session: this.#session }, message)
  }
}

/** `from-3f2a91bc04`, or the next that is free. */
function freeName(checkpoint: CommitId, isTaken: (name: BranchName) => boolean): BranchName {
  const name = `from-${checkpoint.slice(0, 10)}`
  for (let n = 1; ; n++) {
    const candidate = parseBranchName(n === 1 ? name : `${name}-${n}`)
    if (!isTaken(candidate)) return candidate
  }
}
