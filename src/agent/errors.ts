/** Errors of agents. Errors of stores pass through unchanged. */
import { ForkpointError } from '../errors.ts'
import type { TurnResult } from './run/result.ts'

export interface ConfigLocation {
  /** Path as it was given, or a name such as `config` for an object. */
  file: string
  /** From 1; 0 where the configuration is an object. */
  line: number
  /** From 1, in UTF-16 code units; 0 where the configuration is an object. */
  column: number
}

/** A configuration that cannot be used. Names the position and what was expected there, but never a value. */
export class ConfigError extends ForkpointError {
  readonly file: string
  readonly line: number
  readonly column: number

  constructor({ file, line, column }: ConfigLocation, message: string, options?: { cause?: unknown }) {
    super('CONFIG', `${file}${line > 0 ? `:${line}:${column}` : ''}: ${message}`, options)
    this.file = file
    this.line = line
    this.column = column
  }
}

/**
 * Why a model call failed: `refused` (a 4xx status that a retry does not help), `unavailable` (429, 5xx, no
 * connection), `dropped` (the connection broke during the stream), `timeout`, `endless` (more output than a step may
 * have), `invalid` (the answer cannot be parsed).
 */
export type ModelErrorReason = 'refused' | 'unavailable' | 'dropped' | 'timeout' | 'endless' | 'invalid'

export interface ModelErrorData {
  reason: ModelErrorReason
  model: string
  /** Status of the HTTP response, if there was one. */
  status?: number
  /** Number of attempts. */
  attempts: number
  /** Milliseconds that the provider asked to wait. */
  retryAfter?: number
}

/**
 * A model call failed for good: a retry would not help, or all retries are used up. Contains no secret of the
 * configuration.
 */
export class ModelError extends ForkpointError {
  readonly reason: ModelErrorReason
  readonly model: string
  readonly status: number | undefined
  readonly attempts: number
  readonly retryAfter: number | undefined

  constructor(data: ModelErrorData, message: string, options?: { cause?: unknown }) {
    super('MODEL', message, options)
    this.reason = data.reason
    this.model = data.model
    this.status = data.status
    this.attempts = data.attempts
    this.retryAfter = data.retryAfter
  }
}

/** A turn reached its maximum number of steps. `resumeRun` continues it with the same number again. */
export class StepLimitError extends ForkpointError {
  readonly limit: number

  constructor(limit: number, run: string) {
    super(
      'STEP_LIMIT',
      `The turn took ${limit} steps, the maximum. Continue with resumeRun('${run}'), or raise maxSteps.`,
    )
    this.limit = limit
  }
}

/** A synchronous call needs a session that is not loaded yet. */
export class NotLoadedError extends ForkpointError {
  readonly session: string

  constructor(session: string, what: string) {
    super(
      'NOT_LOADED',
      `Session '${session}' is not loaded yet, so ${what} has no answer yet. First await session.load(), or a call such as session.send() or session.runs(). Or create the session with sessionAsync() or resumeSessionAsync().`,
    )
    this.session = session
  }
}

/** A run that cannot be resumed. */
export class NotResumableError extends ForkpointError {
  readonly run: string
  readonly status: string

  constructor(run: string, status: string, why: string) {
    super('NOT_RESUMABLE', `Run '${run}' is ${status}: ${why}.`)
    this.run = run
    this.status = status
  }
}

/**
 * The part of a turn that had run when `send`, `stream` or `resumeRun` failed: its run with status, text and usage.
 * `undefined` if the error came before the run began.
 */
export function turnOf(error: unknown): TurnResult | undefined {
  return typeof error === 'object' && error !== null ? turns.get(error) : undefined
}

/** Attaches the turn to the error, as `error.turn` and for `turnOf`. */
export function withTurn(error: unknown, turn: TurnResult): unknown {
  if (typeof error !== 'object' || error === null) return error
  turns.set(error, turn)
  if (Object.isExtensible(error)) {
    Object.defineProperty(error, 'turn', { value: turn, configurable: true, writable: true })
  }
  return error
}

const turns = new WeakMap<object, TurnResult>()
