/**
 * Goose: one `.jsonl` per session, whose first line describes the session, or the JSON that `goose session export`
 * writes.
 */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { MessagePart } from '../../state/index.ts'
import { type ByteSource, ofBytes } from '../byte-source.ts'
import { sessionOfDocument } from '../core/documents/document.ts'
import { filesBelow } from '../core/files-below.ts'
import { detectByLine, readByLine, writeByLine } from '../core/lines/by-line.ts'
import type { LineContext, Meaning } from '../core/lines/meaning.ts'
import {
  callPart,
  known,
  reasoningPart,
  resultPart,
  stringAt,
  textPart,
  timeOf,
} from '../core/lines/parts.ts'
import type { Importer } from '../importer.ts'
import { parseLine, readLines } from '../jsonl.ts'

export const goose: Importer = {
  name: 'goose',
  title: 'Goose',
  description: 'Goose sessions',
  input: 'a .jsonl file or an export as .json, or a folder of them such as ~/.local/share/goose/sessions',
  folder: '~/.local/share/goose/sessions',
  format: 1,
  extension: '.jsonl',
  async *sessions(source) {
    if (await detectByLine(source, isHead)) yield await withoutHead(source)
    else
      yield* sessionOfDocument(
        source,
        ['conversation'],
        (value) => isJsonObject(value) && isHead(value) && Array.isArray(value.conversation),
      )
  },
  async *locate(folder) {
    yield* await filesBelow(folder, '.jsonl')
    yield* await filesBelow(folder, '.json')
  },
  read: (source, options) => readByLine(source, options, meaningOf, headOf),
  write: writeByLine,
}

const isHead = (head: JsonObject): boolean =>
  typeof head.working_dir === 'string' &&
  head.role === undefined &&
  ('message_count' in head || 'description' in head)

/** Splits off the first line as a frame, because Goose rewrites it with each save. The messages are the lines. */
async function withoutHead(source: ByteSource): Promise<ByteSource> {
  for await (const { bytes, end, terminator, line } of readLines(source.chunks())) {
    const parsed = bytes && parseLine(bytes)
    if (line > 1 || parsed?.kind !== 'value' || !isJsonObject(parsed.value) || !isHead(parsed.value)) break
    const rest = await source.read(end + terminator.length, source.size)
    const finalNewline = rest.length === 0 ? terminator !== '' : rest.at(-1) === 10
    const frame = { kind: 'head' as const, text: (bytes as Buffer).toString('utf8'), finalNewline }
    return {
      ...ofBytes(source.name, rest),
      modified: source.modified,
      ...(source.path === undefined ? {} : { path: source.path }),
      frame,
    }
  }
  return source
}

const headOf = (head: JsonObject): Meaning =>
  known<Meaning>({
    sessionId: stringAt(head, 'id'),
    time: timeOf(head.created_at),
    about: known({
      title: stringAt(head, 'description') ?? stringAt(head, 'name'),
      workspace: stringAt(head, 'working_dir'),
    }),
  })

function meaningOf(entry: JsonObject, { toolName }: LineContext): Meaning {
  const { role, created, content } = entry
  if (isHead(entry)) return { type: 'session', ...headOf(entry) }
  const base = known<Meaning>({
    id: stringAt(entry, 'id'),
    time: timeOf(created),
    type: typeof role === 'string' && role !== '' ? role : 'unknown',
  })
  const parts = (Array.isArray(content) ? content : []).map((block) => partOf(block, toolName))
  const results = parts.filter(({ type }) => type === 'tool-result')
  if (role === 'assistant') return { ...base, message: { role, parts } }
  if (role !== 'user') return base
  if (results.length > 0) return { ...base, message: { role: 'tool', parts: results } }
  const prompt = parts.map((part) => (part.type === 'text' ? String(part.text) : '')).join('\n')
  return { ...base, prompt, message: { role, parts } }
}

function partOf(block: unknown, toolName: LineContext['toolName']): MessagePart {
  if (!isJsonObject(block)) return { type: 'unknown', value: block }
  const { type, text, thinking, data, mimeType } = block
  const id = stringAt(block, 'id') ?? ''
  if (type === 'text' && typeof text === 'string') return textPart(text)
  if (type === 'thinking' && typeof thinking === 'string') return reasoningPart(thinking)
  if (type === 'image' && typeof data === 'string' && typeof mimeType === 'string')
    return { type: 'image', image: data, mediaType: mimeType }
  if (type === 'toolRequest') {
    const call = successOf(block.toolCall)
    return callPart(id, stringAt(call, 'name') ?? 'unknown', isJsonObject(call) ? call.arguments : {})
  }
  if (type !== 'toolResponse') return { type: 'unknown', value: block }
  const failed = isJsonObject(block.toolResult) && block.toolResult.status === 'error'
  const result = failed ? (block.toolResult as JsonObject).error : successOf(block.toolResult)
  const content = isJsonObject(result) && Array.isArray(result.content) ? result.content : result
  const texts = Array.isArray(content) ? content.map((item: unknown) => stringAt(item, 'text')) : []
  const isText = texts.length > 0 && texts.every((one) => one !== undefined)
  return resultPart(id, toolName(id) ?? 'unknown', isText ? texts.join('\n') : content, failed)
}

/** Unwraps `{ status: 'success', value }`; returns anything else unchanged. */
const successOf = (result: unknown): unknown =>
  isJsonObject(result) && 'value' in result ? result.value : result
