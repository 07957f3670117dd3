/**
 * Returns the meaning of a line of a rollout. Items of the model's API make up the conversation; most events only
 * repeat it.
 */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { MessagePart } from '../../state/index.ts'
import type { LineContext, Meaning } from '../core/lines/meaning.ts'
import {
  callPart,
  imagePart,
  inputOf,
  known,
  reasoningPart,
  resultPart,
  stringAt,
  textPart,
  timeOf,
  usageOf,
} from '../core/lines/parts.ts'

export const isRolloutEntry = (entry: JsonObject): boolean =>
  (isJsonObject(entry.payload) && LINES.has(String(entry.type)) && typeof entry.timestamp === 'string') ||
  // Up to version 0.31, the first line and the items had no envelope.
  (typeof entry.id === 'string' &&
    Object.hasOwn(entry, 'instructions') &&
    typeof entry.timestamp === 'string')

const LINES = new Set([
  'session_meta',
  'turn_context',
  'response_item',
  'event_msg',
  'compacted',
  'world_state',
])

export function meaningOf(entry: JsonObject, context: LineContext): Meaning {
  const { type, payload, timestamp } = entry
  const time = timeOf(timestamp)
  const at = time === undefined ? {} : { time }
  if (!isJsonObject(payload))
    return { ...at, ...(isBare(entry) ? itemMeaning(entry, context) : metaOf(entry)) }
  switch (type) {
    case 'response_item':
      return { ...at, ...itemMeaning(payload, context) }
    case 'session_meta':
      return { ...at, type, ...metaOf(payload) }
    case 'turn_context':
      return { ...at, type, about: known({ model: stringAt(payload, 'model') }) }
    case 'event_msg':
      return { ...at, type, subtype: String(payload.type), ...eventMeaning(payload) }
    default:
      return { ...at, type: typeof type === 'string' && type !== '' ? type : 'unknown' }
  }
}

const isBare = ({ type, role }: JsonObject): boolean =>
  typeof type === 'string' && (role !== undefined || ITEMS.test(type))

const ITEMS = /^(?:reasoning|.*_call|.*_call_output)$/

function metaOf(meta: JsonObject): Meaning {
  const { git } = meta
  return {
    ...known<Meaning>({ sessionId: stringAt(meta, 'id') }),
    about: known({
      workspace: stringAt(meta, 'cwd'),
      version: stringAt(meta, 'cli_version'),
      gitBranch: stringAt(git, 'branch'),
      remote: stringAt(git, 'repository_url'),
    }),
  }
}

function eventMeaning(event: JsonObject): Meaning {
  switch (event.type) {
    case 'task_started':
    case 'turn_started':
      return { starts: '' }
    case 'task_complete':
    case 'turn_complete':
      return { status: 'completed' }
    case 'turn_aborted':
      return { status: 'interrupted' }
    case 'error':
      return { status: 'failed' }
    case 'token_count':
      return known<Meaning>({ total: totalOf(event.info) })
    case 'thread_rolled_back':
      return { rewind: { turns: typeof event.num_turns === 'number' ? event.num_turns : 1 } }
    default:
      return {}
  }
}

function totalOf(info: unknown): Meaning['total'] {
  const total = isJsonObject(info) ? info.total_token_usage : undefined
  if (!isJsonObject(total)) return undefined
  return usageOf({
    inputTokens: total.input_tokens,
    outputTokens: total.output_tokens,
    reasoningTokens: total.reasoning_output_tokens,
    cachedInputTokens: total.cached_input_tokens,
    totalTokens: total.total_tokens,
  })
}

function itemMeaning(item: JsonObject, { toolName }: LineContext): Meaning {
  const { type, role, name } = item
  const said = (parts: MessagePart[]): Meaning => ({ message: { role: 'assistant', parts }, joins: true })
  const callId = stringAt(item, 'call_id') ?? stringAt(item, 'id') ?? ''
  if (type === 'message' && role === 'assistant') return said(partsOf(item.content))
  if (type === 'message' && role === 'user') return userMeaning(partsOf(item.content))
  if (type === 'message') return { type: 'context' }
  if (type === 'reasoning') {
    const texts = [item.summary, item.content].flatMap((list) => (Array.isArray(list) ? list : []))
    const text = texts.map((one) => stringAt(one, 'text') ?? '').join('\n\n')
    return text === '' ? { type: 'reasoning' } : said([reasoningPart(text)])
  }
  if (typeof type !== 'string') return { type: 'unknown' }
  if (type.endsWith('_call_output') || type === 'tool_search_output') {
    const { output, failed } = outputOf(item.output)
    const result = resultPart(callId, toolName(callId) ?? 'unknown', output, failed)
    return { message: { role: 'tool', parts: [result] } }
  }
  if (type === 'function_call' && typeof name === 'string')
    return said([callPart(callId, name, inputOf(item.arguments))])
  if (type === 'custom_tool_call' && typeof name === 'string')
    return said([callPart(callId, name, { input: item.input })])
  if (type === 'local_shell_call') return said([callPart(callId, 'local_shell', item.action)])
  return { type }
}

/** Returns a prompt, unless Codex itself added the text. */
function userMeaning(parts: MessagePart[]): Meaning {
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
  if (INJECTED.test(text)) return { type: 'context' }
  return { prompt: text, message: { role: 'user', parts } }
}

const INJECTED =
  /^\s*(?:<(?:environment_context|user_instructions|permissions instructions|turn_aborted|subagent_notification|user_shell_command|skill|collaboration_mode|personality_spec)\b|# AGENTS\.md instructions)/

function partsOf(content: unknown): MessagePart[] {
  if (typeof content === 'string') return [textPart(content)]
  if (!Array.isArray(content)) return []
  return content.map((block: unknown): MessagePart => {
    if (!isJsonObject(block)) return { type: 'unknown', value: block }
    const url = stringAt(block, 'image_url')
    if (block.type === 'input_image' && url !== undefined) return imagePart(url)
    return typeof block.text === 'string' ? textPart(block.text) : { type: 'unknown', value: block }
  })
}

/** Unwraps the output of a command, which older versions wrote as `{"output":"…","metadata":{"exit_code":0}}`. */
function outputOf(output: unknown): { output: unknown; failed: boolean } {
  if (isJsonObject(output)) return { output: output.content ?? output, failed: output.success === false }
  if (Array.isArray(output)) return { output: partsOf(output).map(asContent), failed: false }
  if (typeof output !== 'string' || !output.startsWith('{"output":')) return { output, failed: false }
  const wrapped = inputOf(output)
  if (!isJsonObject(wrapped) || typeof wrapped.output !== 'string') return { output, failed: false }
  const code = isJsonObject(wrapped.metadata) ? wrapped.metadata.exit_code : 0
  return { output: wrapped.output, failed: typeof code === 'number' && code !== 0 }
}

const asContent = (part: MessagePart): unknown =>
  part.type === 'image' && part.mediaType !== undefined
    ? { type: 'media', data: part.image, mediaType: part.mediaType }
    : part
