/** What a turn comes to. */

import type { ForkpointError } from '../../errors.ts'
import type { Run, Usage } from '../../state/index.ts'
import type { Checkpoint } from '../../store/session-store.ts'

/** Every status a run of ours can have. */
export type RunStatus = 'running' | 'completed' | 'failed' | 'cancelled' | 'waiting' | 'interrupted'

/** A run without its events; `session.runEvents(run.id)` gives those. */
export type RunInfo = Omit<Run, 'events'> & {
  id: string
  status: string
  prompt: string
  pending?: PendingCall[]
}

/** A tool call that waits for a decision. */
export interface PendingCall {
  /** Id of the call: the key for `resumeRun(run, { decisions: { [call]: 'allow' } })`. */
  call: string
  tool: string
  input: unknown
}

/** A turn that ended: its run is `completed`, `cancelled` or `waiting`. A failed one is an error that carries this. */
export interface TurnResult {
  /** What the model said last; what it had said so far when the turn was cancelled. */
  text: string
  run: RunInfo
  /** Of this turn alone. */
  usage: Usage
  /** Where the turn was saved; `undefined` when it was not (`autoSave: false`, or no store). */
  checkpoint: Checkpoint | undefined
  /** Tool calls that wait for a decision; empty unless the run is `waiting`. */
  pending: readonly PendingCall[]
  /** Why the files of the workspace were not kept with the turn, where they should have been. */
  filesProblem?: ForkpointError
  /** Set when somebody else had moved the branch and the turn was put on one of its own (`onConflict: 'branch'`). */
  branched?: { from: string; to: string; expected: string | null | undefined; actual: string | null }
}
