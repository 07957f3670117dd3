/** Texts of items for `git log`: one line each. */

import { oneLine, turnBody, WIDTH } from '../../checkpoints/commits/text.ts'
import { beginning, cut as cutAt } from '../../excerpt.ts'
import { isJsonObject } from '../../json-value.ts'

const BODY_LINES = 20
// Characters of a text that are enough to fill a line.
const ENOUGH = 500

export interface Text {
  subject: string
  body: string
}

/**
 * Makes a commit's text of items. The subject is the first user message, or else the first item. The body is the prompt
 * and the answer; if there are none, the other items, one per line.
 */
export function textOfItems(items: readonly unknown[]): Text {
  const user = items.findIndex((item) => isJsonObject(item) && item.role === 'user')
  const first = user === -1 ? 0 : user
  const answer = items.findLast((item) => isJsonObject(item) && item.role === 'assistant')
  const said = turnBody({ prompt: passageOf(items[user]), answer: passageOf(answer) })
  const body = said || linesOf(items.filter((_, index) => index !== first))
  return { subject: lineOf(items[first]), body }
}

/** Returns one line per item, at most `BODY_LINES`, and the number of the others. */
export function linesOf(items: readonly unknown[]): string {
  const more = items.length > BODY_LINES ? [`… and ${items.length - BODY_LINES} more`] : []
  return [...items.slice(0, BODY_LINES).map(lineOf), ...more].join('\n')
}

/**
 * Returns a line such as `user: Is it raining?`, `weather({"city":"Oslo"})` or `weather → sunny`; at most 72
 * characters.
 */
export const lineOf = (item: unknown): string => cut(oneLine(textOf(item)))

/** Returns text such as `3 items` or `1 item`. */
export const itemCount = (count: number): string =>
  `${count.toLocaleString('en')} item${count === 1 ? '' : 's'}`

/** Returns the first words of the first user message, as the title of the session. */
export function titleOf(added: readonly unknown[]): string | undefined {
  const first = added.find((item) => isJsonObject(item) && item.role === 'user') as
    | { content?: unknown }
    | undefined
  return cut(oneLine(textIn(first?.content))) || undefined
}

/** Cuts text to at most 72 characters, between words if that keeps at least half of them. */
export const cut = (text: string): string => cutAt(text, WIDTH)

function textOf(item: unknown): string {
  if (!isJsonObject(item)) return 'item'
  const { type, role, name } = item
  if (typeof role === 'string') return `${role}: ${textIn(item.content) || 'message'}`
  const kind = typeof type === 'string' ? type.replaceAll('_', ' ') : 'item'
  if (typeof name !== 'string') return `${kind}${after(': ', textIn(item.content))}`
  if (type === 'function_call') return `${name}(${start(item.arguments)})`
  if (type === 'function_call_result') return `${name} → ${textIn(item.output) || 'result'}`
  return `${kind}: ${name}`
}

/**
 * Returns the text of a content: a string, a part, or a list of parts. For other parts, returns the type in brackets.
 */
function textIn(content: unknown, units = ENOUGH): string {
  const inner = (part: unknown): string => textIn(part, units)
  if (Array.isArray(content)) return start(content.slice(0, 20).map(inner).filter(Boolean).join(' '), units)
  if (!isJsonObject(content)) return start(content, units)
  for (const key of ['text', 'transcript', 'refusal', 'content']) {
    const text = content[key]
    if (typeof text === 'string' && text !== '') return start(text, units)
  }
  return typeof content.type === 'string' ? `[${content.type.replace(/^(?:in|out)put_/, '')}]` : ''
}

/** Returns as much of a message's text as a commit's body can show. */
const passageOf = (item: unknown): string => (isJsonObject(item) ? textIn(item.content, 4 * ENOUGH) : '')

const start = (text: unknown, units = ENOUGH): string =>
  typeof text === 'string' ? beginning(text, units) : ''
const after = (before: string, text: string): string => (text === '' ? '' : before + text)

/** Returns the commit's text for an operation that appends these items. */
export const textOfAppended = (added: readonly unknown[]): Text =>
  added.length === 0 ? { subject: 'an operation without items', body: '' } : textOfItems(added)
