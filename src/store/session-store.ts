/** The interface of every session store. All pass one suite (`forkpoint/testing`), whose rules are in `docs/own-store.md`. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Author, Branch, Checkpoint, Tag } from '../checkpoints/commits/checkpoint.ts'
import type { Redact } from '../redaction/redact.ts'
import type { Session } from '../state/session.ts'
import type { CollectionDiff, FieldChange } from '../view/difference.ts'
import type { WorkspaceFiles, WorkspaceOptions } from '../workspace/workspace-files.ts'
import type { ListOptions } from './options/list-options.ts'
import type { Problem } from './problem.ts'

export type { Author, Branch, Checkpoint, CheckpointKind, Tag } from '../checkpoints/commits/checkpoint.ts'
export type { Redact } from '../redaction/redact.ts'
export type { CollectionDiff, FieldChange, ItemChange } from '../view/difference.ts'
export type { ListOptions } from './options/list-options.ts'
export type { Problem } from './problem.ts'

/** Any JSON document with an id. `Session` is the type of document that forkpoint defines. */
export interface StoredDocument {
  id: string
}

export interface SessionSummary {
  id: string
  type: string
  title: string | undefined
  status: string | undefined
  activeBranch: string
  /** Newest checkpoint of the active branch. In a store without history: a fingerprint of the state. */
  head: string
  /** How many messages (items of the first collection) the newest state has. */
  messages: number
  /** The document's own `createdAt`; in a document without one, the time of the head. */
  createdAt: string
  /** When the active branch was last saved. */
  updatedAt: string
  /**
   * Why the session could not be read. Unknown fields are then `''`, `0` or `undefined`. With the id, you can verify
   * the session, load an older checkpoint of it, or delete it.
   */
  problem?: Problem
}

export interface WriteOptions {
  /**
   * Default: the active branch. A branch that does not exist starts at the caller's position; if the state is
   * unchanged, only the branch is created, without a checkpoint. The first branch of a new session becomes active.
   */
  branch?: string
  /** Default: `turn <seq>: ` (`step: ` for a step) and what was added, such as the user's message; at most 72 characters. */
  subject?: string
  /** Default: of a turn its prompt and the beginning of the answer, else empty. */
  body?: string
  /** Default: the author in the store's options, else the state's model, else `forkpoint <forkpoint@localhost>`. */
  author?: Author
  /**
   * Time of the checkpoint, for imports: a Date, ISO 8601 text (a day, or a time with its zone) or milliseconds, from
   * 1970 to 9999. Default: now. It may be earlier than the time of the parent: a log follows parents, not times.
   */
  at?: Date | string | number
  /**
   * Makes a retry harmless: a second call with the same key returns the checkpoint of the first call, or throws
   * ConflictError if its content differs. The store looks for the key in the branch's last 1,000 checkpoints, before it
   * checks `expected`. 1 to 1,000 characters. If `git revert` took the checkpoint back, the call saves it again.
   */
  key?: string
  /** Also sets this tag. Throws AlreadyExistsError and saves nothing if the tag names another checkpoint. */
  tag?: string
  /** The checkpoint that the branch must be at. `null`: the branch must not exist. `'any'`: do not check. */
  expected?: string | null
  /** Make a checkpoint even if nothing changed. */
  allowEmpty?: boolean
  /**
   * `step`: a checkpoint inside a turn; the next `save` makes the turn's checkpoint, even if nothing changed since the
   * step. `import`: a turn that happened in another tool. Default `save`.
   */
  kind?: 'save' | 'step' | 'import'
  /** Also keeps the files of a workspace, where a checkpoint is made. Throws WorkspaceLimitError. */
  files?: WorkspaceFiles
  /** Further trailers, such as `{ Workspace: '91bc…+dirty' }` for `Forkpoint-Workspace`. */
  trailers?: Readonly<Record<string, string>>
}

/**
 * What `append` adds. An item whose id exists replaces that item; this needs `expected` or a handle. An identical item
 * changes nothing. An item without an id is always new. A run that exists gets the new fields, and the new events after
 * its own: the first new event has the next sequence number (0 or 1 in a run without events), and each further event
 * the next one. In a `Session`, `updatedAt` becomes the checkpoint's time, unless `set` contains it.
 */
export interface Addition {
  messages?: readonly unknown[]
  runs?: readonly unknown[]
  /** Top-level keys to set, except collections, `id`, `type` and `schemaVersion`. */
  set?: Readonly<Record<string, unknown>>
  /** Top-level keys to remove, with the same exceptions as `set`. */
  unset?: readonly string[]
  /** Items for the other collections of a generic store, by collection. */
  [collection: string]: unknown
}

/** One of the additions of `appendAll`. */
export interface NextAddition {
  addition: Addition
  options?: Omit<WriteOptions, 'branch' | 'expected' | 'tag' | 'files'>
}

