/** What every verb is given: where to write, which store, and how to name its own commands. */

import type { Stores } from './stores.ts'
import type { Output } from './terminal/output.ts'

export interface Context {
  out: Output
  stores: Stores
  /** Of the process. */
  env: Readonly<Record<string, string | undefined>>
  /** A command to type, such as `forkpoint delete demo`, quoted for a shell and with `--store` if it was given. */
  command(verb: string, ids?: readonly string[], options?: Readonly<Record<string, string>>): string
  /** A git command on the store. */
  git(...words: string[]): string
}
