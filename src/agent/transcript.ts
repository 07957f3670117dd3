/** A session's messages as a model provider accepts them, and the tool calls in them that have no result yet. */
import type { ModelMessage, ToolResultPart } from 'ai'
import type { Message, MessagePart } from '../state/index.ts'

/** A tool call in an assistant message that we, and not the provider, carry out. */
export interface OpenCall {
  call: string
  tool: string
  input: unknown
}

/** What the model is told of a call that nobody knows the end of. */
export const MAY_HAVE_RUN =
  'interrupted, may have run: the process ended while this tool was running. Look at its effects before you repeat it.'

/** The tool calls of the last assistant message that have no result, in their order. */
export function openCalls(messages: readonly Message[]): OpenCall[] {
  const index = messages.findLastIndex(({ role }) => role === 'assistant')
  if (index === -1) return []
  const answered = new Set(messages.slice(index + 1).flatMap(({ parts }) => resultIds(parts)))
  return callsOf(messages[index]!).filter(({ call }) => !answered.has(call))
}

/** The tool calls of a message that we carry out. */
export function callsOf({ parts }: Message): OpenCall[] {
  return (parts ?? []).flatMap((part) =>
    part.type === 'tool-call' && part.providerExecuted !== true && typeof part.toolCallId === 'string'
      ? [{ call: part.toolCallId, tool: String(part.toolName), input: part.input }]
      : [],
  )
}

/**
 * The messages for a model call. Whatever a session went through, what comes out is valid: each tool call has one
 * result, right after the message that calls; results without a call, empty messages and parts that the SDK does not
 * know are left out; texts are well formed.
 */
export function toModelMessages(messages: readonly Message[]): ModelMessage[] {
  const out: ModelMessage[] = []
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index]!
    if (message.role === 'assistant') out.push(...assistantMessages(message, messages, index))
    else if (message.role === 'user') out.push(...userMessages(message))
    else if (message.role === 'system') out.push({ role: 'system', content: message.content })
    // Results were put after their calls.
  }
  return out.map((message) => ({ ...message, content: sendable(message.content) }) as ModelMessage)
}

/** Providers refuse half of a surrogate pair, some a NUL: what a session keeps as it came, they are spared. */
function sendable(value: unknown): unknown {
  if (typeof value === 'string') {
    const text = value.isWellFormed() ? value : value.toWellFormed()
    return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text
  }
  if (Array.isArray(value)) return value.map(sendable)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [sendable(key), sendable(item)]))
}

function assistantMessages(message: Message, all: readonly Message[], index: number): ModelMessage[] {
  const parts = (message.parts ?? [{ type: 'text', text: message.content }]).filter(
    (part) => ASSISTANT_PARTS.has(part.type) && !isEmptyText(part),
  )
  if (parts.length === 0) return []
  const calls = callsOf({ ...message, parts })
  const known = new Map<string, ToolResultPart>()
  for (const later of calls.length === 0 ? [] : all.slice(index + 1)) {
    if (later.role === 'assistant' && callsOf(later).length > 0) break
    for (const part of later.role === 'tool' ? (later.parts ?? []) : []) {
      if (part.type === 'tool-result' && typeof part.toolCallId === 'string' && !known.has(part.toolCallId)) {
        known.set(part.toolCallId, part as unknown as ToolResultPart)
      }
    }
  }
  const results = calls.map(({ call, tool }) => known.get(call) ?? interruptedResult(call, tool))
  return [
    { role: 'assistant', content: parts } as unknown as ModelMessage,
    ...(results.length === 0 ? [] : [{ role: 'tool', content: results } as ModelMessage]),
  ]
}

/** The result of a call that was started and whose end nobody saw. */
export const interruptedResult = (call: string, tool: string): ToolResultPart => ({
  type: 'tool-result',
  toolCallId: call,
  toolName: tool,
  output: { type: 'error-text', value: MAY_HAVE_RUN },
})

function userMessages(message: Message): ModelMessage[] {
  const parts = message.parts?.filter((part) => USER_PARTS.has(part.type) && !isEmptyText(part))
  if (parts === undefined || parts.length === 0) {
    return message.content === '' ? [] : [{ role: 'user', content: message.content }]
  }
  return [{ role: 'user', content: parts } as unknown as ModelMessage]
}

const ASSISTANT_PARTS = new Set(['text', 'reasoning', 'file', 'tool-call', 'tool-result'])
const USER_PARTS = new Set(['text', 'image', 'file'])

const isEmptyText = (part: MessagePart): boolean => part.type === 'text' && part.text === ''

const resultIds = (parts: readonly MessagePart[] | undefined): string[] =>
  (parts ?? []).flatMap((part) =>
    part.type === 'tool-result' && typeof part.toolCallId === 'string' ? [part.toolCallId] : [],
  )
