/** What the process says when it ends. Scripts rely on these numbers. */
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
  /** The command line itself makes no sense: an unknown option, a name that cannot be one. */
  wrongUse: 2,
  /** Somebody else was there first: a branch has moved on, a name is taken. */
  conflict: 3,
  notFound: 4,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The command line was used wrongly; the message says how it is used. */
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
