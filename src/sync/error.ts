/** What goes wrong when sessions are shared, beside the server's own troubles. */
import { ForkpointError } from '../errors.ts'

/**
 * A save is durable here, and its remote did not take it. Nobody saves again: the checkpoint stands, the handle has moved, and
 * the next push takes it along.
 */
export class ReplicationError extends ForkpointError {
  readonly session: string
  /** The checkpoint that was saved. */
  readonly checkpoint: string
  readonly remote: string

  constructor(
    data: { session: string; checkpoint: string; remote: string },
    reason: string,
    options?: { cause?: unknown },
  ) {
    super(
      'REPLICATION',
      `Checkpoint ${data.checkpoint} of session '${data.session}' is saved here, but not at '${data.remote}': ${reason} Do not save again: the next push takes it along.`,
      options,
    )
    this.session = data.session
    this.checkpoint = data.checkpoint
    this.remote = data.remote
  }
}

/** A session does not leave this machine: it says so itself, or it holds a secret. */
export class NotSharedError extends ForkpointError {
  readonly session: string
  /** Ids of messages and rules, where secrets were found. */
  readonly secrets: readonly { message: string | undefined; rule: string; where: string }[]

  constructor(
    session: string,
    reason: string,
    secrets: readonly { message: string | undefined; rule: string; where: string }[] = [],
  ) {
    super('NOT_SHARED', `Session '${session}' was not pushed: ${reason}`)
    this.session = session
    this.secrets = secrets
  }
}

/**
 * A session is not pushed, since it has work on checkpoints that were rewritten, to take something out: here, and a remote has newer
 * work; or elsewhere, and newer work is here. `GitSessionStore.continueRewrite` makes that work once more on what these have become.
 */
export class RewrittenError extends ForkpointError {
  readonly session: string
  /** Without `refs/`. */
  readonly refs: readonly string[]

  constructor(session: string, refs: readonly string[]) {
    super(
      'REWRITTEN',
      `Session '${session}' was not pushed: ${refs.join(', ')} has work on checkpoints that were rewritten since, to take something out of them. 'forkpoint redact ${session} --continue' makes it once more on the new ones.`,
    )
    this.session = session
    this.refs = refs
  }
}
