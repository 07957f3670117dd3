/** Gemini CLI: one `.jsonl` per session, below `~/.gemini/tmp/<project>/chats`; older versions wrote one `.json`. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { MessagePart } from '../../state/index.ts'
import { sessionOfDocument } from '../core/documents/document.ts'
import { filesBelow } from '../core/files-below.ts'
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
import { composeChat } from './compose.ts'

export const geminiCli: Importer = {
  name: 'gemini-cli',
  title: 'Gemini CLI',
  description: 'Gemini CLI sessions',
  input: 'a .jsonl or .json file, or a folder of them such as ~/.gemini/tmp',
  folder: '~/.gemini/tmp',
  format: 1,
  extension: '.json',
  async *sessions(source) {
    if (await detectByLine(source, isHead)) yield source
    else yield* sessionOfDocument(source, ['messages'], (value) => isJsonObject(value) && isHead(value))
  },
  async *locate(folder) {
    yield* await filesBelow(folder, '.jsonl')
    yield* await filesBelow(folder, '.json')
  },
  read: (source, options) => readByLine(source, options, meaningOf, headOf),
  write: writeByLine,
  compose: composeChat,
}

const isHead = ({ sessionId, projectHash }: JsonObject): boolean =>
  typeof sessionId === 'string' && typeof projectHash === 'string'

function headOf(head: JsonObject): Meaning {
  const { sessionId, directories, summary, startTime } = head
  return known<Meaning>({
    type: 'session',
    sessionId: typeof sessionId === 'string' ? sessionId : undefined,
    time: timeOf(startTime),
    about: known({
      title: typeof summary === 'string' ? summary : undefined,
      workspace:
        Array.isArray(directories) && typeof directories[0] === 'string' ? directories[0] : undefined,
    }),
  })
}

function meaningOf(entry: JsonObject): Meaning {
  const { $set: set, $rewindTo: rewind, id, type, timestamp, content } = entry
  if (typeof rewind === 'string') return { type: 'rewind', rewind: { before: rewind } }
  if (isJsonObject(set)) return { ...headOf(set), type: 'set' }
  if (isHead(entry)) return headOf(entry)
  const base = known<Meaning>({
    id: typeof id === 'string' ? id : undefined,
    newer: true,
    time: timeOf(timestamp),
    type: typeof type === 'string' && type !== '' ? type : 'unknown',
  })
  // These results repeat those in the record of the calls.
  if (type === 'user' && isResults(content)) return { ...base, type: 'results' }
  const said = partsOf(content)
  if (type === 'user')
    return {
      ...base,
      prompt: said.map(({ text }) => text ?? '').join('\n'),
      message: { role: 'user', parts: said },
    }
  return type === 'gemini' ? { ...base, ...replyOf(entry, said) } : base
}

function replyOf(entry: JsonObject, said: MessagePart[]): Meaning {
  const { thoughts, toolCalls, tokens } = entry
  const reasoning = listOf(thoughts).map(({ subject, description }) =>
    reasoningPart([subject, description].filter((text) => typeof text === 'string').join('\n')),
  )
  const calls = listOf(toolCalls).filter(({ id, name }) => typeof id === 'string' && typeof name === 'string')
  const called = calls.map(({ id, name, args }) => callPart(id as string, name as string, args))
  const results = calls.flatMap((call) => resultOf(call) ?? [])
  const {
    input,
    output,
    cached,
    thoughts: thought,
    total,
  } = isJsonObject(tokens) ? tokens : ({} as JsonObject)
  return known<Meaning>({
    message: { role: 'assistant', parts: [...reasoning, ...said, ...called] },
    more: results.length === 0 ? undefined : [{ role: 'tool', parts: results }],
    usage: usageOf({
      inputTokens: input,
      outputTokens: output,
      cachedInputTokens: cached,
      reasoningTokens: thought,
      totalTokens: total,
    }),
    about: known({ model: stringAt(entry, 'model') }),
  })
}

/** Returns the result of a call; `undefined` while the call runs. */
function resultOf({ id, name, result, status }: JsonObject): MessagePart | undefined {
  if (result === undefined || result === null) return undefined
  const answers = listOf(Array.isArray(result) ? result : [result])
  const outputs = answers.map(({ functionResponse, text }) => {
    const response = isJsonObject(functionResponse) ? functionResponse.response : text
    return isJsonObject(response) ? (response.output ?? response.error ?? response) : response
  })
  const output = outputs.every((one) => typeof one === 'string') ? outputs.join('\n') : outputs
  return resultPart(id as string, name as string, output, status === 'error' || status === 'cancelled')
}

/** Converts a text, or parts of the Gemini API. */
function partsOf(content: unknown): MessagePart[] {
  if (typeof content === 'string') return content === '' ? [] : [textPart(content)]
  return (Array.isArray(content) ? content : [content]).flatMap((part: unknown): MessagePart[] => {
    if (typeof part === 'string') return [textPart(part)]
    if (!isJsonObject(part))
      return part === undefined || part === null ? [] : [{ type: 'unknown', value: part }]
    const { text, inlineData } = part
    if (typeof text === 'string') return text === '' ? [] : [textPart(text)]
    const [data, mediaType] = [stringAt(inlineData, 'data'), stringAt(inlineData, 'mimeType')]
    return data === undefined || mediaType === undefined
      ? [{ type: 'unknown', value: part }]
      : [
          mediaType.startsWith('image/')
            ? { type: 'image', image: data, mediaType }
            : { type: 'file', data, mediaType },
        ]
  })
}

const isResults = (content: unknown): boolean =>
  Array.isArray(content) &&
  content.length > 0 &&
  content.every((part) => isJsonObject(part?.functionResponse))

const listOf = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : [])
