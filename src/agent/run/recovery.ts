/** Continues after a crash, a failure or a wait. */
import { NotFoundError } from '../../errors.ts'
import type { Run, Session } from '../../state/index.ts'
import { NotResumableError } from '../errors.ts'
import { type OpenCall, openCalls } from '../history/open-calls.ts'
import type { PendingCall } from './result.ts'

export interface LeftCalls {
  /** Started but not ended: they may have run. */
  started: readonly OpenCall[]
  /** Never started. */
  unstarted: readonly OpenCall[]
}

/** The calls without a result at the end of the session. */
export function leftCalls({ messages, runs }: Pick<Session, 'messages' | 'runs'>): LeftCalls {
  const open = openCalls(messages)
  const started = startedIn(runs.at(-1))
  return {
    started: open.filter(({ call }) => started.has(call)),
    unstarted: open.filter(({ call }) => !started.has(call)),
  }
}

/** Calls of the run's last step that started and did not end. */
function startedIn(run: Readonly<Run> | undefined): ReadonlySet<string> {
  const started = new Set<string>()
  for (const { type, call } of run?.events ?? []) {
    // Providers may reuse an id in another step.
    if (type === 'step-start') started.clear()
    else if (type === 'tool-start') started.add(String(call))
    else if (type === 'tool-end') started.delete(String(call))
  }
  return started
}

/** The run, if it can be resumed. Throws NotFoundError, or NotResumableError. */
export function resumableRun(session: Readonly<Session>, id: string): Readonly<Run> {
  const run = session.runs.find((one) => one.id === id)
  if (run === undefined) throw new NotFoundError({ kind: 'run', id, session: session.id })
  if (session.runs.at(-1) !== run) {
    throw new NotResumableError(id, run.status, 'the session has continued since then; send a new prompt')
  }
  if (!RESUMABLE.has(run.status)) {
    const why = run.status === 'running' ? 'it is running' : 'it has nothing left to do; send a new prompt'
    throw new NotResumableError(id, run.status, why)
  }
  return run
}

const RESUMABLE = new Set(['interrupted', 'waiting', 'failed'])

/** The calls that a run waits for a decision on. */
export const pendingOf = (run: Readonly<Run> | undefined): readonly PendingCall[] =>
  Array.isArray(run?.pending) ? (run.pending as PendingCall[]) : []
