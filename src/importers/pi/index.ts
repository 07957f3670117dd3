/** pi: one `.jsonl` per session, below `~/.pi/agent/sessions`. Since version 2, the entries form a tree. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { MessagePart } from '../../state/index.ts'
import { detectByLine, readByLine, writeByLine } from '../core/lines/by-line.ts'
import type { Meaning } from '../core/lines/meaning.ts'
import {
  callPart,
  known,
  reasoningPart,
  resultPart,
  stringAt,
  textPart,
  timeOf,
  usageOf,
} from '../core/lines/parts.ts'
import type { Importer } from '../importer.ts'
import { composePi, fittedSession } from './compose.ts'

export const pi: Importer = {
  name: 'pi',
  title: 'pi',
  description: 'pi sessions',
  input: 'a .jsonl file, or a folder of them such as ~/.pi/agent/sessions',
  folder: '~/.pi/agent/sessions',
  format: 1,
  extension: '.jsonl',
  detect: (source) =>
    detectByLine(source, ({ type, id, timestamp, cwd }) => {
      const named = typeof id === 'string' && typeof timestamp === 'string'
      return type === 'session' && named && typeof cwd === 'string'
    }),
  read: (source, options) => readByLine(source, options, meaningOf),
  write: writeByLine,
  compose: composePi,
  fitted: fittedSession,
}

function meaningOf(entry: JsonObject): Meaning {
  const { type, timestamp, message } = entry
  const kind = typeof type === 'string' && type !== '' ? type : 'unknown'
  const base: Meaning = { ...known<Meaning>({ time: timeOf(timestamp) }), type: kind }
  if (type === 'session') {
    return {
      ...base,
      ...known<Meaning>({ sessionId: stringAt(entry, 'id') }),
      about: known({ workspace: stringAt(entry, 'cwd'), model: stringAt(entry, 'modelId') }),
    }
  }
  const [id, parent] = [stringAt(entry, 'id'), entry.parentId]
  const inTree: Meaning = { ...base, ...(id === undefined ? {} : { id, ...parentOf(parent) }) }
  if (type === 'message' && isJsonObject(message)) return { ...inTree, ...messageMeaning(message) }
  if (type === 'model_change') return { ...inTree, about: known({ model: stringAt(entry, 'modelId') }) }
  if (type === 'session_info') return { ...inTree, about: known({ title: stringAt(entry, 'name') }) }
  return inTree
}

const parentOf = (parent: unknown): Pick<Meaning, 'parent'> =>
  typeof parent === 'string' || parent === null ? { parent } : {}

function messageMeaning(message: JsonObject): Meaning {
  const { role, content } = message
  const parts = partsOf(content)
  const text = parts.map((part) => (part.type === 'text' ? String(part.text) : '')).join('\n')
  if (role === 'user') return { prompt: text, message: { role, parts } }
  if (role === 'assistant') {
    const { input, output, cacheRead, cacheWrite, totalTokens } = isJsonObject(message.usage)
      ? message.usage
      : ({} as JsonObject)
    return known<Meaning>({
      message: { role, parts },
      status: STATUS[String(message.stopReason)] ?? 'completed',
      usage: usageOf({
        inputTokens: input,
        outputTokens: output,
        cachedInputTokens: cacheRead,
        cacheCreationInputTokens: cacheWrite,
        totalTokens,
      }),
      about: known({ model: stringAt(message, 'model') }),
    })
  }
  if (role === 'toolResult') {
    const output = parts.every(({ type }) => type === 'text') ? text : parts.map(asContent)
    const [id, tool] = [stringAt(message, 'toolCallId') ?? '', stringAt(message, 'toolName') ?? 'unknown']
    return { message: { role: 'tool', parts: [resultPart(id, tool, output, message.isError === true)] } }
  }
  if (role === 'bashExecution') {
    const content = `! ${stringAt(message, 'command') ?? ''}\n${stringAt(message, 'output') ?? ''}`
    return { prompt: content, message: { role: 'user', content } }
  }
  return { type: typeof role === 'string' && role !== '' ? role : 'unknown' }
}

const STATUS: Readonly<Record<string, string>> = {
  aborted: 'interrupted',
  error: 'failed',
  toolUse: 'interrupted',
}

function partsOf(content: unknown): MessagePart[] {
  if (typeof content === 'string') return content === '' ? [] : [textPart(content)]
  return (Array.isArray(content) ? content : []).map((block: unknown): MessagePart => {
    if (!isJsonObject(block)) return { type: 'unknown', value: block }
    const { type, text, thinking, id, name, data, mimeType } = block
    if (type === 'text' && typeof text === 'string') return textPart(text)
    if (type === 'thinking' && typeof thinking === 'string') return reasoningPart(thinking)
    if (type === 'toolCall' && typeof id === 'string' && typeof name === 'string')
      return callPart(id, name, block.arguments)
    if (type === 'image' && typeof data === 'string' && typeof mimeType === 'string')
      return { type: 'image', image: data, mediaType: mimeType }
    return { type: 'unknown', value: block }
  })
}

const asContent = (part: MessagePart): unknown =>
  part.type === 'image' ? { type: 'media', data: part.image, mediaType: part.mediaType } : part
