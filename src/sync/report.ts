/** What a fetch, a push and a look at a remote have found. Refs are written as they are here, without `refs/`. */
import type { ForkpointError } from '../errors.ts'

export interface FetchReport {
  remote: string
  /** Refs that are new here, or moved forward. */
  updated: string[]
  /** Refs of ours that made room for those of the remote, and where they are now. */
  diverged: { from: string; to: string }[]
  /** Refs that were deleted here because they were deleted elsewhere. */
  deleted: string[]
  /** Refs with work that a deletion elsewhere did not know: they stay here, and are not pushed until `restore`. */
  kept: string[]
  /** Sessions that are archived here now, and those that came back from archives, because they did elsewhere. */
  archived: string[]
  unarchived: string[]
  /** Refs that were deleted, or whose session was rewritten, but that the server still has as they were. */
  hidden: string[]
  /** Refs that moved to what was made of them by a rewrite elsewhere. `maintain({ purge: true })` removes the old checkpoints. */
  rewritten: string[]
  /**
   * Refs with work on checkpoints that were rewritten elsewhere. Their sessions stay as they are, and are not pushed, until
   * `continueRewrite`.
   */
  outdated: string[]
}

export interface RefusedSession {
  session: string
  /** Why, in the server's words or in ours. */
  reason: string
  error?: ForkpointError
}

export interface PushReport {
  remote: string
  /** Refs that the server has now as they are here. */
  pushed: string[]
  /** Sessions that are archived at the server now. */
  archived: string[]
  /** Refs that were deleted at the server. */
  deleted: string[]
  /** Sessions that were not pushed, each with the reason. The others were. */
  refused: RefusedSession[]
  /** Refs that cannot be pushed before a fetch, since the remote has moved on. */
  behind: string[]
  /** Refs with work that a deletion elsewhere did not know. */
  kept: string[]
  /** Refs that were deleted or rewritten, but that the server does not let anybody delete or replace. */
  hidden: string[]
}

export interface SyncReport {
  fetch: FetchReport
  push: PushReport
}

export interface SessionStatus {
  session: string
  /** Refs that the remote does not have yet as they are here. */
  ahead: string[]
  /** Refs that have moved forward at the remote. */
  behind: string[]
  /** Refs that have gone on at both. */
  diverged: string[]
  /** Whether a deletion or a rewrite has yet to be told to the remote. */
  waiting: boolean
  kept: string[]
  hidden: string[]
  /** Refs with work on checkpoints that were rewritten elsewhere. */
  outdated: string[]
  /** Why the last push of it was refused, in this process. */
  refused?: string
}

export interface RemoteStatus {
  remote: string
  url: string
  /** Sessions whose refs differ; the others are the same here and there. */
  sessions: SessionStatus[]
  /** How many sessions are the same here and there. */
  same: number
}
