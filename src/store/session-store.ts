/**
 * THE interface: what every store of sessions does. `GitSessionStore`, `FileSessionStore` and
 * `MemorySessionStore` implement it and pass one conformance suite (`forkpoint/testing`).
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Author, Branch, Checkpoint, Tag } from '../checkpoints/commits/checkpoint.ts'
import type { Redact } from '../redaction/redact.ts'
import type { Session } from '../state/session.ts'

export type { Author, Branch, Checkpoint, CheckpointKind, Tag } from '../checkpoints/commits/checkpoint.ts'
export type { Redact } from '../redaction/redact.ts'

/** Any JSON document with an id. `Session` is the one forkpoint itself knows. */
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
   * Why the session could not be read. What is not known then is `''`, `0` or `undefined`; the id is the one to `verify`,
   * to load an older checkpoint of, or to delete.
   */
  problem?: Problem
}

export interface WriteOptions {
  /**
   * Default: the active branch. A branch that does not exist starts at the caller's position (an unchanged state then
   * makes the branch and no checkpoint), and is active if the session begins with it.
   */
  branch?: string
  /** Default: derived from the state, such as `turn 3: Read and analyze the codebase`. */
  subject?: string
  body?: string
  author?: Author
  /**
   * Time of the checkpoint, for imports: Date, ISO 8601 text (a day, or a time with its zone) or milliseconds, from
   * 1970 to 9999. Default: now. It may be before that of the checkpoint it stands on: a log goes by parents, not by time.
   */
  at?: Date | string | number
  /**
   * Makes a retry harmless: the same key returns the checkpoint it made (looked up among the branch's last
   * 1,000 checkpoints, before `expected`); with other content it is a ConflictError. 1 to 1,000 characters. What
   * somebody has taken back with git (a revert) since then is made again.
   */
  key?: string
  /** Also sets this tag. Throws AlreadyExistsError, and saves nothing, when it names another checkpoint. */
  tag?: string
  /** The checkpoint the branch must be at; `null`: it must not exist; `'any'`: overwrite knowingly. */
  expected?: string | null
  /** Make a checkpoint even if nothing changed. */
  allowEmpty?: boolean
  /**
   * `step`: inside a turn; the next `save` becomes the turn's checkpoint, even if nothing changed since. `import`: a
   * turn that happened elsewhere. Default `save`.
   */
  kind?: 'save' | 'step' | 'import'
  /** Further trailers, such as `{ Workspace: '91bc…+dirty' }` for `Forkpoint-Workspace`. */
  trailers?: Readonly<Record<string, string>>
}

/**
 * What `append` adds. An item with an id that exists replaces that item, which needs `expected` or a handle; what is
 * there already, just so, changes nothing. A run that exists gets the fields, and the events after its own: the first
 * has a sequence of one more than the last (0 or 1 in a run without events), each next one more. Items without an id
 * are always new. Of sessions `updatedAt` becomes the checkpoint's time, unless `set` has it.
 */
export interface Addition {
  messages?: readonly unknown[]
  runs?: readonly unknown[]
  /** Top-level keys to set; neither collections nor `id`, `type` and `schemaVersion`. */
  set?: Readonly<Record<string, unknown>>
  /** Top-level keys to remove; as `set`. */
  unset?: readonly string[]
  /** Items for the other collections of a generic store, by collection. */
  [collection: string]: unknown
}

export interface LoadOptions {
  /** Any revision. Default: the tip of `branch`. */
  at?: string
  /** Default: the active branch. */
  branch?: string
  /** Only the last so many messages (the first collection). Such a part is no position: it cannot be saved. */
  last?: number
  /** `false`: runs come with `events: []`. Such a part cannot be saved either. */
  events?: boolean
}

export interface LogOptions {
  /** Any revision. Default: the tip of the active branch. */
  at?: string
  limit?: number
  /** Also the checkpoints inside turns, each turn before its steps. */
  steps?: boolean
}

