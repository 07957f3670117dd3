/** Reports of fetches, pushes and comparisons with a remote. Refs have their local names, without `refs/`. */
import type { ForkpointError } from '../errors.ts'

export interface FetchReport {
  remote: string
  /** Refs that are new here, or moved forward. */
  updated: string[]
  /** Local refs that were renamed, because the remote's refs took their names, with their new names. */
  diverged: { from: string; to: string }[]
  /** Refs that were deleted here because they were deleted elsewhere. */
  deleted: string[]
  /** Refs with work that a deletion elsewhere did not cover: they stay here, and are not pushed until `restore`. */
  kept: string[]
  /**
   * Sessions that were archived here because they were archived elsewhere; in `unarchived`, sessions that came back
   * from archives because they did so elsewhere.
   */
  archived: string[]
  unarchived: string[]
  /** Refs that were deleted or whose session was rewritten, but that still have their old value at the server. */
  hidden: string[]
  /** Refs that moved to checkpoints of a rewrite elsewhere. `maintain({ purge: true })` removes the old checkpoints. */
  rewritten: string[]
  /**
   * Refs with work on checkpoints that were rewritten elsewhere. Their sessions stay unchanged, and are not pushed,
   * until `continueRewrite`.
   */
  outdated: string[]
}

export interface RefusedSession {
  session: string
  /** Why it was refused, in the server's or forkpoint's words. */
  reason: string
  error?: ForkpointError
}

export interface PushReport {
  remote: string
  /** Refs that now have their local value at the server. */
  pushed: string[]
  /** Sessions that are now archived at the server. */
  archived: string[]
  /** Refs that were deleted at the server. */
  deleted: string[]
  /** Sessions that were not pushed, each with the reason. All others were pushed. */
  refused: RefusedSession[]
  /** Refs that cannot be pushed before a fetch, because the remote has new checkpoints. */
  behind: string[]
  /** Refs with work that a deletion elsewhere did not cover. */
  kept: string[]
  /** Refs that were deleted or rewritten, but that the server refuses to delete or replace. */
  hidden: string[]
}

export interface SyncReport {
  fetch: FetchReport
  push: PushReport
}

export interface SessionStatus {
  session: string
  /** Refs with checkpoints that the remote does not have yet. */
  ahead: string[]
  /** Refs with new checkpoints at the remote. */
  behind: string[]
  /** Refs with new checkpoints on both sides. */
  diverged: string[]
  /** Whether a deletion or a rewrite has not been pushed yet. */
  waiting: boolean
  kept: string[]
  hidden: string[]
  /** Refs with work on checkpoints that were rewritten elsewhere. */
  outdated: string[]
  /** Why the last push of the session in this process was refused. */
  refused?: string
}

export interface RemoteStatus {
  remote: string
  url: string
  /** Sessions whose refs differ from the remote's. */
  sessions: SessionStatus[]
  /** Number of sessions that are the same at the remote. */
  same: number
}
