/**
 * The parts of a verb. Each verb adds one command to the program and passes its action to `run`. The comment of a verb
 * says what it prints with `--json`.
 */
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { byteCount, duration } from '../store/retention/policy.ts'
import type { Context } from './context.ts'
import type { ExitCode } from './exit-codes.ts'

/** The arguments are those of the command, in order, then its options. No exit code means done. */
export type Action<Args extends unknown[]> = (
  context: Context,
  ...args: Args
) => Promise<ExitCode | undefined> | Promise<void>

/** Turns an action into the function that commander calls. */
export type Run = <Args extends unknown[]>(action: Action<Args>) => (...given: unknown[]) => Promise<void>

export type AddVerb = (program: Command, run: Run) => void

/** Returns the examples at the end of a verb's help. */
export const examples = (...commands: string[]): string =>
  `\nExample:\n${commands.map((command) => `  $ forkpoint ${command}\n`).join('')}`

/** Parses the value of an option that is a whole number. */
export function wholeNumber(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

/** Checks the value of an option that is a duration. */
export const aDuration = (text: string): string =>
  checked(text, duration, 'It must be a duration such as 90d, 12h or 30m.')

/** Checks the value of an option that is a number of bytes. */
export const aSize = (text: string): string => checked(text, byteCount, 'It must be a size such as "5 GB".')

/** Parses the value of an option that is a date or time. Returns milliseconds since 1970. */
export function aTime(text: string): number {
  // Date.parse takes much for a date, such as 'backup-1'.
  const time = /^[0-9]{4}-[0-9]{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw new InvalidArgumentError(
      'It must be a date such as 2025-11-03, or a time such as 2025-11-03T09:12.',
    )
  return time
}

function checked(text: string, parse: (text: string, path: string) => unknown, problem: string): string {
  try {
    parse(text, '')
    return text
  } catch {
    throw new InvalidArgumentError(problem)
  }
}

export const ALLOWED_SIGNERS = [
  '--allowed-signers <file>',
  "the file that says whose keys are whose, as git's gpg.ssh.allowedSignersFile",
] as const

export const PRICES = [
  '--prices <file>',
  'JSON of what a million tokens cost: { "<model>": { "input": 3, "output": 15 } } (default: FORKPOINT_PRICES)',
] as const

export const REVISION = 'a session, or one of its checkpoints: demo, demo/main~3'
