/** opencode: the output of `opencode export`, or the storage folder, where each message and each part is a file. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { MessagePart } from '../../state/index.ts'
import { sessionOfDocument } from '../core/documents/document.ts'
import { filesBelow } from '../core/files-below.ts'
import { readByLine, writeByLine } from '../core/lines/by-line.ts'
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
import { composeExport } from './compose.ts'
import { storedSession } from './storage.ts'

export const opencode: Importer = {
  name: 'opencode',
  title: 'opencode',
  description: 'opencode sessions',
  input: "what 'opencode export' printed, or a folder such as ~/.local/share/opencode/storage/session",
  folder: '~/.local/share/opencode/storage/session',
  format: 1,
  extension: '.json',
  async *sessions(source) {
    const stored = await storedSession(source)
    if (stored !== undefined) yield stored
    else yield* sessionOfDocument(source, ['messages'], isExport)
  },
  async *locate(folder) {
    yield* await filesBelow(folder, '.json')
  },
  read: (source, options) => readByLine(source, options, meaningOf, documentMeaning),
  write: writeByLine,
  compose: composeExport,
}

const isExport = (value: unknown): boolean =>
  isJsonObject(value) &&
  isJsonObject(value.info) &&
  typeof value.info.id === 'string' &&
  Array.isArray(value.messages)

function documentMeaning({ info }: JsonObject): Meaning {
  const time = isJsonObject(info) && isJsonObject(info.time) ? info.time.created : undefined
  return known<Meaning>({
    sessionId: stringAt(info, 'id'),
    time: timeOf(time),
    about: known({
      title: stringAt(info, 'title'),
      workspace: stringAt(info, 'directory'),
      version: stringAt(info, 'version'),
    }),
  })
}

function meaningOf({ info: given, parts: list }: JsonObject): Meaning {
  const info = isJsonObject(given) ? given : {}
  const { role, time, tokens } = info
  const all = (Array.isArray(list) ? list : []).filter(isJsonObject)
  const parts = all.flatMap(partOf)
  const base = known<Meaning>({
    id: stringAt(info, 'id'),
    time: timeOf(isJsonObject(time) ? time.created : undefined),
    type: typeof role === 'string' && role !== '' ? role : 'unknown',
  })
  if (role === 'user') {
    const typed = all.filter(({ type, synthetic }) => type === 'text' && synthetic !== true)
    return { ...base, prompt: typed.map(({ text }) => String(text)).join('\n'), message: { role, parts } }
  }
  if (role !== 'assistant') return base
  const results = all.flatMap(resultOf)
  const { input, output, reasoning, cache } = isJsonObject(tokens) ? tokens : ({} as JsonObject)
  const { read, write } = isJsonObject(cache) ? cache : ({} as JsonObject)
  return {
    ...base,
    ...known<Meaning>({
      message: { role, parts },
      more: results.length === 0 ? undefined : [{ role: 'tool', parts: results }],
      about: known({ model: stringAt(info, 'modelID') }),
      status: info.error === undefined ? 'completed' : 'failed',
      usage: usageOf({
        inputTokens: input,
        outputTokens: output,
        reasoningTokens: reasoning,
        cachedInputTokens: read,
        cacheCreationInputTokens: write,
      }),
    }),
  }
}

function partOf(part: JsonObject): MessagePart[] {
  const { type, text, callID: id, tool, state, url, mime } = part
  if (type === 'text' && typeof text === 'string') return [textPart(text)]
  if (type === 'reasoning' && typeof text === 'string') return [reasoningPart(text)]
  if (type === 'tool' && typeof id === 'string' && typeof tool === 'string')
    return [callPart(id, tool, isJsonObject(state) ? state.input : {})]
  if (type === 'file' && typeof url === 'string' && typeof mime === 'string') {
    const data = /^data:[^,]*;base64,/.exec(url)
    return data !== null && mime.startsWith('image/')
      ? [{ type: 'image', image: url.slice(data[0].length), mediaType: mime }]
      : [{ type: 'file', data: data === null ? url : url.slice(data[0].length), mediaType: mime }]
  }
  return []
}

function resultOf({ type, callID: id, tool, state }: JsonObject): MessagePart[] {
  if (type !== 'tool' || typeof id !== 'string' || typeof tool !== 'string' || !isJsonObject(state)) return []
  if (state.status === 'completed') return [resultPart(id, tool, state.output)]
  return state.status === 'error' ? [resultPart(id, tool, state.error, true)] : []
}
