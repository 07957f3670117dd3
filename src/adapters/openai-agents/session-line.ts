/** The position of a session object in the history of its session: what it reads, and what its writes follow. */

import { AGAIN, type Again, type Checkpoints, type Onto } from '../../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import { checkpointsOf } from '../../checkpoints/of-store.ts'
import type { Writing } from '../../checkpoints/writing.ts'
import { ConflictError, NotFoundError } from '../../errors.ts'
import { type BranchName, type CommitId, MAIN, parseBranchName, type SessionId } from '../../ids.ts'
import { type Change, newCheckpoint } from './new-checkpoint.ts'
import { SessionTree } from './session-tree.ts'

export interface Standing {
  branch?: string | undefined
  /** Any revision. The object stays there until its first write starts a branch. */
  at?: string | undefined
}

/** A checkpoint, and the mark (number of purges) from before it was resolved. */
interface Position {
  checkpoint: CommitId
  mark: string
}

export class SessionLine {
  readonly #checkpoints: Checkpoints
  readonly #session: SessionId
  /** The branch that the caller requested. */
  readonly #named: BranchName | undefined
  /** The current branch; `undefined` before the first use, and at a revision. */
  #branch: BranchName | undefined
  /** The revision that the caller requested. */
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

  /** The branch that writes go to; `undefined` until it is known. */
  get branch(): string | undefined {
    return this.#branch ?? this.#named
  }

  /** The checkpoint that was last read or written. */
  get checkpoint(): string | undefined {
    return this.#seen
  }

  /** Returns the current position as a revision, for methods of the store. */
  async revision(): Promise<string> {
    return (await this.#standing())?.id ?? this.#branch ?? MAIN
  }

  /** Moves to this branch. Later reads and writes use it. */
  moveTo(branch: string): void {
    this.#branch = parseBranchName(branch)
    this.#at = undefined
    this.#position = undefined
    this.#seen = undefined
  }

  /**
   * Reads the current checkpoint; an empty tree if the session does not exist. Throws NotFoundError and
   * InvalidStateError.
   */
  read<T>(work: (tree: SessionTree) => Promise<T>): Promise<T> {
    return this.#checkpoints.lifetime.use(async () => {
      const commit = await this.#standing()
      this.#seen = commit?.id ?? this.#seen
      return work(this.#treeOf(commit))
    })
  }

  /**
   * Makes one checkpoint. `decide` is called with the current tree, under the branch's lock. If it throws, nothing is
   * written and the error is passed on. It may be called several times. If it returns `undefined`, nothing changes.
   *
   * @param holds whether to throw ConflictError if the branch has moved since it was last read or written
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

  /** Makes an error for a conflict with the stored content, also if this object wrote it. */
  conflict(message: string): ConflictError {
    const branch = this.#branch ?? this.#named ?? MAIN
    const actual = this.#seen ?? null
    return new ConflictError({ session: this.#session, branch, expected: undefined, actual }, message)
  }

  /** Returns the branch that a write goes to. */
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

  /** Returns the parent of a write. Called under the lock. */
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

  /** Returns the current checkpoint; `undefined` if the session does not exist. */
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
   * Returns whether the store exists. The first call finishes the acknowledged saves of dead processes; otherwise,
   * reads would lack items that the next write follows. Nothing is written to a read-only disk.
   */
  async #open(): Promise<boolean> {
    if (this.#isFinished) return this.#checkpoints.open()
    this.#isFinished = await this.#checkpoints.openFinished()
    return this.#isFinished
  }

  /** Returns the checkpoint of the requested revision, if there is one. */
  async #resolve(there: boolean): Promise<Position | undefined> {
    if (this.#at === undefined || this.#position !== undefined) return this.#position
    const { history } = this.#checkpoints
    if (!there) throw new NotFoundError({ kind: 'session', id: this.#session })
    const mark = this.#checkpoints.mark()
    this.#position = { checkpoint: await history.resolve(this.#session, this.#at), mark }
    return this.#position
  }

  /** Returns the current branch. An object stays on its first branch, even if another branch becomes active. */
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

/** Returns `from-3f2a91bc04`, or with a number if that is taken. */
function freeName(checkpoint: CommitId, isTaken: (name: BranchName) => boolean): BranchName {
  const name = `from-${checkpoint.slice(0, 10)}`
  for (let n = 1; ; n++) {
    const candidate = parseBranchName(n === 1 ? name : `${name}-${n}`)
    if (!isTaken(candidate)) return candidate
  }
}
