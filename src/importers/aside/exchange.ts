/** What the thread that reads a file and the thread that stores it tell each other. */
import * as errors from '../../errors.ts'
import { ForkpointError } from '../../errors.ts'
import type { AheadRules } from '../../store/git/ahead.ts'
import type { Piece } from '../core/redacted-source.ts'
import type { BegunTranscript, BuiltTurn, Row, Transcript, Turn } from '../importer.ts'
import type { SentAhead } from './sent-ahead.ts'

/** The file to read. */
export interface ReadingTask {
  /** Name of a built-in tool. */
  tool: string
  path: string
  /** Size of the file and number of its inode when it was opened. Bytes behind this size are not read. */
  size: number
  inode: number
  now: number
  /** Whether secrets are removed. */
  redacts: boolean
  /** Whether the thread asks if turns are to be encoded while the file is read. */
  straight: boolean
}

/** What the reading thread is told: the next file, which of its turns to build, the key of marks that it asked for … */
export type Question =
  | { kind: 'read'; task: ReadingTask }
  | { kind: 'build'; index: number }
  | { kind: 'key'; key: Uint8Array }
  /** … whether it encodes turns while it reads, which it asked with `begun` … */
  | { kind: 'straight'; rules: AheadRules | undefined }
  /** … and how many bytes of lines of those turns were taken. */
  | { kind: 'taken'; bytes: number }

/**
 * What the reading thread says. First comes what it has read, then each turn that it was asked for. If it encodes turns
 * while it reads: first `begun`, then each turn.
 */
export type Answer =
  | { kind: 'read'; transcript: SentTranscript; pieces: readonly Piece[]; redacted: Record<string, number> }
  | { kind: 'built'; index: number; built: BuiltTurn }
  | { kind: 'key' }
  | { kind: 'begun'; begun: BegunTranscript }
  | { kind: 'turn'; turn: EncodedTurn }
  /** The file is not straight, but turns of it were given. */
  | { kind: 'goes-back' }
  /** `index` is absent if the file could not be read. */
  | { kind: 'failed'; index?: number; error: SentError }

/** A turn that was encoded while the file was read. */
export interface EncodedTurn {
  /** The turn, with its last row only. */
  turn: SentTurn
  /** Number of its lines, and of their bytes. */
  entries: number
  bytes: number
  /** The first turn is not encoded. */
  built: BuiltTurn | SentAhead
  /** With the last turn: the rest of what is known of the file. */
  ended?: Pick<Transcript, 'lastAt' | 'entries' | 'warnings' | 'end'> & { redacted: Record<string, number> }
}

/** A transcript without its functions. */
export interface SentTranscript extends Omit<Transcript, 'build' | 'turns'> {
  turns: readonly SentTurn[]
}

export interface SentTurn extends Omit<Turn, 'rows'> {
  /** Line, start, end and time in milliseconds of each row. */
  rows: Float64Array<ArrayBuffer>
}

export interface SentError {
  /** Class of one of our errors. */
  name: string | undefined
  message: string
  stack: string | undefined
  /** Properties of one of our errors. */
  data: Record<string, unknown>
}

const WORDS = 4

export function sentTurn({ id, parent, rows, subject, about, cursor }: Turn): SentTurn {
  const packed = new Float64Array(rows.length * WORDS)
  for (const [n, { line, start, end, at }] of rows.entries())
    packed.set([line, start, end, Date.parse(at)], n * WORDS)
  return { id, parent, rows: packed, subject, about, cursor }
}

/** Returns the turn. Its rows are made anew whenever they are asked for, because a file may have millions of them. */
export function receivedTurn({ rows: packed, ...turn }: SentTurn): Turn {
  return {
    ...turn,
    get rows() {
      return Array.from({ length: packed.length / WORDS }, (_, n) => new ReceivedRow(packed, n * WORDS))
    },
  }
}

class ReceivedRow implements Row {
  readonly line: number
  readonly start: number
  readonly end: number
  readonly #time: number

  constructor(packed: Float64Array, from: number) {
    this.line = packed[from] as number
    this.start = packed[from + 1] as number
    this.end = packed[from + 2] as number
    this.#time = packed[from + 3] as number
  }

  get at(): string {
    return new Date(this.#time).toISOString()
  }
}

/** Number of bytes of the turn's lines. */
export function sizeOf({ rows }: SentTurn): number {
  let size = 0
  for (let at = 0; at < rows.length; at += WORDS) size += (rows[at + 2] as number) - (rows[at + 1] as number)
  return size
}

export function sentError(error: unknown): SentError {
  if (!(error instanceof Error))
    return { name: undefined, message: String(error), stack: undefined, data: {} }
  const { message, stack } = error
  if (!(error instanceof ForkpointError)) return { name: undefined, message, stack, data: {} }
  return { name: error.name, message, stack, data: { ...error } }
}

/** Returns the error, of the class that it had in the other thread. */
export function receivedError({ name, message, stack, data }: SentError): Error {
  const error = new Error(message)
  if (stack !== undefined) error.stack = stack
  const known = name === undefined ? undefined : (errors as Record<string, unknown>)[name]
  if (typeof known !== 'function') return error
  Object.setPrototypeOf(error, known.prototype)
  return Object.assign(error, data)
}
