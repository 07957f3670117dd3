/** What the server tells the page, as types alone: the page imports this file, and nothing of the server. */
import type { Branch, Checkpoint, FieldChange, SessionSummary, Tag } from '../store/session-store.ts'
import type { ReadMessage } from '../view/block.ts'
import type { ReadEvent, ReadRun } from '../view/run.ts'
import type { MessageRange, TurnSums } from '../view/turn.ts'

export interface StoreInfo {
  /** The folder, as it was given. */
  store: string
  version: string
  /** Whether the page may fork, tag and switch. */
  writable: boolean
}

export interface SessionPage {
  sessions: readonly SessionSummary[]
  /** Id to ask for the next ones with. */
  after?: string
}

/** A checkpoint of a line, with what its messages say at the line's tip. */
export interface Turn extends Omit<TurnSums, 'said'>, MessageRange {
  id: string
  subject: string
  kind: string
  seq: number
  createdAt: string
  branch: string
  parents: readonly string[]
  model?: string
  run?: string
}

/** What a turn changed in the files of its workspace, by path. */
export interface ChangedFiles {
  added: readonly string[]
  changed: readonly string[]
  deleted: readonly string[]
  /** Of git; absent where it was not asked for, or there is no git. */
  patch?: string
  /** The patch is longer than this. */
  cut?: boolean
}

export interface RunInfo extends ReadRun {
  events: number
}

/** A session as it is at one checkpoint: its line of turns, oldest first. */
export interface SessionView {
  session: string
  type: string
  title?: string
  status?: string
  model?: string
  branches: readonly Branch[]
  tags: readonly Tag[]
  /** The newest checkpoint of the line. */
  tip: string
  /** The branch that ends there, if one does. */
  branch?: string
  /** The turn that was asked for; the tip where none was. */
  focus: string
  /** Whether the line is cut at a checkpoint, and shows the session as it was then. */
  exact: boolean
  turns: readonly Turn[]
  /** Number of the first message that is shown. */
  start: number
  messages: number
  /** Whether the files of a workspace are kept with it. */
  files: boolean
  runs: readonly RunInfo[]
  forkedFrom?: { session: string; checkpoint: string }
}

/** A message as the page shows it. */
export interface ShownMessage extends ReadMessage {
  index: number
  /** Texts in it were cut; the message has to be asked for by itself. */
  cut?: boolean
}

export interface Messages {
  from: number
  messages: readonly ShownMessage[]
}

/** What stands where an image or a file would: its number inside the message, to ask for it. */
export interface FileAt {
  file: number
  /** Of an image that a browser may show. */
  mediaType?: string
  bytes: number
}

export interface Node {
  id: string
  parent?: string
  subject: string
  createdAt: string
  kind: string
  seq: number
  /** The branch of whose line it is part. */
  branch: string
}

/** All checkpoints of a session's branches, newest first. */
export interface Tree {
  nodes: readonly Node[]
  branches: readonly Branch[]
  tags: readonly Tag[]
}

export interface Side {
  session: string
  checkpoint: Checkpoint
}

export interface Comparison {
  from: Side
  to: Side
  rows: readonly ComparedRow[]
  fields: readonly FieldChange[]
}

export type ComparedRow =
  /** Messages that are the same on both sides. */
  | { kind: 'same'; count: number }
  | { kind: 'added'; after: ShownMessage }
  | { kind: 'removed'; before: ShownMessage }
  | { kind: 'changed'; before: ShownMessage; after: ShownMessage; fields: readonly FieldChange[] }

export interface Found {
  index: number
  who?: string
  /** What was found, with what stands around it. */
  before: string
  match: string
  after: string
}

export interface Search {
  found: readonly Found[]
  /** Whether there are more than these. */
  more: boolean
}

/** One moment of a run. */
export interface Step extends Omit<ReadEvent, 'message'> {
  message?: ShownMessage
  /** What a model or a tool said next of what it is saying. */
  delta?: string
}

/** A run and what happened in it, in order: its events, or the messages of the session where the events do not say. */
export interface RunView {
  run: RunInfo
  steps: readonly Step[]
}

/** What a page that stands alone holds instead of a server. */
export interface Exported {
  info: StoreInfo
  view: SessionView
  messages: readonly ShownMessage[]
}
