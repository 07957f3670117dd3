/** Checkpoints, branches and tags as values. */

/** How a checkpoint was made. `foreign`: by another tool that committed to a session's branch. */
export type CheckpointKind = 'save' | 'step' | 'fork' | 'import' | 'foreign' | (string & {})

/** One saved state. In a git store its id is the commit's object id. */
export interface Checkpoint {
  /** 40 lower-case hex digits. */
  id: string
  session: string
  /** The branch that the checkpoint was made on. */
  branch: string
  /** Ids of its parents: first the previous turn; if the turn had steps, second its last step. */
  parents: readonly string[]
  /** ISO 8601, milliseconds, UTC. */
  createdAt: string
  /** One line, as `git log --oneline` shows it. */
  subject: string
  /** Empty if there is no body. */
  body: string
  kind: CheckpointKind
  /**
   * The number of the turn, from 1. A step has the number of its turn. A fork has the number of the last complete turn
   * that it contains.
   */
  seq: number
  /**
   * Positions of the messages (items of the first collection) that were added since the previous turn; for a step, since
   * the previous checkpoint. Positions count from 0, and `to` is included. Absent if no messages were added.
   */
  messages?: { from: number; to: number }
  /** Id of the last run that was added or changed since then. */
  run?: string
  status?: string
  model?: string
  /** `usage.totalTokens` of the state, else the sum of input and output tokens. */
  tokens?: number
  /** The checkpoint that a forked session started from. */
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
