/** Cursor: one `.jsonl` per transcript of an agent, below `~/.cursor/projects/<project>/agent-transcripts`. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { MessagePart } from '../../state/index.ts'
import { detectByLine, readByLine, writeByLine } from '../core/lines/by-line.ts'
import type { LineContext, Meaning } from '../core/lines/meaning.ts'
import { callPart, resultPart, stringAt, textPart, timeOf } from '../core/lines/parts.ts'
import type { Importer } from '../importer.ts'

export const cursor: Importer = {
  name: 'cursor',
  title: 'Cursor',
  description: 'Cursor transcripts',
  input: 'a .jsonl file, or a folder of them such as ~/.cursor/projects',
  folder: '~/.cursor/projects',
  format: 1,
  extension: '.jsonl',
  detect: (source) => detectByLine(source, isTranscriptEntry),
  read: (source, options) => readByLine(source, options, meaningOf),
  write: writeByLine,
}

const isTranscriptEntry = ({ role, message, type }: JsonObject): boolean =>
  type === undefined &&
  (role === 'user' || role === 'assistant') &&
  isJsonObject(message) &&
  message.content !== undefined

function meaningOf(entry: JsonObject, context: LineContext): Meaning {
  const { role, message, timestamp } = entry
  const time = timeOf(timestamp)
  const base: Meaning = {
    type: typeof role === 'string' && role !== '' ? role : 'unknown',
    ...(time === undefined ? {} : { time }),
  }
  if (!isTranscriptEntry(entry) || !isJsonObject(message)) return base
  const parts = partsOf(message.content, context)
  const results = parts.filter(({ type }) => type === 'tool-result')
  if (role === 'assistant') return { ...base, message: { role, parts }, joins: true }
  if (results.length > 0) return { ...base, message: { role: 'tool', parts: results } }
  const prompt = parts.map((part) => (part.type === 'text' ? asked(String(part.text)) : '')).join('\n')
  return { ...base, prompt, message: { role: 'user', parts } }
}

const asked = (text: string): string => /<user_query>\s*([\s\S]*?)\s*<\/user_query>/.exec(text)?.[1] ?? text

function partsOf(content: unknown, { line, toolName }: LineContext): MessagePart[] {
  if (typeof content === 'string') return [textPart(content)]
  return (Array.isArray(content) ? content : []).map((block: unknown, n): MessagePart => {
    const [text, name] = [stringAt(block, 'text'), stringAt(block, 'name')]
    if (!isJsonObject(block)) return { type: 'unknown', value: block }
    if (block.type === 'text' && text !== undefined) return textPart(text)
    const id = stringAt(block, 'id') ?? `call-${line}-${n + 1}`
    if (block.type === 'tool_use' && name !== undefined) return callPart(id, name, block.input)
    const of = stringAt(block, 'tool_use_id')
    if (block.type === 'tool_result' && of !== undefined)
      return resultPart(of, toolName(of) ?? 'unknown', block.content, block.is_error === true)
    return { type: 'unknown', value: block }
  })
}
