/** Errors of sharing sessions, other than errors of the server. */
import { ForkpointError } from '../errors.ts'

/**
 * A save is durable here, but its remote did not accept it. Do not save again: the checkpoint exists, the handle has
 * moved, and the next push includes it.
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

/** A session was not sent, because it is marked as local or contains a secret. */
export class NotSharedError extends ForkpointError {
  readonly session: string
  /** The secrets that were found: id of the message, rule, and place. */
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
 * A session was not pushed, because it has work on top of checkpoints that were rewritten to redact something: they
 * were rewritten here and a remote has newer work, or they were rewritten elsewhere and newer work is here.
 * `GitSessionStore.continueRewrite` rewrites that work, too.
 */
export class RewrittenError extends ForkpointError {
  readonly session: string
  /** The refs with that work, without `refs/`. */
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