export interface ForkOptions {
  /** Any revision. Default: the tip of the active branch. */
  at?: string
  /**
   * Name of the new branch: in the new session if one is named (default `main`), else in this one. A branch alone is
   * one ref: no checkpoint, and not active.
   */
  branch?: string
  /** Id of the new session. */
  session?: string
  /** Of the new session's own checkpoint. */
  subject?: string
  /** Of the new session's own checkpoint. */
  author?: Author
}

export interface ListOptions {
  /** `updated`: newest first, then by id; `id`: by id, in the order of UTF-16 code units. Default `updated`. */
  order?: 'updated' | 'id'
  /** Only ids that start with this. */
  prefix?: string
  /** Only sessions of this type. Default: all types. */
  type?: string
  /**
   * Id of the last session of the page before. In the order `updated` it has to exist (else NotFoundError), and
   * sessions that are saved in between move to the front: page by `id` to see each exactly once.
   */
  after?: string
  limit?: number
}

/** A checkpoint named by session and revision. */
export interface Place {
  session: string
  /** Any revision. Default: the tip of the active branch. */
  at?: string
}

export interface FieldChange {
  /** From the item, or from the document for `fields`. */
  path: readonly (string | number)[]
  /** Absent when the field was added. */
  before?: unknown
  /** Absent when the field was removed. */
  after?: unknown
}

export interface ItemChange {
  index: number
  id: string | undefined
  before: unknown
  after: unknown
  changes: readonly FieldChange[]
}

export interface CollectionDiff {
  added: readonly { index: number; id: string | undefined; item: unknown }[]
  removed: readonly { index: number; id: string | undefined; item: unknown }[]
  changed: readonly ItemChange[]
}

/** What differs between two checkpoints. */
export interface StateDiff {
  from: { session: string; checkpoint: string }
  to: { session: string; checkpoint: string }
  /** Top-level fields that are no collections. */
  fields: readonly FieldChange[]
  messages: CollectionDiff
  runs: CollectionDiff
  /** Every collection by name, `messages` and `runs` among them. */
  collections: Readonly<Record<string, CollectionDiff>>
  /** Git's own patch text. Throws UnsupportedError where there is no git. */
  patch(): Promise<string>
}

/** A problem that `verify` found. */
export interface Problem {
  session?: string
  checkpoint?: string
  /** File inside the store, or object id. */
  where: string
  message: string
}

export interface VerifyReport {
  ok: boolean
  /** How many checkpoints were read whole. */
  checkpoints: number
  /** How many stored objects were checked against their id. */
  objects: number
  problems: readonly Problem[]
  /** What other tools have added: files such as a reviewer's notes, which saves keep, and merges of two branches. */
  foreign?: readonly Problem[]
}

export interface MaintainOptions {
  /** Also remove for good what nothing reaches any more. */
  purge?: boolean
  /** Called now and then; `total` when it is known. */
  onProgress?: (progress: { phase: string; done: number; total?: number }) => void
}

export interface MaintainReport {
  /** Bytes on disk of the sessions; 0 where they are not on one. */
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

/** What a store can do; each is documented, none is guessed from the store's name. */
export interface Supports {
  /** Earlier checkpoints can be loaded, logged, tagged and diffed. */
  history: boolean
  /** More than one branch a session; `fork` and `switch`. */
  branches: boolean
  /** `patch()` of a diff gives git's text. */
  patch: boolean
  /** State outlives the process. */
  persistent: boolean
  /** `key` of a save is remembered. */
  keys: boolean
}

/** A session held at a position of its own; what it writes follows what it has seen. */
export interface SessionHandle<S extends StoredDocument = Session> {
  readonly id: string
  /** Where it writes; another one once a write has named it. */
  readonly branch: string
  /** The position: what the next save builds on. */
  readonly checkpoint: Checkpoint
  /** The state at the position. Read it; changes belong in what you pass to `save`. */
  readonly state: S
  /** Saves on top of the position, then moves there. Throws ConflictError when the branch is elsewhere. */
  save(state: S, options?: Omit<WriteOptions, 'expected'>): Promise<Checkpoint>
  /** Appends on top of the position, then moves there. Throws ConflictError when the branch is elsewhere. */
  append(addition: Addition, options?: Omit<WriteOptions, 'expected'>): Promise<Checkpoint>
}

export interface SessionStore<S extends StoredDocument = Session> {
  readonly supports: Supports
  /** The `type` that sessions saved here carry. */
  readonly type: string

