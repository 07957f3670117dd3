/** Where a session object stands in the history of its session: what it reads, and what its writes follow. */

import type { CommitInfo } from '../../checkpoints/history.ts'
import { ConflictError, NotFoundError, StorageError } from '../../errors.ts'
import type { Plan } from '../../git/group-commit.ts'
import { PURGE_LOCK, purgeMark } from '../../git/purge.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  type CommitId,
  MAIN,
  parseBranchName,
  type SessionId,
} from '../../ids.ts'
import { wrongType } from '../../store/document.ts'
import { doorOf, type GitDoor } from '../../store/git-door.ts'
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

/** Where a write goes. */
interface Target {
  branch: BranchName
  ref: string
  /** All that has to be locked. */
  refs: readonly string[]
  /** Whether the branch was not there a moment ago. */
  starts: boolean
  position: Position | undefined
  /** What is set as well if the branch begins with this write. */
  symbolic: readonly { ref: string; to: string | null }[]
}

const AGAIN = Symbol('again')
type Result = CommitId | undefined | typeof AGAIN

export class SessionLine {
  readonly #door: GitDoor
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
    this.#door = doorOf(store)
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
    return this.#door.lifetime.use(async () => {
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
    const { lifetime, repository } = this.#door
    return lifetime.use(async () => {
      for (let round = 0; ; round++) {
        const target = await this.#aim()
        const { ref, refs, branch } = target
        const prepare = async (current: ReadonlyMap<string, string | undefined>): Promise<Plan<Result>> => {
          const tip = current.get(ref) as CommitId | undefined
          const base = await this.#base(target, tip)
          if (base === AGAIN) return { ...NOTHING, result: AGAIN }
          if (holds && this.#seen !== undefined && base?.id !== this.#seen) {
            throw this.#conflict(branch, this.#seen, base?.id)
          }
          const change = await decide(this.#treeOf(base))
          const place = { session: this.#session, branch, parent: base }
          const made = change && (await newCheckpoint(this.#door, place, change))
          if (made === undefined) return { ...NOTHING, result: base?.id }
          const symbolic = tip === undefined ? target.symbolic : []
          return { ...made, moves: new Map([[ref, made.result as string]]), symbolic }
        }
        const result = await repository.change<Result>({ refs, prepare }, ref)
        if (result !== AGAIN) {
          this.#arrive(branch, result)
          return
        }
        if (round === 20) throw this.#conflict(branch, this.#seen ?? null, undefined)
      }
    })
  }

  /** A conflict with what is there, whoever wrote it. */
  conflict(message: string): ConflictError {
    const branch = this.#branch ?? this.#named ?? MAIN
    const actual = this.#seen ?? null
    return new ConflictError({ session: this.#session, branch, expected: undefined, actual }, message)
  }

  /** The branch, its ref, and what has to be locked. Looked at again under the locks. */
  async #aim(): Promise<Target> {
    const { history } = this.#door
    const session = this.#session
    const there = await this.#open()
    const position = await this.#resolve(there)
    const branch =
      position === undefined
        ? this.#branchNow(there)
        : (this.#named ?? freeName(position.checkpoint, (name) => history.head(session, name) !== undefined))
    const ref = branchRef(session, branch)
    const starts = !there || history.head(session, branch) === undefined
    const isNew = starts && (!there || !history.exists(session))
    if (starts && !isNew && position === undefined && this.#seen === undefined) {
      throw this.#noBranch(branch)
    }
    const symbolic = isNew && branch !== MAIN ? [{ ref: activeRef(session), to: ref as string }] : []
    const locks = position === undefined ? [] : [PURGE_LOCK]
    return {
      branch,
      ref,
      refs: [ref, ...symbolic.map((one) => one.ref), ...locks],
      starts,
      position,
      symbolic,
    }
  }

  /** What a write is put on, under the lock. */
  async #base(
    { branch, starts, position }: Target,
    tip: CommitId | undefined,
  ): Promise<CommitInfo | undefined | typeof AGAIN> {
    const { history, repository } = this.#door
    if (position === undefined) {
      if (tip === undefined && this.#seen !== undefined) throw this.#conflict(branch, this.#seen, undefined)
      if (tip === undefined && !starts) return AGAIN
      return tip === undefined ? undefined : this.#checked(tip)
    }
    const { checkpoint, mark } = position
    if (tip !== undefined && tip !== checkpoint) {
      if (this.#named === undefined) return AGAIN
      throw this.#conflict(branch, checkpoint, tip)
    }
    const isThere =
      purgeMark(repository) === mark
        ? await repository.objects.has(checkpoint)
        : await history.has(this.#session, checkpoint)
    if (!isThere) throw new NotFoundError({ kind: 'revision', id: checkpoint, session: this.#session })
    return this.#checked(checkpoint)
  }

  /** Where it stands; `undefined` when the session is not there. */
  async #standing(): Promise<CommitInfo | undefined> {
    const { history } = this.#door
    const there = await this.#open()
    const position = await this.#resolve(there)
    if (position !== undefined) return this.#checked(position.checkpoint)
    if (!there) return undefined
    const branch = this.#branchNow(true)
    const head = history.head(this.#session, branch)
    if (head !== undefined) return this.#checked(head)
    if (this.#seen === undefined && history.exists(this.#session)) throw this.#noBranch(branch)
    return undefined
  }

  /**
   * Whether there is a store. The first time, what dead processes had saved for good is finished: else what was read
   * would lack items that the next write goes behind. On a disk that can only be read, nothing is written.
   */
  async #open(): Promise<boolean> {
    const { repository } = this.#door
    if (!(await repository.open())) return false
    if (!this.#isFinished) {
      await repository.recover().catch((error: unknown) => {
        if (!(error instanceof StorageError)) throw error
      })
    }
    this.#isFinished = true
    return true
  }

  /** The checkpoint that it was put at, if it was. */
  async #resolve(there: boolean): Promise<Position | undefined> {
    if (this.#at === undefined || this.#position !== undefined) return this.#position
    const { repository, history } = this.#door
    if (!there) throw new NotFoundError({ kind: 'session', id: this.#session })
    const mark = purgeMark(repository)
    this.#position = { checkpoint: await history.resolve(this.#session, this.#at), mark }
    return this.#position
  }

  /** An object stays on the branch that it began with, whatever becomes active meanwhile. */
  #branchNow(there: boolean): BranchName {
    if (this.#branch !== undefined) return this.#branch
    const { history } = this.#door
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

  async #checked(id: CommitId): Promise<CommitInfo> {
    const { history, rules } = this.#door
    const type = await history.typeOf(id)
    if (type !== undefined && type !== rules.type) throw wrongType(this.#session, type, rules.type)
    return history.info(id)
  }

  #treeOf(commit: CommitInfo | undefined): SessionTree {
    return new SessionTree(this.#door.repository.objects, commit?.tree)
  }

  #conflict(branch: string, expected: string | null, actual: string | undefined): ConflictError {
    return new ConflictError({ session: this.#session, branch, expected, actual: actual ?? null })
  }

  #noBranch(branch: string): NotFoundError {
    const message = `Session '${this.#session}' has no branch '${branch}'. To start it, fork, or pass 'at' as well.`
    return new NotFoundError({ kind: 'branch', id: branch, session: this.#session }, message)
  }
}

const NOTHING = { objects: [], moves: new Map<string, string | null>() } as const

/** `from-3f2a91bc04`, or the next that is free. */
function freeName(checkpoint: CommitId, isTaken: (name: BranchName) => boolean): BranchName {
  const name = `from-${checkpoint.slice(0, 10)}`
  for (let n = 1; ; n++) {
    const candidate = parseBranchName(n === 1 ? name : `${name}-${n}`)
    if (!isTaken(candidate)) return candidate
  }
}
