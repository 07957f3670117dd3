/** The default subject and body of a checkpoint, as `git log` shows them. */

import { oneLine, turnBody, WIDTH } from '../checkpoints/commits/text.ts'
import { beginning, cut } from '../excerpt.ts'
import { isJsonObject, type JsonObject } from '../json-value.ts'
import type { Changes } from './changes.ts'
import type { CheckpointKind } from './session-store.ts'

// This many characters of a text are enough to fill a line.
const ENOUGH = 500

/**
 * Returns the default subject of a checkpoint, such as `turn 3: Read and analyze the codebase`: the first user message
 * that was added, else the last added message, else what changed. At most 72 characters.
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

/**
 * Returns the default body of a checkpoint: the prompt and the beginning of the last answer. A step has an empty body.
 */
export function defaultBody(kind: CheckpointKind, added: readonly unknown[]): string {
  if (kind === 'step') return ''
  const saidBy = (role: string) => (message: unknown) =>
    isJsonObject(message) && message.role === role && wordsOf(message, isSaid) !== ''
  return turnBody({
    prompt: wordsOf(added.find(saidBy('user')), isSaid),
    answer: wordsOf(added.findLast(saidBy('assistant')), isSaid),
  })
}

function summarize({ first, added, fields: changed, run, collections }: Changes, fields: JsonObject): string {
  for (const message of added) {
    const text = isJsonObject(message) && message.role === 'user' ? textOf(message) : ''
    if (text !== '') return text
  }
  if (added.length > 0) return textOf(added.at(-1)) || nameOf(added.at(-1))
  if (first) return (typeof fields.title === 'string' && lineOf(fields.title)) || 'start'
  for (const key of ['status', 'title']) {
    const value = fields[key]
    if (changed.includes(key) && typeof value === 'string') return oneLine(`${key} ${start(value)}`)
  }
  const names = changed.length > 0 ? changed : collections
  if (run !== undefined && changed.length === 0) return oneLine(`run ${start(run)}`)
  return names.length === 0 ? 'nothing changed' : oneLine(`changed ${names.join(', ')}`)
}

const textOf = (message: unknown): string => lineOf(wordsOf(message))

/** Returns the plain text of a message of any known shape. */
function wordsOf(message: unknown, counts: (part: unknown) => boolean = () => true): string {
  if (typeof message === 'string') return message
  if (!isJsonObject(message)) return ''
  for (const key of ['content', 'parts', 'text']) {
    const text = joined(message[key], counts)
    if (/\S/.test(text)) return text
  }
  return ''
}

function joined(content: unknown, counts: (part: unknown) => boolean): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  const texts = content.filter(counts).map((part) => (isJsonObject(part) ? part.text : part))
  return texts.filter((text) => typeof text === 'string').join('\n\n')
}

/** Whether a part is meant to be read; a model's reasoning is not. */
const isSaid = (part: unknown): boolean => !isJsonObject(part) || part.type !== 'reasoning'

/** Returns a description of a message without text: the tools it calls, else its role. */
function nameOf(message: unknown): string {
  if (!isJsonObject(message)) return 'message'
  const parts = Array.isArray(message.parts) ? message.parts : []
  const tools = parts.flatMap((part) => (isJsonObject(part) ? [part.toolName] : []))
  const names = [...new Set(tools.filter((tool) => typeof tool === 'string'))]
  if (names.length > 0) return oneLine(start(names.join(', ')))
  return typeof message.role === 'string' ? oneLine(`${start(message.role)} message`) : 'message'
}

/** Returns the text on one line. Usually its beginning is enough to fill the line. */
function lineOf(text: string): string {
  const line = oneLine(beginning(text, ENOUGH / 2))
  return line.length > 2 * WIDTH ? line : oneLine(start(text))
}

const start = (text: string): string => beginning(text, ENOUGH)