  /**
   * Saves the whole state. Throws ConflictError when the branch has moved on since the caller saw it,
   * InvalidStateError when the state does not fit.
   */
  save(state: S, options?: WriteOptions): Promise<Checkpoint>
  /** Adds to a session without reading or writing the rest. Throws NotFoundError when there is no such session. */
  append(session: string, addition: Addition, options?: WriteOptions): Promise<Checkpoint>

  /** The state; `undefined` when there is no such session. Throws NotFoundError for an unknown revision. */
  load(session: string, options?: LoadOptions): Promise<S | undefined>
  /**
   * A handle at the tip of the branch, or at a revision. With a revision, the branch need not exist: the first write
   * starts it there. Throws NotFoundError.
   */
  open(session: string, options?: { at?: string; branch?: string }): Promise<SessionHandle<S>>
  /** Id of the checkpoint that the revision names. */
  resolve(session: string, revision: string): Promise<string>
  /** The checkpoint that the revision names; the tip of the active branch when none is given. */
  checkpoint(session: string, revision?: string): Promise<Checkpoint>
  /** Newest first. Turns only, unless steps are asked for. */
  log(session: string, options?: LogOptions): AsyncIterable<Checkpoint>
  /** In the order of their names. */
  branches(session: string): Promise<Branch[]>
  /** In the order of their names. */
  tags(session: string): Promise<Tag[]>
  /** Moves the active branch. Throws NotFoundError when there is no such branch. */
  switch(session: string, branch: string): Promise<void>
  /**
   * A new branch, or a new session, that starts at a checkpoint and copies nothing. A new session gets one checkpoint of
   * kind `fork`, whose state differs in `id` and `parent` only; its history goes on into the source's, shown with the
   * new id. Throws AlreadyExistsError.
   */
  fork(session: string, options: ForkOptions): Promise<Checkpoint>
  /** Names a checkpoint for good. Throws AlreadyExistsError when there is such a tag, wherever it points. */
  tag(session: string, name: string, options?: { at?: string }): Promise<Tag>
  /** What differs, by the collections of this store. Items are matched by id; one that only moved is not reported. */
  diff(from: Place, to: Place): Promise<StateDiff>
  diff(session: string, from: string, to: string): Promise<StateDiff>
  /**
   * Sessions of all types, unless one is asked for. One that cannot be read does not keep the others from being listed:
   * it is an item with a `problem`; where its time is not known it comes last, and where its type is not, it is of any.
   */
  list(options?: ListOptions): AsyncIterable<SessionSummary>
  /** Events of a run in order; only those with a sequence greater than `after`. */
  runEvents(session: string, run: string, options?: { after?: number; at?: string }): Promise<unknown[]>
  exists(session: string): Promise<boolean>
  /**
   * Deletes a session, or one branch or tag of it; says whether there was something to delete. When the active branch
   * goes, `main` is active again. Throws UnsupportedError for the only branch (delete the session), and for the active
   * one when there is no other `main` (switch first).
   */
  delete(session: string, options?: { branch?: string; tag?: string }): Promise<boolean>
  verify(session?: string, options?: { onProgress?: MaintainOptions['onProgress'] }): Promise<VerifyReport>
  maintain(options?: MaintainOptions): Promise<MaintainReport>
  stats(): Promise<StoreStats>
  /** Waits for what is under way. Every later call throws SessionClosedError. */
  close(): Promise<void>
}

/** Options that every store takes. */
export interface StoreOptions<S extends StoredDocument = Session> {
  /** What the documents are, such as `langgraph-thread`. Default `session`. */
  type?: string
  /** Any Standard Schema; validates, and what it returns is ignored: input is stored as given. */
  schema?: StandardSchemaV1<unknown, S>
  /** Keys of the arrays whose items are stored one by one. Default `['messages', 'runs']`. */
  collections?: readonly string[]
  redact?: Redact
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number
  author?: Author
}
