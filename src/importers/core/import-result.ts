/** Options and results of an import. */
import type { Author, Redact, WriteOptions } from '../../store/session-store.ts'
import type { NamedLines } from '../byte-source.ts'

export interface ImportOptions {
  /** Id of the session. Default: the id in the entries, or else the file's name. */
  sessionId?: string
  /**
   * Transcripts of the session's sub-agents. Default: if the source is a path, the files that the tool wrote next to
   * it; otherwise none.
   */
  agents?: readonly (string | NamedLines)[]
  author?: Author
  /**
   * Removes secrets from the transcript before it is read. Default: `redactSecrets()` with the store's key. With
   * `false`, everything is imported unchanged.
   */
  redact?: Redact | false
  /** Also stores the files of this workspace, in the checkpoint of the session's current turn. */
  files?: WriteOptions['files']
  onProgress?: (progress: ImportProgress) => void
  /** The clock, in milliseconds, for a transcript that contains no time. Default `Date.now`. */
  now?: () => number
}

export interface ImportProgress {
  session: string
  file: string
  /** Turns written so far. `total` is the number of turns in the file. */
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
  /** Number of new checkpoints. */
  checkpoints: number
  /** Number of added messages. */
  messages: number
  /** Number of added entries: lines of the file and of its sub-agents' files that the store did not have. */
  added: number
  /** Number of entries in the file. */
  entries: number
  /** Number of turns in the file. */
  turns: number
  /** Branches that contain the file's turns, the one that the session ended on first. */
  branches: string[]
  /** Checkpoint of the last turn. */
  head: string
  /** Number of sub-agents with their own file. */
  agents: number
  warnings: ImportWarning[]
  /** Number of secrets removed from the file, by rule. Empty if you passed your own `redact`. */
  redacted: Record<string, number>
}