export interface LoadOptions {
  /** Any revision. Default: the tip of `branch`. */
  at?: string
  /** Default: the active branch. */
  branch?: string
  /** Load only this number of messages (items of the first collection), from the end. Such a state cannot be saved. */
  last?: number
  /** `false`: runs are loaded with `events: []`. Such a state cannot be saved. */
  events?: boolean
}

export interface LogOptions {
  /** Any revision. Default: the tip of the active branch. */
  at?: string
  limit?: number
  /** Also list the checkpoints inside turns: each turn, then its steps. */
  steps?: boolean
}

export interface ForkOptions {
  /** Any revision. Default: the tip of the active branch. */
  at?: string
  /**
   * Name of the new branch. With `session`, it is the branch of the new session (default `main`). Without `session`, it
   * is a branch of this session: the fork writes one ref, makes no checkpoint, and does not change the active branch.
   */
  branch?: string
  /** Id of the new session. */
  session?: string
  /** Subject of the new session's first own checkpoint. */
  subject?: string
  /** Author of the new session's first own checkpoint. */
  author?: Author
}

/** A checkpoint named by session and revision. */
export interface Place {
  session: string
  /** Any revision. Default: the tip of the active branch. */
  at?: string
}

/** What differs between two checkpoints. */
export interface StateDiff {
  from: { session: string; checkpoint: string }
  to: { session: string; checkpoint: string }
  /** Top-level fields that are not collections. */
  fields: readonly FieldChange[]
  messages: CollectionDiff
  runs: CollectionDiff
  /** Every collection by name, including `messages` and `runs`. */
  collections: Readonly<Record<string, CollectionDiff>>
  /** The patch as git prints it. Throws UnsupportedError if `supports.patch` is false. */
  patch(): Promise<string>
}

export interface VerifyReport {
  ok: boolean
  /** How many checkpoints were read completely. */
  checkpoints: number
  /** How many stored objects were checked against their id. */
  objects: number
  problems: readonly Problem[]
  /** What other tools have added: files such as a reviewer's notes, which saves keep, and merges of two branches. */
  foreign?: readonly Problem[]
}

export interface MaintainOptions {
  /** Also remove data that no branch or tag reaches. This cannot be undone. */
  purge?: boolean
  /** Called from time to time. `total` is absent until it is known. */
  onProgress?: (progress: { phase: string; done: number; total?: number }) => void
}

export interface MaintainReport {
  /** Bytes of the sessions on disk; 0 if the store does not use a disk. */
  bytesBefore: number
  bytesAfter: number
}

export interface StoreStats {
  sessions: number
  branches: number
  tags: number
  /** Bytes on disk of the whole store. */
  bytes: number
}

/** What a store can do. A call that needs more throws UnsupportedError. */
export interface Supports {
  /** Earlier checkpoints can be loaded, logged, tagged and diffed. */
  history: boolean
  /** A session can have several branches: `fork` and `switch` work. */
  branches: boolean
  /** `patch()` of a diff returns git's text. */
  patch: boolean
  /** Sessions remain after the process ends. */
  persistent: boolean
  /** `key` of a save is remembered. */
  keys: boolean
  /** `switch` holds for everybody who opens the store, not for one store object only. */
  switch: boolean
  /** Files of a workspace can be kept. */
  files: boolean
}

/** A session at a fixed position. A write continues from this position only, so it never overwrites another writer. */
export interface SessionHandle<S extends StoredDocument = Session> {
  readonly id: string
  /** The branch that writes go to. A write that names another branch changes it. */
  readonly branch: string
  /** The position: the parent of the next checkpoint. */
  readonly checkpoint: Checkpoint
  /** The state at the position. Do not change it: pass a changed copy to `save`. */
  readonly state: S
  /** Saves, then moves the position to the new checkpoint. Throws ConflictError if someone else wrote first. */
  save(state: S, options?: Omit<WriteOptions, 'expected'>): Promise<Checkpoint>
  /** Appends, then moves the position to the new checkpoint. Throws ConflictError if someone else wrote first. */
  append(addition: Addition, options?: Omit<WriteOptions, 'expected'>): Promise<Checkpoint>
}

/**
 * If a call has several faults, the first of these is thrown: a closed store; wrong arguments (TypeError,
 * InvalidIdError); UnsupportedError; a state that does not fit (InvalidStateError); an unknown session (NotFoundError)
 * or one of another type (InvalidStateError); a key used for other content, then a stale position (ConflictError).
 * A store never changes the values it is given. The caller may change the values it returns.
 */
export interface SessionStore<S extends StoredDocument = Session> {
  readonly supports: Supports
  /** The `type` of the sessions that this store saves. */
  readonly type: string

