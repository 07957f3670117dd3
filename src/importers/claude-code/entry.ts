/** What a line of a Claude Code transcript is. Everything here is liberal: any field may be missing or odd. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'

/** One line of a transcript that is a JSON object. */
export type Entry = JsonObject

export type EntryKind =
  /** A line of the conversation: `user`, `assistant`, or a prompt that was queued while a turn ran. */
  | 'message'
  /** A line of a sub-agent's conversation, written into the session's own file. */
  | 'sidechain'
  /** Anything else: hooks, progress, snapshots, attachments, titles, types we have never seen. */
  | 'event'

/** @param agentFile whether the transcript is a sub-agent's own: all its entries are side chain, so none counts as one */
export function kindOf(entry: Entry, agentFile: boolean): EntryKind {
  if (isQueuedPrompt(entry)) return entry.isSidechain === true && !agentFile ? 'sidechain' : 'message'
  if (!isJsonObject(entry.message) || (entry.type !== 'user' && entry.type !== 'assistant')) return 'event'
  const { content } = entry.message
  if (typeof content !== 'string' && !Array.isArray(content)) return 'event'
  return entry.isSidechain === true && !agentFile ? 'sidechain' : 'message'
}

/**
 * Whether the entry is what the user typed while a turn ran. The turn goes on with it. (`queue-operation` entries say
 * the same again; notifications of tasks come this way, too, and no person said them.)
 */
export function isQueuedPrompt(entry: Entry): boolean {
  const { attachment } = entry
  if (entry.type !== 'attachment' || !isJsonObject(attachment) || attachment.type !== 'queued_command')
    return false
  if (attachment.isMeta === true || attachment.commandMode === 'task-notification') return false
  return typeof attachment.prompt === 'string' || Array.isArray(attachment.prompt)
}

/** What the user or the model said: a text, or blocks; `undefined` where nobody did. */
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

/** Whether the entry gives the result of a tool. */
export const hasToolResult = (entry: Entry): boolean =>
  blocksOf(entry).some((block) => isJsonObject(block) && block.type === 'tool_result')

/** Whether Claude Code itself said it, in the model's place. */
export const isSynthetic = (entry: Entry): boolean =>
  entry.type === 'assistant' && stringAt(entry.message, 'model') === '<synthetic>'

/** Whether a turn starts here: something a person asked, not a tool's result and not written by Claude Code itself. */
export function isPrompt(entry: Entry): boolean {
  if (entry.type !== 'user' || entry.isMeta === true || entry.isCompactSummary === true) return false
  if (hasToolResult(entry)) return false
  return !isInterruption(entry) && !isCommandOutput(entry)
}

/** Whether the entry only says that the user pressed Escape. */
export const isInterruption = (entry: Entry): boolean =>
  entry.type === 'user' && /^\[Request interrupted by user[^\]]*\]$/.test(textOf(entry).trim())

/** Whether the entry is what a slash command or a shell command of the user printed. */
export const isCommandOutput = (entry: Entry): boolean =>
  entry.type === 'user' && /^<(?:local-command|bash)-std(?:out|err)>/.test(textOf(entry).trimStart())

/** The message's content as blocks; a plain string is one text block. */
export function blocksOf(entry: Entry): readonly unknown[] {
  const content = contentOf(entry)
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return Array.isArray(content) ? content : []
}

/** The message's text blocks, one a line. */
export const textOf = (entry: Entry): string =>
  blocksOf(entry)
    .flatMap((block) =>
      isJsonObject(block) && block.type === 'text' && typeof block.text === 'string' ? block.text : [],
    )
    .join('\n')

/** Id that the model's provider gave to a reply; all lines of one reply share it. */
export function replyIdOf(entry: Entry): string | undefined {
  return entry.type === 'assistant' ? stringAt(entry.message, 'id') : undefined
}

/** The finer kind of an event, such as `turn_duration` of a `system` entry. */
export function subtypeOf(entry: Entry): string | undefined {
  return (
    stringAt(entry, 'subtype') ??
    stringAt(entry.data, 'type') ??
    stringAt(entry.attachment, 'type') ??
    stringAt(entry, 'operation')
  )
}

/** Milliseconds; `undefined` when the entry has no time. */
export function timeOf(entry: Entry): number | undefined {
  const text = stringAt(entry, 'timestamp')
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isFinite(time) && time >= 0 && time < MAX_TIME ? time : undefined
}

/** The string under `key`; `undefined` for anything else, the empty string included. */
export function stringAt(value: unknown, key: string): string | undefined {
  const found = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return typeof found === 'string' && found !== '' ? found : undefined
}

// The last year that ISO 8601 writes with four digits.
const MAX_TIME = Date.UTC(9999, 11, 31)
