/** Errors of the native git. */
import { ForkpointError } from '../../../errors.ts'

/** Git ended with an error, was stopped, or could not be started. */
export class NativeGitError extends ForkpointError {
  /** The git command, such as `pack-objects`. */
  readonly command: string

  constructor(command: string, reason: string, options?: { cause?: unknown }) {
    super(
      'NATIVE_GIT',
      `'git ${command}' failed: ${reason}\nRun 'forkpoint verify' to see whether the store is damaged.`,
      options,
    )
    this.command = command
  }
}
