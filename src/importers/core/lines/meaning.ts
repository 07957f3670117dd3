/** What an entry of a tool says: all that a tool's importer has to tell the core about a line. */
import type { JsonObject } from '../../../json-value.ts'
import type { MessagePart, Role, Usage } from '../../../state/index.ts'
import type { About } from '../../importer.ts'

/** What somebody said. */
export type Said = { role: Role; content: string } | { role: Role; parts: MessagePart[] }

/** All of it may be absent. */
export interface Meaning {
  /**
   * What the user asked. The entry starts a turn, except in a file that announces its turns with `starts`: there the
   * prompt belongs to the turn that was announced.
   */
  prompt?: string
  /** The entry starts a turn, and this is its subject; empty: the prompt that comes with or after it is. */
  starts?: string
  /** Somebody said something. Without it the entry becomes an event of its turn. */
  message?: Said
  /** What else the entry says, as messages of their own: results of its calls. */
  more?: readonly Said[]
  /**
   * The message is a further piece of the one before, if that has the same role: a reply of several entries. With
   * `text` its text goes on where that of the one before ends.
   */
  joins?: boolean | 'text'
  /** Tokens of the message. */
  usage?: Usage
  /** Tokens of the session so far. */
  total?: Usage
  /** Id of the entry. One that came before is a copy, and says nothing, or with `newer` takes the place of the first. */
  id?: string
  newer?: boolean
  /** Id of the entry that it follows, null for the first; absent in a tool without such ids: the one above. */
  parent?: string | null
  /** The conversation goes back: to before the entry of this id, or by so many turns. The next prompt continues there. */
  rewind?: { before: string } | { turns: number }
  /** How the turn went, as far as this entry tells: `completed`, `interrupted`, `failed`. */
  status?: string
  /** Milliseconds. */
  time?: number
  /** The kind of event. */
  type?: string
  subtype?: string
  sessionId?: string
  about?: About
}

export interface LineContext {
  /** Number of the line. */
  readonly line: number
  /** Name of the tool that a call further up named. */
  toolName(callId: string): string | undefined
}

/** Asked twice for an entry, and has to say the same. Liberal: any field may be missing or odd. */
export type MeaningOf = (entry: JsonObject, context: LineContext) => Meaning
