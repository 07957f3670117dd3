/** What goes wrong in an agent. Errors of stores pass through as they are. */
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

/** A configuration that cannot be used. Says where, and what was expected there; never what a value was. */
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
 * What ended a model call: `refused` (a 4xx that no retry helps), `unavailable` (429, 5xx, no connection),
 * `dropped` (the connection broke in mid-stream), `timeout`, `endless` (more output than a step may have), `invalid`
 * (an answer that is none).
 */
export type ModelErrorReason = 'refused' | 'unavailable' | 'dropped' | 'timeout' | 'endless' | 'invalid'

export interface ModelErrorData {
  reason: ModelErrorReason
  model: string
  /** Status of the HTTP response, if there was one. */
  status?: number
  /** How often the model was asked. */
  attempts: number
  /** Milliseconds the provider asked to wait. */
  retryAfter?: number
}

/** A model call failed for good: not worth a retry, or all retries used up. Holds no secret of the configuration. */
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

/** A turn took as many steps as it may. `resumeRun` goes on with as many more. */
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

/** A session that was not loaded yet was asked for something that has to be there at once. */
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
 * What a turn had come to when `send`, `stream` or `resumeRun` failed: its run with the status, its text, its usage.
 * `undefined` for an error that came before there was a run.
 */
export function turnOf(error: unknown): TurnResult | undefined {
  return typeof error === 'object' && error !== null ? turns.get(error) : undefined
}

/** Lets the error carry the turn, as `error.turn` and for `turnOf`. */
export function withTurn(error: unknown, turn: TurnResult): unknown {
  if (typeof error !== 'object' || error === null) return error
  turns.set(error, turn)
  if (Object.isExtensible(error)) {
    Object.defineProperty(error, 'turn', { value: turn, configurable: true, writable: true })
  }
  return error
}

const turns = new WeakMap<object, TurnResult>()
