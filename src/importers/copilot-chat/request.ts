/** Reads a request of a chat: the prompt, and the answer as rounds of texts and calls. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { MessagePart } from '../../state/index.ts'
import type { Said } from '../core/lines/meaning.ts'
import { callPart, inputOf, resultPart, stringAt, textPart } from '../core/lines/parts.ts'

export function promptOf({ message }: JsonObject): string {
  if (typeof message === 'string') return message
  return stringAt(message, 'text') ?? ''
}

/** Returns the rounds of the answer; if there are none, the text that was shown. */
export function answerOf(request: JsonObject): Said[] {
  const { result, response } = request
  const metadata = isJsonObject(result) && isJsonObject(result.metadata) ? result.metadata : {}
  const results = isJsonObject(metadata.toolCallResults) ? metadata.toolCallResults : {}
  const rounds = listOf(metadata.toolCallRounds).flatMap((round) => roundOf(round, results))
  if (rounds.length > 0) return rounds
  const shown = listOf(response).map(shownText).join('')
  return shown === '' ? [] : [{ role: 'assistant', content: shown }]
}

function roundOf({ response, toolCalls }: JsonObject, results: JsonObject): Said[] {
  const calls = listOf(toolCalls).filter(({ id, name }) => typeof id === 'string' && typeof name === 'string')
  const parts: MessagePart[] = typeof response === 'string' && response !== '' ? [textPart(response)] : []
  const called = calls.map(({ id, name, arguments: input }) =>
    callPart(id as string, name as string, inputOf(input)),
  )
  const answered = calls.flatMap(({ id, name }) =>
    results[id as string] === undefined
      ? []
      : [resultPart(id as string, name as string, textIn(results[id as string]))],
  )
  if (parts.length + called.length === 0) return []
  const said: Said = { role: 'assistant', parts: [...parts, ...called] }
  return answered.length === 0 ? [said] : [said, { role: 'tool', parts: answered }]
}

/**
 * Returns the text of `{ content: [{ value: 'text' | a tree of nodes }] }` if all values are text; anything else
 * unchanged.
 */
function textIn(result: unknown): unknown {
  const content = isJsonObject(result) ? listOf(result.content) : []
  const texts = content.map(({ value }) => value)
  return texts.length > 0 && texts.every((text) => typeof text === 'string') ? texts.join('\n') : result
}

function shownText({ value, kind, inlineReference }: JsonObject): string {
  if (kind === 'inlineReference' && isJsonObject(inlineReference))
    return stringAt(inlineReference, 'name') ?? stringAt(inlineReference, 'path') ?? ''
  if (kind !== undefined && kind !== 'markdownContent') return ''
  return typeof value === 'string' ? value : (stringAt(value, 'value') ?? '')
}

const listOf = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : [])
