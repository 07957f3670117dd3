/** The meaning of a tool's entry: everything that a tool's importer tells the core about a line. */
import type { JsonObject } from '../../../json-value.ts'
import type { MessagePart, Role, Usage } from '../../../state/index.ts'
import type { About } from '../../importer.ts'

/** The role and content of a message. */
export type Said = { role: Role; content: string } | { role: Role; parts: MessagePart[] }

/** The meaning of an entry. Every property may be absent. */
export interface Meaning {
  /**
   * The user's prompt. The entry starts a turn, except in a file that announces its turns with `starts`: there the
   * prompt belongs to the announced turn.
   */
  prompt?: string
  /**
   * The entry starts a turn, and this is the turn's subject. If empty, the next prompt (also of the same entry) is the
   * subject.
   */
  starts?: string
  /** The message of the entry. Without one, the entry becomes an event of its turn. */
  message?: Said
  /** Additional messages of the entry, such as the results of its calls. */
  more?: readonly Said[]
  /**
   * The message continues the previous message if that has the same role: a reply in several entries. With `text`, its
   * text is appended to that of the previous message.
   */
  joins?: boolean | 'text'
  /** Tokens used by the message. */
  usage?: Usage
  /** Tokens used by the session so far. */
  total?: Usage
  /**
   * Id of the entry. An entry with the id of an earlier one is a copy and is ignored; with `newer`, it replaces the
   * earlier one.
   */
  id?: string
  newer?: boolean
  /** Id of the entry that this one follows; null for the first. If absent, the entry follows the previous line. */
  parent?: string | null
  /**
   * The conversation is rewound: to before the entry with this id, or by this number of turns. The next prompt
   * continues from there.
   */
  rewind?: { before: string } | { turns: number }
  /** Status of the turn according to this entry: `completed`, `interrupted` or `failed`. */
  status?: string
  /** Time of the entry in milliseconds. */
  time?: number
  /** Type of the event. */
  type?: string
  subtype?: string
  sessionId?: string
  about?: About
}

/**
 * Returns the meaning as an object that has all properties, absent ones as `undefined`: to read an absent property of
 * objects of ever other shapes takes longer than to parse the line.
 */
export const inFull = (meaning: Meaning): Meaning => Object.assign(new FullMeaning(), meaning)

class FullMeaning {
  prompt = undefined
  starts = undefined
  message = undefined
  more = undefined
  joins = undefined
  usage = undefined
  total = undefined
  id = undefined
  newer = undefined
  parent = undefined
  rewind = undefined
  status = undefined
  time = undefined
  type = undefined
  subtype = undefined
  sessionId = undefined
  about = undefined
}

export interface LineContext {
  /** Number of the line. */
  readonly line: number
  /** Returns the tool's name of an earlier call. */
  toolName(callId: string): string | undefined
}

/**
 * Returns the meaning of an entry. Called twice per entry, it has to return the same result. Any field may be missing
 * or have an unexpected value.
 */
export type MeaningOf = (entry: JsonObject, context: LineContext) => Meaning
