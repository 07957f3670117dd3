/**
 * What the front needs from a store: it keeps checkpoints and returns them. The front parses every argument, calls only
 * what `supports` declares, and does the rest: options, positions, handles, schemas, and what a write becomes.
 */
import type { Author, Checkpoint } from '../checkpoints/commits/checkpoint.ts'
import type { CheckpointFacts } from '../checkpoints/commits/facts.ts'
import type { Ancestor } from '../checkpoints/commits/lineage.ts'
import type { BranchName, CommitId, SessionId, TagName } from '../ids.ts'
import type { JsonObject } from '../json-value.ts'
import type { WorkspaceFiles } from '../workspace/workspace-files.ts'
import type { AdditionPlan, Existing, ParsedAddition } from './addition/plan.ts'
import type { Changes } from './changes.ts'
import type {
  ListOptions,
  MaintainOptions,
  MaintainReport,
  SessionSummary,
  StoreStats,
  Supports,
  VerifyReport,
} from './session-store.ts'

/** A checkpoint in a backend's own form. */
export interface Kept extends Ancestor {
  readonly parents: readonly CommitId[]
}

/** A checkpoint of a session with its branch, as one read found them. */
export interface Look<C> {
  branch: BranchName
  /** The tip of the branch; `undefined` if the branch does not exist. */
  tip: CommitId | undefined
  commit: C
}

/** Throws InvalidStateError for an item that does not fit the schema. */
export type ItemCheck = (collection: string, index: number, item: unknown) => void

/** One of two states that are compared. */
export interface UnsharedState {
  /** The top-level values; collections may be among them. */
  readonly fields: JsonObject
  /** By collection and index, in order. A collection that is missing here may be in `fields`. */
  readonly items: ReadonlyMap<string, ReadonlyMap<number, unknown>>
}

export interface Backend<C extends Kept = Kept> {
  readonly supports: Supports
  /** Branches and tags. A store without them has one branch, `main`. */
  readonly lines?: Lines<C>

  exists(session: SessionId): Promise<boolean>
  /** Returns the full id of an id that a listing has shortened. */
  nameOf(session: SessionId): SessionId | Promise<SessionId>
  /**
   * Returns the checkpoint that the revision names, else the tip of the branch, else of the active branch; `undefined`
   * if the session does not exist. Throws NotFoundError, InvalidStateError for a session of another type.
   */
  look(
    session: SessionId,
    where: { branch?: BranchName | undefined; at?: string | undefined },
  ): Promise<Look<C> | undefined>
  /** Returns the checkpoint that the revision names, for sessions of any type. Throws NotFoundError. */
  resolve(session: SessionId, revision: string): Promise<C>
  /** Returns the checkpoint as this session shows it. */
  present(commit: C, session: SessionId, branch?: BranchName): Checkpoint
  /** Lists checkpoints from this one back to the first, steps included, newest first. */
  line(from: C): AsyncIterable<C> | Iterable<C>
  /** Returns the state as this session shows it. The caller may change it. */
  document(commit: C, session: SessionId): Promise<JsonObject>
  /** Returns a part of the state, if that costs less than the whole state. */
  part?(commit: C, session: SessionId, part: { last?: number; events?: boolean }): Promise<JsonObject>
  /**
   * Returns the events of one run after sequence number `after`, if that costs less than the whole state. Throws
   * NotFoundError.
   */
  events?(commit: C, session: SessionId, run: string, after: number): Promise<readonly unknown[]>
  /**
   * Returns both states without the items that are identical at the same index, if that costs less than both whole
   * states. Throws CorruptError.
   */
  unshared?(
    from: { commit: C; session: SessionId },
    to: { commit: C; session: SessionId },
  ): Promise<[UnsharedState, UnsharedState]>

  /**
   * Returns what a save stores. What the caller might change is copied before this returns, unless it is too large.
   * Throws InvalidStateError for what JSON cannot express.
   *
   * @param check called for each item of the collections; items that passed before and have not changed may be skipped
   */
  prepare(document: JsonObject, check: ItemCheck): Promise<Content<C>>
  /**
   * Calls `decide` while nobody else can change the branch, perhaps more than once. Makes what it decides durable,
   * completely or not at all. Calls `landed` before the next write of the branch starts.
   */
  write<T>(
    to: {
      session: SessionId
      branch: BranchName | undefined
      tag: TagName | undefined
      /** Only where `supports.files`. */
      files: WorkspaceFiles | undefined
    },
    decide: (base: Base<C>) => Promise<T>,
    landed: (result: T) => void,
  ): Promise<T>
  /** Creates a session that begins at the checkpoint `at` of `from`. Throws AlreadyExistsError, NotFoundError. */
  fork(from: SessionId, at: string, to: NewSession): Promise<C>
  delete(session: SessionId): Promise<boolean>

