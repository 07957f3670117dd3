/** The context of a verb: where to write, which store, and how to name forkpoint's commands. */

import type { Stores } from './stores.ts'
import type { Output } from './terminal/output.ts'

export interface Context {
  out: Output
  stores: Stores
  /** The environment of the process. */
  env: Readonly<Record<string, string | undefined>>
  /**
   * Returns a command to type, such as `forkpoint delete demo`, quoted for a shell and with `--store` if it was given.
   */
  command(verb: string, ids?: readonly string[], options?: Readonly<Record<string, string>>): string
  /** Returns a git command on the store, to type. */
  git(...words: string[]): string
}
