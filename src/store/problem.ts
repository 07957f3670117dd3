/** Problems: why a session cannot be read. */
import { ForkpointError, SessionClosedError } from '../errors.ts'

/** A problem that `verify` found. */
export interface Problem {
  session?: string
  checkpoint?: string
  /** File inside the store, or object id. */
  where: string
  message: string
}

/** Returns why a session, or a checkpoint of it, cannot be read. Throws `error` if it is not a forkpoint error. */
export function problemOf(error: unknown, session: string, checkpoint?: string): Problem {
  if (!(error instanceof ForkpointError) || error instanceof SessionClosedError) throw error
  const blamed = error as { object?: string; file?: string }
  const where = blamed.object ?? blamed.file ?? checkpoint ?? session
  return { session, ...(checkpoint && { checkpoint }), where, message: error.message }
}
