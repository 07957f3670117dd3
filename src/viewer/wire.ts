/** Types of what the server sends to the page. The page imports this file, and nothing else of the server. */
import type { Branch, Checkpoint, FieldChange, SessionSummary, Tag } from '../store/session-store.ts'
import type { ReadMessage } from '../view/block.ts'
import type { ReadEvent, ReadRun } from '../view/run.ts'
import type { MessageRange, TurnSums } from '../view/turn.ts'

export interface StoreInfo {
  /** The folder of the store, as the user gave it. */
  store: string
  version: string
  /** Whether the page may fork, tag and switch. */
  writable: boolean
}

export interface SessionPage {
  sessions: readonly SessionSummary[]
  /** Id after which the next ones are requested. */
  after?: string
}

/** A checkpoint of a line, with the statistics of its messages at the line's tip. */
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

/** Paths of the workspace files that a turn changed. */
export interface ChangedFiles {
  added: readonly string[]
  changed: readonly string[]
  deleted: readonly string[]
  /** Patch of git; absent if it was not requested, or git is not available. */
  patch?: string
  /** Whether the patch was cut. */
  cut?: boolean
}

export interface RunInfo extends ReadRun {
  events: number
}

/** A session at one checkpoint: its line of turns, oldest first. */
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
  /** The branch with this tip, if there is one. */
  branch?: string
  /** The requested turn. Default: the tip. */
  focus: string
  /** Whether the line ends at the requested checkpoint, to show the session as it was then. */
  exact: boolean
  turns: readonly Turn[]
  /** Number of the first shown message. */
  start: number
  messages: number
  /** Whether workspace files are stored with the session. */
  files: boolean
  runs: readonly RunInfo[]
  forkedFrom?: { session: string; checkpoint: string }
}

/** A message as the page shows it. */
export interface ShownMessage extends ReadMessage {
  index: number
  /** Texts were cut; the whole message has to be requested alone. */
  cut?: boolean
}

export interface Messages {
  from: number
  messages: readonly ShownMessage[]
}

/** The replacement of an image or file: its number inside the message, to request it. */
export interface FileAt {
  file: number
  /** Given only for an image that a browser may show. */
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
  /** The branch to whose line the checkpoint belongs. */
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
  /** Number of consecutive messages that are equal on both sides. */
  | { kind: 'same'; count: number }
  | { kind: 'added'; after: ShownMessage }
  | { kind: 'removed'; before: ShownMessage }
  | { kind: 'changed'; before: ShownMessage; after: ShownMessage; fields: readonly FieldChange[] }

export interface Found {
  index: number
  who?: string
  /** The text before the match, the match and the text after it. */
  before: string
  match: string
  after: string
}

export interface Search {
  found: readonly Found[]
  /** Whether there are more matches. */
  more: boolean
}

/** One step of a run. */
export interface Step extends Omit<ReadEvent, 'message'> {
  message?: ShownMessage
  /** The next piece of text that a model or tool is writing. */
  delta?: string
}

/** A run with its steps, in order: its events, and messages of the session if the events contain none. */
export interface RunView {
  run: RunInfo
  steps: readonly Step[]
}

/** The data in a standalone page. */
export interface Exported {
  info: StoreInfo
  view: SessionView
  messages: readonly ShownMessage[]
  /** What turns changed in the files, by the turn's checkpoint. */
  files: Readonly<Record<string, ChangedFiles>>
}
