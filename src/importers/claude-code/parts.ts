/**
 * Content blocks of the Anthropic Messages API ⇄ content parts of the AI SDK's `ModelMessage`. `toBlock` restores the
 * block as Claude Code usually writes it; if a block differs from that, the importer stores the difference.
 */

import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { MessagePart } from '../../state/index.ts'

/** @param toolName returns the tool's name of a call id */
export function toPart(block: unknown, toolName: (callId: string) => string | undefined): MessagePart {
  if (!isJsonObject(block) || typeof block.type !== 'string') return { type: 'unknown', value: block }
  const { type } = block
  if (type === 'text' && typeof block.text === 'string') return { type, text: block.text }
  if (type === 'thinking' && typeof block.thinking === 'string') {
    return withAnthropic({ type: 'reasoning', text: block.thinking }, 'signature', block.signature)
  }
  if (type === 'redacted_thinking' && typeof block.data === 'string') {
    return withAnthropic({ type: 'reasoning', text: '' }, 'redactedData', block.data)
  }
  if (type === 'tool_use' && typeof block.id === 'string' && typeof block.name === 'string') {
    return { type: 'tool-call', toolCallId: block.id, toolName: block.name, input: block.input ?? {} }
  }
  if (type === 'tool_result' && typeof block.tool_use_id === 'string') {
    const toolCallId = block.tool_use_id
    return {
      type: 'tool-result',
      toolCallId,
      toolName: toolName(toolCallId) ?? 'unknown',
      output: toOutput(block.content, block.is_error === true),
    }
  }
  return toMedia(block) ?? { ...block, type }
}

/** Returns the block of a part. Its result is part of the storage format, see `source-lines.ts`. */
export function toBlock(part: MessagePart): unknown {
  const anthropic = anthropicOf(part)
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text }
    case 'reasoning':
      if (anthropic.redactedData !== undefined)
        return { type: 'redacted_thinking', data: anthropic.redactedData }
      return { type: 'thinking', thinking: part.text, signature: anthropic.signature }
    case 'tool-call':
      return {
        type: 'tool_use',
        id: part.toolCallId,
        name: part.toolName,
        input: part.input,
        caller: { type: 'direct' },
      }
    case 'tool-result':
      return { tool_use_id: part.toolCallId, type: 'tool_result', ...fromOutput(part.output) }
    case 'image':
      return { type: 'image', source: mediaSource(part.image, part.mediaType) }
    case 'file':
      return { type: 'document', source: mediaSource(part.data, part.mediaType) }
    case 'unknown':
      return part.value
    default:
      return part
  }
}

/** Whether an AI SDK message of role `tool` may contain the part. */
export const isToolResult = (part: MessagePart): boolean => part.type === 'tool-result'

function toOutput(content: unknown, failed: boolean): JsonObject {
  if (Array.isArray(content)) {
    return failed
      ? { type: 'error-json', value: content }
      : { type: 'content', value: content.map(toOutputItem) }
  }
  if (content === undefined || typeof content === 'string') {
    return { type: failed ? 'error-text' : 'text', value: content ?? '' }
  }
  return { type: failed ? 'error-json' : 'json', value: content }
}

function fromOutput(output: unknown): JsonObject {
  if (!isJsonObject(output)) return {}
  const { type, value } = output
  const failed = type === 'error-text' || type === 'error-json'
  const content = type === 'content' && Array.isArray(value) ? value.map(fromOutputItem) : value
  return { content, is_error: failed }
}

function toOutputItem(item: unknown): unknown {
  const media = isJsonObject(item) ? toMedia(item) : undefined
  if (media === undefined || typeof media.mediaType !== 'string') return item
  return { type: 'media', data: media.image ?? media.data, mediaType: media.mediaType }
}

function fromOutputItem(item: unknown): unknown {
  if (!isJsonObject(item) || item.type !== 'media') return item
  const type = String(item.mediaType).startsWith('image/') ? 'image' : 'document'
  return { type, source: mediaSource(item.data, item.mediaType) }
}

function toMedia({ type, source }: JsonObject): MessagePart | undefined {
  if ((type !== 'image' && type !== 'document') || !isJsonObject(source)) return undefined
  const { data, media_type: mediaType, url } = source
  const content = source.type === 'base64' ? data : source.type === 'url' ? url : undefined
  if (typeof content !== 'string') return undefined
  const kind = typeof mediaType === 'string' ? { mediaType } : {}
  if (type === 'image') return { type: 'image', image: content, ...kind }
  return { type: 'file', data: content, mediaType: 'application/pdf', ...kind }
}

const mediaSource = (content: unknown, mediaType: unknown): JsonObject =>
  typeof content === 'string' && /^https?:/.test(content)
    ? { type: 'url', url: content }
    : { type: 'base64', media_type: mediaType, data: content }

function withAnthropic(part: MessagePart, key: string, value: unknown): MessagePart {
  return value === undefined ? part : { ...part, providerOptions: { anthropic: { [key]: value } } }
}

function anthropicOf(part: MessagePart): JsonObject {
  const options = part.providerOptions
  return isJsonObject(options) && isJsonObject(options.anthropic) ? options.anthropic : {}
}
