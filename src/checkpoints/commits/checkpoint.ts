/** What a checkpoint, a branch and a tag are to everyone who reads them. */

/** How a checkpoint came to be. `foreign`: a commit of another tool on one of our branches. */
export type CheckpointKind = 'save' | 'step' | 'fork' | 'import' | 'foreign' | (string & {})

/** One saved state. In a git store its id is the commit's object id. */
export interface Checkpoint {
  /** 40 lower-case hex digits. */
  id: string
  session: string
  /** The branch it was made on. */
  branch: string
  /** First the previous turn; second, where a turn had steps, the last step. */
  parents: readonly string[]
  /** ISO 8601, milliseconds, UTC. */
  createdAt: string
  /** One line, as `git log --oneline` shows it. */
  subject: string
  /** Empty when there is none. */
  body: string
  kind: CheckpointKind
  /**
   * 1 for the first turn of a session, one more for each turn; a step carries its turn's number, a fork that of the
   * last whole turn it holds.
   */
  seq: number
  /**
   * Number range of the messages (items of the first collection) that are new since the turn before, for a step since
   * the checkpoint before; both ends included. Absent when there are no more than there were.
   */
  messages?: { from: number; to: number }
  /** Id of the last run that is new or changed since then. */
  run?: string
  status?: string
  model?: string
  /** `usage.totalTokens` of the state, else input and output together. */
  tokens?: number
  /** Where a fork's own commit started. */
  forkedFrom?: { session: string; checkpoint: string }
  key?: string
  author?: Author
}

export interface Author {
  name: string
  email: string
}

export interface Branch {
  name: string
  /** Id of the newest checkpoint. */
  head: string
  active: boolean
}

export interface Tag {
  name: string
  checkpoint: string
}
