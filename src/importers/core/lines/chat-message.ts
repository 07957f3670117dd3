/** Messages in the format of the OpenAI chat API, which several tools write. */
import { isJsonObject, type JsonObject } from '../../../json-value.ts'
import type { MessagePart } from '../../../state/index.ts'
import type { LineContext, Said } from './meaning.ts'
import { callPart, imagePart, inputOf, resultPart, stringAt, textPart } from './parts.ts'

/** Converts an entry to a message. Returns `undefined` if its role is not that of a message. */
export function chatMessage(entry: JsonObject, { line, toolName }: LineContext): Said | undefined {
  const { role, content, tool_calls: calls } = entry
  const parts = partsOf(content)
  if (role === 'tool' || role === 'function') {
    const id =
      stringAt(entry, 'tool_call_id') ?? firstOf(entry.tool_call_ids) ?? stringAt(entry, 'name') ?? ''
    const output = parts.every(({ type }) => type === 'text') ? textOf(parts) : content
    return {
      role: 'tool',
      parts: [resultPart(id, toolName(id) ?? stringAt(entry, 'name') ?? 'unknown', output)],
    }
  }
  if (role !== 'user' && role !== 'assistant' && role !== 'system' && role !== 'developer') return undefined
  const called = Array.isArray(calls) ? calls.flatMap((call, n) => callOf(call, `call-${line}-${n + 1}`)) : []
  const who = role === 'developer' ? 'system' : role
  const isText = parts.every(({ type }) => type === 'text')
  if (called.length === 0 && isText) return { role: who, content: textOf(parts) }
  return { role: who, parts: [...parts, ...called] }
}

function callOf(call: unknown, unnamed: string): MessagePart[] {
  if (!isJsonObject(call)) return []
  const made = isJsonObject(call.function) ? call.function : call
  const name = stringAt(made, 'name')
  return name === undefined ? [] : [callPart(stringAt(call, 'id') ?? unnamed, name, inputOf(made.arguments))]
}

/** Converts content to parts: text, or a list of text and image blocks. */
export function partsOf(content: unknown): MessagePart[] {
  if (typeof content === 'string') return content === '' ? [] : [textPart(content)]
  if (!Array.isArray(content))
    return content === undefined || content === null ? [] : [{ type: 'unknown', value: content }]
  return content.map((block: unknown): MessagePart => {
    const url = isJsonObject(block)
      ? (stringAt(block.image_url, 'url') ?? stringAt(block, 'image_url'))
      : undefined
    if (url !== undefined) return imagePart(url)
    const text = stringAt(block, 'text')
    return text === undefined ? { type: 'unknown', value: block } : textPart(text)
  })
}

export const textOf = (parts: readonly MessagePart[]): string =>
  parts.map((part) => (part.type === 'text' ? String(part.text) : '')).join('\n')

const firstOf = (list: unknown): string | undefined =>
  Array.isArray(list) && typeof list[0] === 'string' ? list[0] : undefined
