/** Classifies the lines of a Claude Code transcript. Any field may be missing or have an unexpected value. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'

/** One line of a transcript that is a JSON object. */
export type Entry = JsonObject

export type EntryKind =
  /** A line of the conversation: `user`, `assistant`, or a prompt that was queued while a turn ran. */
  | 'message'
  /** A line of a sub-agent's conversation, written into the session's own file. */
  | 'sidechain'
  /** Anything else: hooks, progress, snapshots, attachments, titles, unknown types. */
  | 'event'

/**
 * @param agentFile whether the file is a sub-agent's own transcript: all its entries are marked as side chain, so the
 *   mark is ignored
 */
export function kindOf(entry: Entry, agentFile: boolean): EntryKind {
  if (isQueuedPrompt(entry)) return entry.isSidechain === true && !agentFile ? 'sidechain' : 'message'
  if (!isJsonObject(entry.message) || (entry.type !== 'user' && entry.type !== 'assistant')) return 'event'
  const { content } = entry.message
  if (typeof content !== 'string' && !Array.isArray(content)) return 'event'
  return entry.isSidechain === true && !agentFile ? 'sidechain' : 'message'
}

/**
 * Whether the entry is a prompt that the user typed while a turn ran. The turn continues with it. (`queue-operation`
 * entries repeat it. Notifications of tasks have the same form, but are not from the user.)
 */
function isQueuedPrompt(entry: Entry): boolean {
  const { attachment } = entry
  if (entry.type !== 'attachment' || !isJsonObject(attachment) || attachment.type !== 'queued_command')
    return false
  if (attachment.isMeta === true || attachment.commandMode === 'task-notification') return false
  return typeof attachment.prompt === 'string' || Array.isArray(attachment.prompt)
}

/**
 * Returns the content of a message by the user or the model: a text, or blocks; `undefined` if the entry is not a
 * message.
 */
export function contentOf(entry: Entry): unknown {
  if (isQueuedPrompt(entry)) return (entry.attachment as JsonObject).prompt
  return isJsonObject(entry.message) ? entry.message.content : undefined
}

/** Whether Claude Code writes such entries into transcripts of sessions. */
export const isSessionEntry = (entry: Entry): boolean =>
  kindOf(entry, false) !== 'event' ||
  (typeof entry.type === 'string' &&
    (POSITIONED.has(entry.type) ||
      (Object.hasOwn(entry, 'parentUuid') && stringAt(entry, 'uuid') !== undefined)))

/** Types of entries that have no uuid. */
const POSITIONED = new Set([
  'summary',
  'file-history-snapshot',
  'file-history-delta',
  'queue-operation',
  'last-prompt',
  'permission-mode',
  'mode',
  'ai-title',
  'custom-title',
  'agent-name',
  'pr-link',
  'bridge-session',
])

/** Whether the entry contains the result of a tool. */
export const hasToolResult = (entry: Entry): boolean =>
  blocksOf(entry).some((block) => isJsonObject(block) && block.type === 'tool_result')

/** Whether Claude Code itself wrote the reply instead of the model. */
export const isSynthetic = (entry: Entry): boolean =>
  entry.type === 'assistant' && stringAt(entry.message, 'model') === '<synthetic>'

/** Whether a turn starts here: a prompt by a person, not a tool's result and not written by Claude Code itself. */
export function isPrompt(entry: Entry): boolean {
  if (entry.type !== 'user' || entry.isMeta === true || entry.isCompactSummary === true) return false
  if (hasToolResult(entry)) return false
  return !isInterruption(entry) && !isCommandOutput(entry)
}

/** Whether the entry only says that the user pressed Escape. */
export const isInterruption = (entry: Entry): boolean =>
  entry.type === 'user' && /^\[Request interrupted by user[^\]]*\]$/.test(textOf(entry).trim())

/** Whether the entry is the output of a slash command or a shell command of the user. */
export const isCommandOutput = (entry: Entry): boolean =>
  entry.type === 'user' && /^<(?:local-command|bash)-std(?:out|err)>/.test(textOf(entry).trimStart())

/** Returns the message's content as blocks. A plain string becomes one text block. */
export function blocksOf(entry: Entry): readonly unknown[] {
  const content = contentOf(entry)
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return Array.isArray(content) ? content : []
}

/** Returns the message's text blocks, joined by line feeds. */
export const textOf = (entry: Entry): string =>
  blocksOf(entry)
    .flatMap((block) =>
      isJsonObject(block) && block.type === 'text' && typeof block.text === 'string' ? block.text : [],
    )
    .join('\n')

/** Returns the id that the model's provider gave to a reply. All lines of one reply have the same id. */
export function replyIdOf(entry: Entry): string | undefined {
  return entry.type === 'assistant' ? stringAt(entry.message, 'id') : undefined
}

/** Returns the subtype of an event, such as `turn_duration` for a `system` entry. */
export function subtypeOf(entry: Entry): string | undefined {
  return (
    stringAt(entry, 'subtype') ??
    stringAt(entry.data, 'type') ??
    stringAt(entry.attachment, 'type') ??
    stringAt(entry, 'operation')
  )
}

/** Returns the time in milliseconds; `undefined` if the entry has none. */
export function timeOf(entry: Entry): number | undefined {
  const text = stringAt(entry, 'timestamp')
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isFinite(time) && time >= 0 && time < MAX_TIME ? time : undefined
}

/** Returns the string under `key`; `undefined` for anything else and for an empty string. */
export function stringAt(value: unknown, key: string): string | undefined {
  const found = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return typeof found === 'string' && found !== '' ? found : undefined
}

// The last year with four digits in ISO 8601.
const MAX_TIME = Date.UTC(9999, 11, 31)
