/** The result of a turn. */

import type { ForkpointError } from '../../errors.ts'
import type { Run, Usage } from '../../state/index.ts'
import type { Checkpoint } from '../../store/session-store.ts'

/** Every status of our runs. */
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
  /** The model's last text; if the turn was cancelled, its text so far. */
  text: string
  run: RunInfo
  /** Of this turn only. */
  usage: Usage
  /** The checkpoint of the turn; `undefined` if it was not saved (`autoSave: false`, or no store). */
  checkpoint: Checkpoint | undefined
  /** Tool calls that wait for a decision; empty unless the run is `waiting`. */
  pending: readonly PendingCall[]
  /** Why the turn has no snapshot of the workspace, although it should. */
  filesProblem?: ForkpointError
  /** Set if someone else had moved the branch, so that the turn was saved to a new branch (`onConflict: 'branch'`). */
  branched?: { from: string; to: string; expected: string | null | undefined; actual: string | null }
}
