/** Exit codes of the process. Scripts rely on these numbers. */
import { CommanderError } from 'commander'
import {
  AlreadyExistsError,
  AmbiguousRevisionError,
  AmbiguousSessionError,
  ConflictError,
  InvalidIdError,
  NotFoundError,
} from '../errors.ts'

export const EXIT = {
  done: 0,
  failed: 1,
  /** The command line is wrong: an unknown option, an impossible name. */
  wrongUse: 2,
  /** Someone else wrote first: a branch has moved, a name is taken. */
  conflict: 3,
  notFound: 4,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The command line is wrong; the message says how it is used. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'USAGE'
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ConflictError || error instanceof AlreadyExistsError) return EXIT.conflict
  if (error instanceof NotFoundError) return EXIT.notFound
  const wrongUse = [UsageError, CommanderError, InvalidIdError, AmbiguousRevisionError, AmbiguousSessionError]
  return wrongUse.some((type) => error instanceof type) ? EXIT.wrongUse : EXIT.failed
}
