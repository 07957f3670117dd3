/** The one line of a checkpoint that a person reads in `git log --oneline`. */
import type { Changes } from './changes.ts'
import { isJsonObject, type JsonObject } from './json-value.ts'
import type { CheckpointKind } from './session-store.ts'

/** Characters of a subject. */
export const WIDTH = 72
// Enough to fill a line, however long the text is.
const ENOUGH = 500
const MORE = '…'

/**
 * The subject of a checkpoint that was given none, such as `turn 3: Read and analyze the codebase`: the first user
 * message that was added, else the last message that was, else what changed. At most 72 characters.
 *
 * @param fields the top-level values after the change
 */
export function defaultSubject(
  { kind, seq }: { kind: CheckpointKind; seq: number },
  changes: Changes,
  fields: JsonObject,
): string {
  const prefix = kind === 'step' ? 'step: ' : `turn ${seq}: `
  return prefix + cut(summarize(changes, fields), WIDTH - prefix.length)
}

/** The subject of a fork's own commit, such as `fork of my-review at 3f2a91bc04`. */
export function forkSubject(session: string, checkpoint: string): string {
  const end = ` at ${checkpoint.slice(0, 10)}`
  return `fork of ${cut(oneLine(session), WIDTH - 'fork of '.length - end.length)}${end}`
}

/** The text on one line: white space becomes one space, control and bidirectional characters go. */
export const oneLine = (text: string): string => (PLAIN.test(text) ? text : cleanLine(text))

const PLAIN = /^[!-~]+(?: [!-~]+)*$/

const cleanLine = (text: string): string =>
  text.toWellFormed().replace(/\s+/gu, ' ').replace(CONTROL, '').replace(/ +/g, ' ').trim()

/**
 * The text as the body of a checkpoint: lines end with a line feed alone and without spaces, no blank lines stand at
 * its start and end, control (other than tab) and bidirectional characters go.
 */
export const cleanBody = (text: string): string => (text === '' ? '' : cleanText(text))

const cleanText = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(CONTROL_IN_TEXT, '')
    .replace(/[^\S\n]+$/gm, '')
    .replace(/^\n+|\n+$/g, '')

const BIDIRECTIONAL = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069'
const INVISIBLE = '\\u200b\\u2060\\ufeff'
const CONTROL = new RegExp(`[\\p{Cc}${BIDIRECTIONAL}${INVISIBLE}]`, 'gu')
const CONTROL_IN_TEXT = new RegExp(`(?![\\n\\t])[\\p{Cc}${BIDIRECTIONAL}${INVISIBLE}]`, 'gu')

function summarize({ first, added, fields: changed, run, collections }: Changes, fields: JsonObject): string {
  for (const message of added) {
    const text = isJsonObject(message) && message.role === 'user' ? textOf(message) : ''
    if (text !== '') return text
  }
  if (added.length > 0) return textOf(added.at(-1)) || nameOf(added.at(-1))
  for (const key of ['status', 'title']) {
    const value = fields[key]
    if (changed.includes(key) && typeof value === 'string') return oneLine(`${key} ${start(value)}`)
  }
  if (first) return 'start'
  const names = changed.length > 0 ? changed : collections
  if (run !== undefined && changed.length === 0) return oneLine(`run ${start(run)}`)
  return names.length === 0 ? 'nothing changed' : oneLine(`changed ${names.join(', ')}`)
}

/** The plain text of a message, in any of the shapes that messages come in. */
function textOf(message: unknown): string {
  if (typeof message === 'string') return lineOf(message)
  if (!isJsonObject(message)) return ''
  for (const key of ['content', 'parts', 'text']) {
    const text = lineOf(joined(message[key]))
    if (text !== '') return text
  }
  return ''
}

function joined(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  const texts = content.map((part) => (isJsonObject(part) ? part.text : part))
  return texts.filter((text) => typeof text === 'string').join(' ')
}

/** What to call a message without text: the tools it calls, else its role. */
function nameOf(message: unknown): string {
  if (!isJsonObject(message)) return 'message'
  const parts = Array.isArray(message.parts) ? message.parts : []
  const tools = parts.flatMap((part) => (isJsonObject(part) ? [part.toolName] : []))
  const names = [...new Set(tools.filter((tool) => typeof tool === 'string'))]
  if (names.length > 0) return oneLine(start(names.join(', ')))
  return typeof message.role === 'string' ? oneLine(`${start(message.role)} message`) : 'message'
}

/** What a line shows of a text; mostly its beginning is enough. */
function lineOf(text: string): string {
  const line = oneLine(text.slice(0, ENOUGH / 2))
  return line.length > 2 * WIDTH ? line : oneLine(start(text))
}

const start = (text: string): string => text.slice(0, ENOUGH)

/** At most `room` characters, cut between words where that keeps at least half of the room. */
export function cut(text: string, room: number): string {
  const characters = [...text]
  if (characters.length <= room) return text
  const kept = characters.slice(0, room - MORE.length)
  const space = characters[kept.length] === ' ' ? kept.length : kept.lastIndexOf(' ')
  return kept.slice(0, space >= room / 2 ? space : kept.length).join('') + MORE
}
