/** What an import is asked for, and what it says. */
import type { Author, Redact, WriteOptions } from '../../store/session-store.ts'
import type { NamedLines } from '../byte-source.ts'

export interface ImportOptions {
  /** Id of the session. Default: the one that the entries give, else the file's name. */
  sessionId?: string
  /**
   * Transcripts of the session's sub-agents. Default: for a path, those that the tool has put there; otherwise none.
   */
  agents?: readonly (string | NamedLines)[]
  author?: Author
  /**
   * What takes secrets out of the transcript before it is read. Default: `redactSecrets()` with the store's key. With
   * `false`, all is imported as it is.
   */
  redact?: Redact | false
  /** Also keeps the files of this workspace, with the checkpoint of the turn that the session is at. */
  files?: WriteOptions['files']
  onProgress?: (progress: ImportProgress) => void
  /** The clock, in milliseconds, for a transcript that says no time at all. Default `Date.now`. */
  now?: () => number
}

export interface ImportProgress {
  session: string
  file: string
  /** Turns written, of those in the file. */
  done: number
  total: number
}

export interface ImportWarning {
  /** Name of the file. */
  file: string
  line: number
  message: string
}

export interface ImportResult {
  session: string
  title: string | undefined
  /** Whether the session is new in the store. */
  created: boolean
  /** Checkpoints that were made. */
  checkpoints: number
  /** Messages that were added. */
  messages: number
  /** Entries that were added: lines of the file and of its sub-agents' files that the store did not have. */
  added: number
  /** Entries in the file. */
  entries: number
  /** Turns in the file. */
  turns: number
  /** Branches that hold the file's turns; first the one that the session ended on. */
  branches: string[]
  /** Checkpoint of the last turn. */
  head: string
  /** Sub-agents with a file of their own. */
  agents: number
  warnings: ImportWarning[]
  /** How many secrets were taken out of the file, by rule. Nothing is counted for a `redact` of your own. */
  redacted: Record<string, number>
}
