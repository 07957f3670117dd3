/**
 * GitHub Copilot Chat in VS Code: one `.jsonl` per chat, below `workspaceStorage`, with the changes to one document;
 * older versions wrote the document itself. A line that adds requests is a turn, with their prompts and answers. Later
 * changes to an answer become events.
 */
import { join } from 'node:path'
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import { sessionOfDocument } from '../core/documents/document.ts'
import { filesBelow } from '../core/files-below.ts'
import { detectByLine, readByLine, writeByLine } from '../core/lines/by-line.ts'
import type { Meaning } from '../core/lines/meaning.ts'
import { known, stringAt, timeOf } from '../core/lines/parts.ts'
import type { Importer } from '../importer.ts'
import { answerOf, promptOf } from './request.ts'

export const copilotChat: Importer = {
  name: 'copilot-chat',
  title: 'GitHub Copilot Chat',
  description: 'chats of GitHub Copilot in VS Code',
  input: 'a .jsonl or .json file, or a folder of them such as ~/.config/Code/User/workspaceStorage',
  folder: '~/.config/Code/User/workspaceStorage',
  folders: (home, _environment, platform) =>
    ['workspaceStorage', 'globalStorage/emptyWindowChatSessions'].map((name) =>
      join(home, SETTINGS[platform] ?? '.config', 'Code/User', name),
    ),
  format: 1,
  extension: '.jsonl',
  async *sessions(source) {
    if (await detectByLine(source, isSnapshot)) yield source
    else yield* sessionOfDocument(source, ['requests'], (value) => isJsonObject(value) && isChat(value))
  },
  async *locate(folder) {
    yield* await filesBelow(folder, '.jsonl')
    yield* await filesBelow(folder, '.json')
  },
  read: (source, options) => readByLine(source, options, meaningOf, chatMeaning),
  write: writeByLine,
}

/** Where programs keep their settings, where it is not `.config`. */
const SETTINGS: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'Library/Application Support',
  win32: 'AppData/Roaming',
}

const isSnapshot = ({ kind, v }: JsonObject): boolean => kind === 0 && isJsonObject(v) && isChat(v)

const isChat = ({ requests, sessionId, responderUsername }: JsonObject): boolean =>
  Array.isArray(requests) && (typeof sessionId === 'string' || typeof responderUsername === 'string')

function meaningOf(entry: JsonObject): Meaning {
  const { kind, k: path, v: value, requestId } = entry
  if (typeof requestId === 'string') return requestsMeaning([entry])
  if (kind === 0 && isJsonObject(value))
    return { ...chatMeaning(value), ...requestsMeaning(value.requests), type: 'snapshot' }
  const place = Array.isArray(path) ? path.map(String).join('.') : ''
  if (place === 'requests') return { ...requestsMeaning(value), type: 'change', subtype: place }
  if (place === 'customTitle' && typeof value === 'string')
    return { type: 'change', subtype: place, about: { title: value } }
  return { type: 'change', ...(place === '' ? {} : { subtype: place }) }
}

const chatMeaning = (chat: JsonObject): Meaning =>
  known<Meaning>({
    sessionId: stringAt(chat, 'sessionId'),
    time: timeOf(chat.creationDate),
    about: known({ title: stringAt(chat, 'customTitle') }),
  })

function requestsMeaning(value: unknown): Meaning {
  const requests = (Array.isArray(value) ? value : []).filter(isJsonObject)
  const [first] = requests
  if (first === undefined) return {}
  const [asked, ...more] = requests.flatMap((request) => [
    { role: 'user' as const, content: promptOf(request) },
    ...answerOf(request),
  ])
  return known<Meaning>({
    prompt: promptOf(first),
    message: asked,
    more,
    time: timeOf(first.timestamp),
    about: known({ model: stringAt(first, 'modelId') }),
  })
}
