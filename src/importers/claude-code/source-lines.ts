/**
 * How an entry of a transcript is kept: its message or event, which people read, and under `source` what that does
 * not say. The entry comes back from both, key for key.
 *
 * A run keeps once what its entries share: `envelope` (values that most of them repeat) and `shapes` (the keys of
 * an entry, in order; see `remainder.ts`).
 *
 * What counts as said by a message or an event (`knownOf…` here, `toBlock`, `rawUsage`) is part of the format of
 * what is stored: changing any of it takes a new format number in the session's `import` note.
 */

import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { Message, MessagePart, RunEvent } from '../../state/index.ts'
import { identical, remainderOf, restore } from '../remainder.ts'
import type { Entry } from './entry.ts'
import { toBlock } from './parts.ts'
import { type ReplyUsage, rawUsage, usageOf } from './usage.ts'

/** What is kept of one line. Exactly one of `shape`, `entry`, `text` and `base64` is there. */
export interface SourceLine {
  line: number
  /** How many of the message's parts are from this line. Default: all; of a message from several lines: one. */
  parts?: number
  /** Index into the run's shapes. */
  shape?: number
  /** Tokens that this line gives, where the message itself says others, or none. */
  usage?: ReplyUsage
  /** What the message or event does not say. */
  fields?: JsonObject
  /** The entry whole, where taking it apart would lose something. */
  entry?: unknown
  /** The line itself, where no JSON value could stand for it. */
  text?: string | readonly string[]
  base64?: string | readonly string[]
}

/** What the entries of a run share; under `source` of the run. */
export interface RunSource {
  /** First and last line. */
  lines: [number, number]
  /** Only of a sub-agent with a transcript of its own: that file, seen from the folder of the session's. */
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

/** Collects what the entries of one run share, in the order of the file. */
export class SharedSource {
  readonly #envelope: Record<string, unknown> = {}
  readonly #shapes = new Map<string, number>()
  #lines: [number, number] | undefined

  /** Keeps a line that `known` says some of. */
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

  /** Notes a line of the run, whoever keeps it. */
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

/** The entry that a line was kept of. Throws TypeError when what is kept does not fit together. */
export function restoreEntry(kept: SourceLine, known: JsonObject, run: Partial<RunSource>): unknown {
  if (Object.hasOwn(kept, 'entry')) return kept.entry
  const shape = run.shapes?.[kept.shape ?? -1]
  if (shape === undefined) throw new TypeError('The run does not have the shape of the entry.')
  const fields = kept.fields === undefined ? {} : { fields: kept.fields }
  return restore({ shape, ...fields }, { ...run.envelope, ...known })
}

/** What an event says of its entry. */
export const knownOfEvent = ({ type, at }: Pick<RunEvent, 'type' | 'at'>): JsonObject => ({
  type,
  timestamp: at,
})

/**
 * What a message says of its first or only entry.
 *
 * @param parts those from this entry; `undefined` when the content is plain text
 * @param usage of this entry
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
    // A prompt that was queued says the same elsewhere.
    ...(role === 'user'
      ? { attachment: { type: 'queued_command', prompt: body, commandMode: 'prompt' } }
      : {}),
  }
}

/** What an entry says of the next one of the same reply, together with that one's parts. */
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

/** Claude Code repeats a tool's output beside the message, in an object that depends on the tool. */
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

/** A file as it is, from how the model is shown it: `    12→text` a line, and perhaps a reminder below. */
const withoutLineNumbers = (shown: string): string =>
  shown.replace(/\n\n<system-reminder>[\s\S]*$/, '').replace(/^ *\d+[→\t]/gm, '')
