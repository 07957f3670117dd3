/** What every verb is given: where to write, which store, and how to name its own commands. */
import type { Output } from './output.ts'
import type { Stores } from './stores.ts'

export interface Context {
  out: Output
  stores: Stores
  /** A command to type, such as `forkpoint delete demo`, quoted for a shell and with `--store` if it was given. */
  command(...words: string[]): string
  /** A git command on the store. */
  git(...words: string[]): string
}

/** The command as it can be pasted into a shell. */
export const shell = (words: readonly string[]): string =>
  words
    .map((word) => (/^[\w@%+=:,./~^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')
