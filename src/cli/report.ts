/** Formats errors for people and programs. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CommanderError } from 'commander'
import { AlreadyExistsError, ForkpointError, NotFoundError } from '../errors.ts'
import { dim, type Line, line, red } from '../view/terminal/line.ts'
import type { Context } from './context.ts'
import { UsageError } from './exit-codes.ts'
import { shell } from './words.ts'

export interface ErrorReport {
  lines: Line[]
  /** `{ error: { code, message, … } }`, with the data of the error. */
  data: { error: Record<string, unknown> }
}

/**
 * Returns the error in words, with what to do next. An error that is not forkpoint's is marked as such. `debug` adds
 * the stacks of the error and its causes.
 */
export function reportError(
  error: unknown,
  context: Context,
  { debug = false, help }: { debug?: boolean; help?: string } = {},
): ErrorReport {
  const message = messageOf(error)
  const [first = '', ...rest] = message.split('\n')
  const lines = [line`${red('forkpoint:')} ${first}`, ...rest.map((text) => line`${text}`)]
  const hints = isUsage(error) && help !== undefined ? [help] : hintsFor(error, context)
  for (const hint of hints) lines.push(dim(hint))
  const stack = debug ? stackOf(error) : undefined
  lines.push(...(stack ?? []).map((text) => dim(text)))
  return { lines, data: { error: { ...errorData(error), ...(stack && { stack }) } } }
}

/** Returns the error as data: its code, its message, and what a program needs to act on it. */
export function errorData(error: unknown): Record<string, unknown> {
  const typed = error instanceof ForkpointError || error instanceof UsageError
  const code = error instanceof CommanderError ? 'USAGE' : typed ? error.code : 'UNEXPECTED'
  const data = error instanceof ForkpointError ? { ...error } : {}
  return { ...data, name: undefined, code, message: messageOf(error) }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error instanceof CommanderError ? capital(error.message.replace(/^error: /, '')) : error.message
}

function hintsFor(error: unknown, { command, stores }: Context): string[] {
  if (error instanceof NotFoundError) {
    const inside = error.session
    if (error.kind === 'store')
      return ['Name a store with --store or FORKPOINT_STORE, or create one with an import.']
    if (error.kind === 'session')
      return [...pathHints(error.id, command), `'${command('list')}' shows the sessions of ${stores.folder}.`]
    if (inside === undefined) return []
    return [
      ...(error.kind === 'revision' && error.id.includes('..') ? [RANGES] : []),
      `'${command('log', [inside])}' and '${command('branches', [inside])}' list its checkpoints and branches.`,
    ]
  }
  if (error instanceof AlreadyExistsError && error.kind === 'session') {
    return ['--session <id> chooses another id.']
  }
  if (error instanceof AlreadyExistsError && error.kind === 'file') return ['--overwrite replaces it.']
  if (error instanceof ForkpointError || isUsage(error)) return []
  return ['This error is unexpected. --debug shows its stack.']
}

/** Says what else a text is that names no session. */
function pathHints(text: string, command: Context['command']): string[] {
  if (!existsSync(text)) return []
  if (existsSync(join(text, 'HEAD'))) return [`'${text}' is a store: --store ${shell([text])}`]
  return [`'${text}' is a file or folder: '${command('import', [text])}' imports what is in it.`]
}

const RANGES =
  "A range works in 'export html' and 'export markdown': demo/main~3..main. 'diff' takes two checkpoints."

function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const own = (error.stack ?? '').split('\n')
  return error.cause === undefined ? own : [...own, 'caused by', ...stackOf(error.cause)]
}

const isUsage = (error: unknown): boolean => error instanceof UsageError || error instanceof CommanderError

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`
