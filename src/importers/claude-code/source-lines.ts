/**
 * Stores an entry of a transcript: as its message or event, which people read, and, under `source`, what that does not
 * contain. The entry is restored from both, with the same order of keys.
 *
 * What several entries of a run have in common is stored once, in the run: `envelope` (values that most of them repeat)
 * and `shapes` (the keys of an entry, in order; see `remainder.ts`).
 *
 * What a message or an event is assumed to contain (`knownOf…` here, `toBlock`, `rawUsage`) is part of the storage
 * format: a change of any of it needs a new format number in the session's `import` note.
 */

import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { Message, MessagePart, RunEvent } from '../../state/index.ts'
import { identical, remainderOf, restore } from '../remainder.ts'
import type { Entry } from './entry.ts'
import { toBlock } from './parts.ts'
import { type ReplyUsage, rawUsage, usageOf } from './usage.ts'

/** The stored data of one line. Exactly one of `shape`, `entry`, `text` and `base64` is present. */
export interface SourceLine {
  line: number
  /** Number of the message's parts that come from this line. Default: all; for a message from several lines: one. */
  parts?: number
  /** Index into the run's shapes. */
  shape?: number
  /** Tokens in this line, if the message itself has different ones, or none. */
  usage?: ReplyUsage
  /** Values that the message or event does not contain. */
  fields?: JsonObject
  /** The whole entry, if splitting it would lose something. */
  entry?: unknown
  /** The line itself, if no JSON value can represent it. */
  text?: string | readonly string[]
  base64?: string | readonly string[]
}

/** What the entries of a run have in common; stored as `source` of the run. */
export interface RunSource {
  /** Numbers of the first and last line. */
  lines: [number, number]
  /** Only for a sub-agent with its own transcript: that file's path, relative to the folder of the session's file. */
  file?: string
  envelope?: JsonObject
  shapes?: readonly string[]
}

const SHARED = [
  'isSidechain',
  'userType',
  'entrypoint',
  'cwd',
  'sessionId',
  'version',
  'gitBranch',
  'slug',
  'agentId',
  'promptId',
]

/** Collects what the entries of one run have in common, in the order of the file. */
export class SharedSource {
  readonly #envelope: Record<string, unknown> = {}
  readonly #shapes = new Map<string, number>()
  #lines: [number, number] | undefined

  /** Returns the data to store of an entry, without the values in `known`. */
  keep(entry: Entry, known: JsonObject, line: number): SourceLine {
    for (const key of SHARED) {
      if (
        typeof entry[key] !== 'object' &&
        Object.hasOwn(entry, key) &&
        !Object.hasOwn(this.#envelope, key)
      ) {
        this.#envelope[key] = entry[key]
      }
    }
    const base = { ...this.#envelope, ...known }
    const found = remainderOf(entry, base)
    if (found === undefined || !identical(restore(found, base), entry)) return { line, entry }
    const shape = this.#shapes.get(found.shape) ?? this.#shapes.size
    this.#shapes.set(found.shape, shape)
    return found.fields === undefined ? { line, shape } : { line, shape, fields: found.fields }
  }

  /** Records the number of a line that belongs to the run, also if the line is stored elsewhere. */
  see(line: number): void {
    this.#lines = [this.#lines?.[0] ?? line, line]
  }

  toJson(): RunSource {
    return {
      lines: this.#lines ?? [0, 0],
      ...(Object.keys(this.#envelope).length === 0 ? {} : { envelope: this.#envelope }),
      ...(this.#shapes.size === 0 ? {} : { shapes: [...this.#shapes.keys()] }),
    }
  }
}

/** Restores the entry of a stored line. Throws TypeError if the stored data do not match. */
export function restoreEntry(kept: SourceLine, known: JsonObject, run: Partial<RunSource>): unknown {
  if (Object.hasOwn(kept, 'entry')) return kept.entry
  const shape = run.shapes?.[kept.shape ?? -1]
  if (shape === undefined) throw new TypeError('The run does not have the shape of the entry.')
  const fields = kept.fields === undefined ? {} : { fields: kept.fields }
  return restore({ shape, ...fields }, { ...run.envelope, ...known })
}

/** Returns the part of an entry that its event contains. */
export const knownOfEvent = ({ type, at }: Pick<RunEvent, 'type' | 'at'>): JsonObject => ({
  type,
  timestamp: at,
})

/**
 * Returns the part of its first or only entry that a message contains.
 *
 * @param parts the parts from this entry; `undefined` if the content is plain text
 * @param usage the tokens of this entry
 */
export function knownOfMessage(
  { id, role, content, createdAt }: Pick<Message, 'id' | 'role' | 'content' | 'createdAt'>,
  parts: readonly MessagePart[] | undefined,
  usage: ReplyUsage | undefined,
): JsonObject {
  const assistant = role === 'assistant'
  const type = assistant ? 'assistant' : 'user'
  const body = parts === undefined ? content : parts.map(toBlock)
  return {
    type,
    uuid: id,
    timestamp: createdAt,
    message: assistant
      ? { ...USUAL_REPLY, role: type, content: body, usage: rawUsage(usage) }
      : { role: type, content: body },
    ...(role === 'tool' ? { toolUseResult: resultOf(parts) } : {}),
    // A queued prompt has the same text in another place.
    ...(role === 'user'
      ? { attachment: { type: 'queued_command', prompt: body, commandMode: 'prompt' } }
      : {}),
  }
}

/**
 * Returns the part of an entry that follows from the previous entry of the same reply and from the entry's own parts.
 */
export function knownOfNext(
  previous: unknown,
  parts: readonly MessagePart[],
  usage: ReplyUsage | undefined,
): JsonObject {
  const entry = isJsonObject(previous) ? previous : {}
  const message = isJsonObject(entry.message) ? entry.message : {}
  const raw = rawUsage(usage)
  const tokens = identical(rawUsage(usageOf(entry)), raw) ? message.usage : raw
  return {
    ...entry,
    parentUuid: entry.uuid,
    message: { ...message, content: parts.map(toBlock), usage: tokens },
  }
}

const USUAL_REPLY = {
  type: 'message',
  stop_sequence: null,
  stop_details: null,
  container: null,
  context_management: null,
  diagnostics: null,
}

/**
 * Returns the object in which Claude Code repeats a tool's output next to the message. Its form depends on the tool.
 */
function resultOf(parts: readonly MessagePart[] | undefined): JsonObject {
  const block = parts?.length === 1 ? toBlock(parts[0] as MessagePart) : undefined
  const content = isJsonObject(block) ? block.content : undefined
  return {
    stdout: content,
    stderr: '',
    interrupted: false,
    isImage: false,
    noOutputExpected: false,
    content,
    ...(typeof content === 'string' ? { file: { content: withoutLineNumbers(content) } } : {}),
  }
}

/**
 * Restores the text of a file from the form that the model sees: `    12→text` per line, and perhaps a reminder below.
 */
const withoutLineNumbers = (shown: string): string =>
  shown.replace(/\n\n<system-reminder>[\s\S]*$/, '').replace(/^ *\d+[→\t]/gm, '')
