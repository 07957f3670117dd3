/** Says what a rewrite of history could not take off the disk. */
import type { ForkpointError } from '../errors.ts'
import { count, type Line, red } from '../view/terminal/line.ts'

interface Rewritten {
  /** Refs or other names that still keep old checkpoints. */
  remaining: readonly string[]
  purgeError?: ForkpointError
}

/** @param what what is still there after an error: checkpoints or objects */
export function stillThere(what: string, { remaining, purgeError }: Rewritten): Line[] {
  if (purgeError !== undefined) return [red(`The old ${what} are still on the disk: ${purgeError.message}`)]
  const { length } = remaining
  if (length === 0) return []
  return [
    red(
      `${count(length, 'old checkpoint')} are still on the disk, because something else names them, such as ${remaining[0]}.`,
    ),
  ]
}

/** Returns the report with its error as data, for programs. */
export function reportData<T extends Rewritten>({ purgeError, ...rest }: T) {
  return { ...rest, purgeError: purgeError && { code: purgeError.code, message: purgeError.message } }
}
