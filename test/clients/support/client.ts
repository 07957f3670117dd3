/** What a test has to know of a real tool: where its program is, how it is told to use the model of the tests, how it is asked. */
import type { Continued } from '../../../src/importers/index.ts'

export interface Client {
  /** Of its importer. */
  name: string
  /** The program and its first arguments; `undefined`: not installed here. */
  program: readonly string[] | undefined
  /** Writes the tool's settings: it asks the model at this address, and nobody else. Returns what its environment adds. */
  configure(place: Place, url: string): Record<string, string>
  /** Asks in a new session. */
  ask(prompt: string): readonly string[]
  /** Asks in a session that was written for it. */
  askIn(session: Resumed, prompt: string): readonly string[]
  /** Asks in the session that was last. */
  askAgain?(prompt: string): readonly string[]
  /** What it has to do first, such as taking a file in. */
  before?(session: Resumed): readonly string[]
  /** The call by which its model runs a command of the shell. */
  call(command: string): { name: string; input: Record<string, string> }
  /** Prints the session of this id, where the tool keeps no file of it. */
  print?(id: string): readonly string[]
  /** The id that the tool has given a session that was written for it, if it is not that of the file. */
  idOf?(session: Resumed): string
  /** Prints a list of its sessions, as JSON of `{ id }`, the latest first. */
  list?: readonly string[]
  /** Tools that it calls by another name now, in sessions of older versions. */
  renamed?: Readonly<Record<string, string>>
  /** It sends a result of a session of its own twice, as it does when forkpoint has no part in it. */
  repeatsResults?: boolean
  /** Version that the table of the docs names. */
  version: string
}

/** A home folder with a project in it, for one run of one tool. */
export interface Place {
  home: string
  cwd: string
}

export type Resumed = Pick<Continued, 'id' | 'path' | 'command'>