  /**
   * Saves the whole state. The checkpoint's `messages` are the positions of the added messages, `from` and `to`
   * included, counted from 0. Throws ConflictError if someone else wrote to the branch first, InvalidStateError if the
   * state does not fit.
   */
  save(state: S, options?: WriteOptions): Promise<Checkpoint>
  /**
   * Adds to a session without reading or writing the rest; `redact` does not receive values that are already stored.
   * Throws NotFoundError if the session does not exist.
   */
  append(session: string, addition: Addition, options?: WriteOptions): Promise<Checkpoint>
  /**
   * Appends several additions to one branch, with one checkpoint each, as `append` one after the other would, but with
   * fewer waits for the disk. `expected` is the tip before the first of them. If it throws, the first ones may be stored.
   */
  appendAll?(
    session: string,
    additions: readonly NextAddition[],
    on?: Pick<WriteOptions, 'branch' | 'expected'>,
  ): Promise<Checkpoint[]>

  /** Returns the state; `undefined` if the session does not exist. Throws NotFoundError for an unknown revision. */
  load(session: string, options?: LoadOptions): Promise<S | undefined>
  /**
   * Returns a handle at the tip of the branch, or at a revision. With a revision, the branch may be new: the first
   * write creates it there. Throws NotFoundError.
   */
  open(session: string, options?: { at?: string; branch?: string }): Promise<SessionHandle<S>>
  /** Returns the id of a checkpoint: 40 lower-case hex digits. Its first 4 or more digits are a revision too. */
  resolve(session: string, revision: string): Promise<string>
  /** Returns the checkpoint that the revision names. Default: the tip of the active branch. */
  checkpoint(session: string, revision?: string): Promise<Checkpoint>
  /** Lists the checkpoints of turns, newest first; with `steps`, also those inside turns. */
  log(session: string, options?: LogOptions): AsyncIterable<Checkpoint>
  /** Lists the branches by name. */
  branches(session: string): Promise<Branch[]>
  /** Lists the tags by name. */
  tags(session: string): Promise<Tag[]>
  /** Makes this branch the active one. Throws NotFoundError if it does not exist. */
  switch(session: string, branch: string): Promise<void>
  /**
   * Creates a branch or a session that starts at a checkpoint, and copies nothing. A new session gets one checkpoint of
   * kind `fork`, whose state differs in `id` and `parent` only. Its history continues into the history of the source,
   * shown with the new id. Throws AlreadyExistsError.
   */
  fork(session: string, options: ForkOptions): Promise<Checkpoint>
  /** Gives a checkpoint a permanent name. Throws AlreadyExistsError if the tag exists, even on the same checkpoint. */
  tag(session: string, name: string, options?: { at?: string }): Promise<Tag>
  /** Compares two checkpoints. Items of a collection are matched by id. An item that only moved is not reported. */
  diff(from: Place, to: Place): Promise<StateDiff>
  diff(session: string, from: string, to: string): Promise<StateDiff>
  /**
   * Lists sessions of all types, or of one. A session that cannot be read is an item with a `problem`; the others are
   * listed as usual. If its time is unknown, it comes last. If its type is unknown, every `type` includes it.
   */
  list(options?: ListOptions): AsyncIterable<SessionSummary>
  /** Returns the events of a run in order. With `after`, only those with a greater sequence number. */
  runEvents(session: string, run: string, options?: { after?: number; at?: string }): Promise<unknown[]>
  /** Whether the session exists. */
  exists(session: string): Promise<boolean>
  /**
   * Deletes a session, or one branch or tag of it. Returns whether it existed. If the active branch is deleted, `main`
   * becomes active. Throws UnsupportedError for the only branch (delete the session instead), and for the active branch
   * if there is no `main` to replace it (switch first).
   */
  delete(session: string, options?: { branch?: string; tag?: string }): Promise<boolean>
  /** Reads everything and reports each problem, for one session or for all. */
  verify(session?: string, options?: { onProgress?: MaintainOptions['onProgress'] }): Promise<VerifyReport>
  /** Makes the store smaller and faster to read. */
  maintain(options?: MaintainOptions): Promise<MaintainReport>
  /** The files of a workspace, to be kept and put back. Only where `supports.files`. */
  files?(folder: string, options?: WorkspaceOptions): WorkspaceFiles
  /** Counts what the store holds. */
  stats(): Promise<StoreStats>
  /** Waits until running calls have finished. Every later call throws SessionClosedError. */
  close(): Promise<void>
}

/** Options that every store takes. */
export interface StoreOptions<S extends StoredDocument = Session> {
  /** The type of the documents, such as `langgraph-thread`. Default `session`. */
  type?: string
  /** Any Standard Schema. It only validates: the store keeps the input as given and ignores the schema's output. */
  schema?: StandardSchemaV1<unknown, S>
  /** Keys of the arrays whose items are stored one by one. Default `['messages', 'runs']`. */
  collections?: readonly string[]
  /** Sees each new value before it is stored. It must not change `id`, `type` or `schemaVersion`. */
  redact?: Redact
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number
  /** Author of checkpoints without an author of their own. Default: the state's model, else `forkpoint <forkpoint@localhost>`. */
  author?: Author
}
