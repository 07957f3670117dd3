/**
 * What the front asks of a store: it keeps checkpoints and says what is there. Every argument is parsed, and asked for only
 * where `supports` declares it; options, positions, handles, schemas and what a write becomes are the front's.
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

/** A checkpoint, as a backend holds it. */
export interface Kept extends Ancestor {
  readonly parents: readonly CommitId[]
}

/** One look at a session. */
export interface Look<C> {
  branch: BranchName
  /** Of the branch; `undefined` when there is none of that name. */
  tip: CommitId | undefined
  commit: C
}

/** Throws InvalidStateError for an item that does not fit. */
export type ItemCheck = (collection: string, index: number, item: unknown) => void

/** One of two states that are compared. */
export interface UnsharedState {
  /** The top-level values; collections may be among them. */
  readonly fields: JsonObject
  /** By collection and index, in order. A collection that is not here may be in the fields. */
  readonly items: ReadonlyMap<string, ReadonlyMap<number, unknown>>
}

export interface Backend<C extends Kept = Kept> {
  readonly supports: Supports
  /** Branches and tags. A store without them has one branch, `main`. */
  readonly lines?: Lines<C>

  exists(session: SessionId): Promise<boolean>
  /** The id as its owner wrote it, of one that a listing has cut short. */
  nameOf(session: SessionId): SessionId | Promise<SessionId>
  /**
   * The checkpoint that the revision names, else the tip of the branch, else of the active one; `undefined` when there
   * is no such session. Throws NotFoundError, InvalidStateError for a session of another type.
   */
  look(
    session: SessionId,
    where: { branch?: BranchName | undefined; at?: string | undefined },
  ): Promise<Look<C> | undefined>
  /** Of whatever type the session is. Throws NotFoundError. */
  resolve(session: SessionId, revision: string): Promise<C>
  /** The checkpoint, as this session shows it. */
  present(commit: C, session: SessionId, branch?: BranchName): Checkpoint
  /** Back to the first, newest first, with the steps. */
  line(from: C): AsyncIterable<C> | Iterable<C>
  /** The state, as this session shows it. It belongs to the caller. */
  document(commit: C, session: SessionId): Promise<JsonObject>
  /** Only a part of the state, where that costs less than all of it. */
  part?(commit: C, session: SessionId, part: { last?: number; events?: boolean }): Promise<JsonObject>
  /** The events of one run, where that costs less than the whole state. Throws NotFoundError. */
  events?(commit: C, session: SessionId, run: string, after: number): Promise<readonly unknown[]>
  /**
   * Both states, without items that are the same at the same place in both, where that costs less than both as a whole.
   * Throws CorruptError.
   */
  unshared?(
    from: { commit: C; session: SessionId },
    to: { commit: C; session: SessionId },
  ): Promise<[UnsharedState, UnsharedState]>

  /**
   * What a save stores. All that the caller might change is copied before this returns, unless it is too much for that.
   * Throws InvalidStateError for what JSON cannot express.
   *
   * @param check called for each item of the collections, other than those that are exactly as they were when it last
   *   let them pass
   */
  prepare(document: JsonObject, check: ItemCheck): Promise<Content<C>>
  /**
   * Calls `decide` while nobody else can change the branch, perhaps more than once, and makes what it decides durable,
   * whole or not at all. `landed` is called before the next write of the branch has its turn.
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
  /** A new session that begins at the checkpoint. Throws AlreadyExistsError, NotFoundError. */
  fork(from: SessionId, at: string, to: NewSession): Promise<C>
  delete(session: SessionId): Promise<boolean>

  list(options: ListOptions): AsyncIterable<SessionSummary>
  /** `session` exists, or is damaged. */
  verify(session: SessionId | undefined, onProgress: MaintainOptions['onProgress']): Promise<VerifyReport>
  maintain(options: MaintainOptions): Promise<MaintainReport>
  stats(): Promise<StoreStats>
  /** Git's own text. Only where `supports.patch`. */
  patch?(from: CommitId, to: CommitId): Promise<string>
  close(): Promise<void>
}

/** What a store with several branches does beside. The session exists, or it is a NotFoundError. */
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

/** Branches or tags in the order of their names. */
export const inOrder = <Name extends string>(refs: ReadonlyMap<Name, CommitId>): [Name, CommitId][] =>
  [...refs].sort(([a], [b]) => (a < b ? -1 : 1))

export interface NewSession {
  session: SessionId
  branch: BranchName
  subject: string | undefined
  author: Author | undefined
}

/** What a write is decided on, while nobody else can change it. */
export interface Base<C extends Kept> {
  readonly session: SessionId
  readonly branch: BranchName
  /** Whether there is no such session yet. */
  readonly isNew: boolean
  /** Of the branch; `undefined` when there is none of that name. */
  readonly tip: C | undefined
  /** What the key made before. Only where `supports.keys`. */
  madeWith?(key: string): C | undefined | Promise<C | undefined>
  /** Whether this still is a checkpoint of the session. Asked only when the branch is missing. */
  stands(id: CommitId): boolean | Promise<boolean>
  find(id: CommitId): C | Promise<C>
  /** The nearest first-parent ancestor that is not a step. */
  turnBefore(commit: C): C | undefined | Promise<C | undefined>
  /** The state at a checkpoint, to be added to. */
  tail(at: C): Tail<C> | Promise<Tail<C>>
  /** Makes the checkpoint; the branch moves there. */
  add(checkpoint: NewCheckpoint<C>): C | Promise<C>
  /** Makes no checkpoint; a branch that is missing starts there. */
  endAt(commit: C): void
}

/** A state that a write puts on a checkpoint. */
export interface Content<C> {
  /** Its top-level values; collections may be missing. */
  readonly fields: JsonObject
  /** What it changes, as seen from a checkpoint; from nothing when there is none. */
  changes(session: SessionId, since: C | undefined): Changes | Promise<Changes>
  /** Whether the checkpoint holds the same, apart from `updatedAt`. */
  isIn(session: SessionId, commit: C): boolean | Promise<boolean>
}

/** What an addition is planned against. A backend may keep it, and move it along. */
export interface Tail<C> extends Existing {
  /** Reads the items that the addition names, so that `find` knows them. */
  prepare?(addition: ParsedAddition): Promise<void>
  /** The state with the plan carried out. */
  change(plan: AdditionPlan): Content<C> | Promise<Content<C>>
}

export interface NewCheckpoint<C> {
  parent: C | undefined
  content: Content<C>
  changes: Changes
  kind: 'save' | 'step' | 'import'
  subject: string
  body: string
  /** Milliseconds. Default: now. */
  at: number | undefined
  author: Author
  trailers: Readonly<Record<string, string>>
  facts: CheckpointFacts
}