  list(options: ListOptions): AsyncIterable<SessionSummary>
  /** The front has checked that `session` exists or is damaged. */
  verify(session: SessionId | undefined, onProgress: MaintainOptions['onProgress']): Promise<VerifyReport>
  maintain(options: MaintainOptions): Promise<MaintainReport>
  stats(): Promise<StoreStats>
  /** Returns the patch as git prints it. Only if `supports.patch`. */
  patch?(from: CommitId, to: CommitId): Promise<string>
  close(): Promise<void>
}

/** Further methods of a store with several branches. All throw NotFoundError if the session does not exist. */
export interface Lines<C> {
  branches(session: SessionId): Promise<{ active: BranchName; heads: ReadonlyMap<BranchName, CommitId> }>
  tags(session: SessionId): Promise<ReadonlyMap<TagName, CommitId>>
  switch(session: SessionId, branch: BranchName): Promise<void>
  /** Throws AlreadyExistsError. */
  newBranch(session: SessionId, at: string, branch: BranchName): Promise<C>
  /** Throws AlreadyExistsError. */
  newTag(session: SessionId, at: string, tag: TagName): Promise<CommitId>
  deleteBranch(session: SessionId, branch: BranchName): Promise<boolean>
  deleteTag(session: SessionId, tag: TagName): Promise<boolean>
}

/** Sorts branches or tags by name. */
export const inOrder = <Name extends string>(refs: ReadonlyMap<Name, CommitId>): [Name, CommitId][] =>
  [...refs].sort(([a], [b]) => (a < b ? -1 : 1))

export interface NewSession {
  session: SessionId
  branch: BranchName
  subject: string | undefined
  author: Author | undefined
}

/** What a write is based on: the branch while nobody else can change it. */
export interface Base<C extends Kept> {
  readonly session: SessionId
  readonly branch: BranchName
  /** Whether the session does not exist yet. */
  readonly isNew: boolean
  /** The tip of the branch; `undefined` if the branch does not exist. */
  readonly tip: C | undefined
  /** Returns the checkpoint that was made with this key. Only if `supports.keys`. */
  madeWith?(key: string): C | undefined | Promise<C | undefined>
  /** Whether the session still has this checkpoint. Called only if the branch does not exist. */
  stands(id: CommitId): boolean | Promise<boolean>
  find(id: CommitId): C | Promise<C>
  /** Returns the nearest first-parent ancestor that is not a step. */
  turnBefore(commit: C): C | undefined | Promise<C | undefined>
  /** Returns the state at a checkpoint, as the basis of an addition. */
  tail(at: C): Tail<C> | Promise<Tail<C>>
  /** Makes the checkpoint and moves the branch to it. */
  add(checkpoint: NewCheckpoint<C>): C | Promise<C>
  /** Ends the write without a new checkpoint. A branch that does not exist is created there. */
  endAt(commit: C): void
}

/** A state that a write makes a checkpoint of. */
export interface Content<C> {
  /** Its top-level values; collections may be missing. */
  readonly fields: JsonObject
  /** Returns what it changes compared with the checkpoint `since`, or with nothing. */
  changes(session: SessionId, since: C | undefined): Changes | Promise<Changes>
  /** Whether the checkpoint has the same state, apart from `updatedAt`. */
  isIn(session: SessionId, commit: C): boolean | Promise<boolean>
}

/** The existing state of an addition. A backend may keep it and update it with each write. */
export interface Tail<C> extends Existing {
  /** Reads the items that the addition names, so that `find` returns them. */
  prepare?(addition: ParsedAddition): Promise<void>
  /** Returns the state after the plan. */
  change(plan: AdditionPlan): Content<C> | Promise<Content<C>>
}

export interface NewCheckpoint<C> {
  parent: C | undefined
  content: Content<C>
  changes: Changes
  kind: 'save' | 'step' | 'import'
  subject: string
  body: string
  /** Milliseconds since 1970. Default: now. */
  at: number | undefined
  author: Author
  trailers: Readonly<Record<string, string>>
  facts: CheckpointFacts
}
