/**
 * Makes a history that a provider accepts. The result is valid whatever happened in the session (crashes, cancels,
 * other models, an import). That matters because the history is sent with every turn: one that is refused would always
 * be refused. The stored history does not change. The rules are listed in `docs/agent.md`.
 */

import type { ModelMessage } from 'ai'
import { isJsonObject } from '../../json-value.ts'
import { hasMark } from '../../redaction/marks.ts'
import type { Message, MessagePart, Session } from '../../state/index.ts'
import { MASK } from '../secrets/stream.ts'
import { CallIds, sendableName } from './call-names.ts'
import { filePart, mediaOf } from './files.ts'
import { MAY_HAVE_RUN } from './open-calls.ts'
import { outputText, sendableOutput } from './outputs.ts'
import type { Recipient } from './recipient.ts'
import { isBlank, sendable, sendableText } from './texts.ts'
import { invalidJson } from './tool-input.ts'

export interface SendableHistory {
  /** The system prompt, with all system messages of the history: providers accept them only at the start. */
  system: string | undefined
  messages: ModelMessage[]
}

/** The history for a model call. */
export function sendableHistory(
  { messages, runs }: Pick<Session, 'messages' | 'runs'>,
  to: Recipient,
  system?: string,
): SendableHistory {
  const models = new Map(runs.map(({ id, model }) => [id, model]))
  const lastPrompt = messages.findLastIndex(({ role }) => role === 'user')
  const ids = new CallIds()
  const turns: Turn[] = []
  const systems = system === undefined ? [] : [system]
  for (const [index, message] of messages.entries()) {
    if (message.role === 'system') systems.push(textOf(message))
    if (message.role === 'user') turns.push({ role: 'user', content: userParts(message, to) })
    if (message.role !== 'assistant') continue
    const { model = models.get(message.run ?? '') } = message
    const origin = {
      own: model === to.ref,
      foreign: model !== undefined && model !== to.ref,
      isOld: index < lastPrompt,
    }
    turns.push(...assistantTurns(message, resultsFor(message, messages, index), { ids, origin, to }))
  }
  const told = systems.filter((text) => !isBlank(text)).map(sendableText)
  return {
    system: told.length === 0 ? undefined : told.join('\n\n'),
    messages: alternating(turns, to) as unknown as ModelMessage[],
  }
}

interface Turn {
  role: 'user' | 'assistant' | 'tool'
  content: MessagePart[]
}

interface Origin {
  /** Made by the recipient. */
  own: boolean
  /** Certainly made by another model. */
  foreign: boolean
  /** Of an earlier prompt. */
  isOld: boolean
}

interface Context {
  ids: CallIds
  origin: Origin
  to: Recipient
}

/**
 * Providers want the user first and last. Many of those that speak OpenAI's protocol want an answer between two prompts,
 * and after results; for Anthropic's the SDK makes one message of them.
 */
function alternating(turns: readonly Turn[], to: Recipient): Turn[] {
  const out: Turn[] = []
  const say = (role: 'user' | 'assistant', text: string) =>
    out.push({ role, content: [{ type: 'text', text }] })
  for (const { role, content } of turns) {
    if (content.length === 0) continue
    const last = out.at(-1)
    if (last === undefined && role !== 'user') say('user', '(What was said before is not known.)')
    const isUnanswered = role === 'user' && last !== undefined && last.role !== 'assistant'
    if (isUnanswered && to.protocol === 'openai-compatible') say('assistant', '(There was no answer.)')
    if (role !== 'assistant' || last?.role !== role) out.push({ role, content })
    // Reasoning belongs directly before the text it led to.
    else last.content = [...last.content.filter(({ type }) => type !== 'reasoning'), ...content]
  }
  if (out.at(-1)?.role === 'assistant') say('user', 'Go on.')
  return out
}

function userParts(message: Message, to: Recipient): MessagePart[] {
  const parts = (message.parts ?? []).flatMap((part): MessagePart[] => {
    if (part.type === 'text') return textParts(part.text, part.providerOptions)
    return part.type === 'image' || part.type === 'file' ? [filePart(part, to)] : []
  })
  if (parts.length > 0) return parts
  return isBlank(message.content) ? [{ type: 'text', text: '(no text)' }] : textParts(message.content)
}

function assistantTurns(message: Message, results: ReadonlyMap<string, unknown>, context: Context): Turn[] {
  const { ids, origin, to } = context
  const stored = message.parts ?? []
  const content: MessagePart[] = []
  const answers: MessagePart[] = []
  for (const [index, part] of stored.entries()) {
    if (part.type === 'text')
      content.push(...textParts(part.text, origin.foreign ? undefined : part.providerOptions))
    if (part.type === 'reasoning' && isSentBack(part, origin, to)) content.push(onlyKnown(part, ['text']))
    if (part.type === 'file') content.push(...ownFile(part, to))
    if (part.type !== 'tool-call' && part.type !== 'tool-result') continue
    if (part.type === 'tool-result' || part.providerExecuted === true) {
      if (origin.own && to.protocol !== 'openai-compatible' && isWholePair(part, stored))
        content.push(onlyKnown(part, SERVER_CALL))
      continue
    }
    const call = String(part.toolCallId ?? '')
    const toolName = sendableName(String(part.toolName))
    const input = inputOf(part.input)
    const output = results.has(call)
      ? sendableOutput(results.get(call), to)
      : { type: 'error-text', value: MAY_HAVE_RUN }
    if (!to.tools) {
      content.push({ type: 'text', text: `[called ${toolName} with ${JSON.stringify(input)}]` })
      answers.push({ type: 'text', text: `[${toolName} gave: ${outputText(output)}]` })
      continue
    }
    // Another provider may not accept this id.
    const own = !(origin.foreign && to.protocol === 'openai-compatible')
    const toolCallId = ids.idOf(call, `${message.id} ${index} ${call}`, own)
    const options = origin.foreign ? {} : optionsOf(part.providerOptions)
    content.push({ type: 'tool-call', toolCallId, toolName, input, ...options })
    answers.push({ type: 'tool-result', toolCallId, toolName, output })
  }
  // Reasoning and the provider's own calls do not make a message, since the SDK may leave them out.
  if (!content.some(isSaid)) content.length = 0
  // A message may not end with reasoning either.
  while (content.at(-1)?.type === 'reasoning') content.pop()
  if (content.length === 0 && stored.every(({ type }) => type !== 'text'))
    content.push(...textParts(message.content))
  return [
    { role: 'assistant', content },
    { role: to.tools ? 'tool' : 'user', content: answers },
  ]
}

const isSaid = ({ providerExecuted, type }: MessagePart): boolean =>
  type === 'text' || type === 'file' || (type === 'tool-call' && providerExecuted !== true)

/** Results of a message's calls: up to the next message that calls, the first of each id. */
function resultsFor(message: Message, all: readonly Message[], index: number): ReadonlyMap<string, unknown> {
  const results = new Map<string, unknown>()
  if (!calls(message)) return results
  for (let next = index + 1; next < all.length; next++) {
    const later = all[next]!
    if (later.role === 'assistant' && calls(later)) break
    for (const part of later.role === 'tool' ? (later.parts ?? []) : []) {
      const id = String(part.toolCallId ?? '')
      if (part.type === 'tool-result' && !results.has(id)) results.set(id, part.output)
    }
  }
  return results
}

const calls = ({ parts = [] }: Message): boolean =>
  parts.some(({ providerExecuted, type }) => type === 'tool-call' && providerExecuted !== true)

/**
 * Reasoning goes back to the model that made it, with its signature. In protocols other than Anthropic's, some
 * providers refuse reasoning of earlier turns, and some require that of the current turn.
 */
function isSentBack({ providerOptions, text }: MessagePart, { isOld, own }: Origin, to: Recipient): boolean {
  if (!own || typeof text !== 'string' || text.includes(MASK) || hasMark(text) || sendableText(text) !== text)
    return false
  if (to.protocol === 'openai-compatible') return to.tools && !isOld && !isBlank(text)
  if (to.protocol === undefined) return true
  const { anthropic } = optionsOf(providerOptions).providerOptions ?? {}
  const { redactedData, signature } = (anthropic ?? {}) as { redactedData?: unknown; signature?: unknown }
  return typeof signature === 'string' || typeof redactedData === 'string'
}

/** Calls that the provider carries out itself: call and result, or neither. */
const isWholePair = ({ toolCallId }: MessagePart, parts: readonly MessagePart[]): boolean =>
  typeof toolCallId === 'string' &&
  parts.filter((one) => one.type === 'tool-call' && one.toolCallId === toolCallId).length === 1 &&
  parts.filter(
    (one) => one.type === 'tool-result' && one.toolCallId === toolCallId && isJsonObject(one.output),
  ).length === 1

const SERVER_CALL = ['toolCallId', 'toolName', 'input', 'output', 'providerExecuted']

/** A picture made by the model: the configured protocols cannot have it in an answer. */
function ownFile(part: MessagePart, to: Recipient): MessagePart[] {
  const media = mediaOf({ data: part.data, mediaType: part.mediaType, name: part.filename }, to)
  if ('note' in media) return [{ type: 'text', text: media.note }]
  const { mediaType } = media
  if (to.protocol !== undefined)
    return [{ type: 'text', text: `[${mediaType}: an answer that is not kept in text]` }]
  return [
    {
      type: 'file',
      data: 'url' in media ? media.url : media.data,
      mediaType,
      ...optionsOf(part.providerOptions),
    },
  ]
}

const textOf = ({ content, parts = [] }: Message): string =>
  content !== ''
    ? content
    : parts.flatMap(({ text, type }) => (type === 'text' && typeof text === 'string' ? [text] : [])).join('')

function textParts(text: unknown, options?: unknown): MessagePart[] {
  if (typeof text !== 'string' || isBlank(text)) return []
  return [{ type: 'text', text: sendableText(text), ...optionsOf(options) }]
}

const inputOf = (input: unknown = {}): unknown => sendable(isJsonObject(input) ? input : invalidJson(input))

/** The keys of a part that the SDK knows. */
const onlyKnown = (part: MessagePart, keys: readonly string[]): MessagePart => ({
  type: part.type,
  ...Object.fromEntries(keys.filter((key) => part[key] !== undefined).map((key) => [key, part[key]])),
  ...optionsOf(part.providerOptions),
})

/** Data that a provider wants back; left out if it is not an object of objects. */
function optionsOf(options: unknown): { providerOptions?: Record<string, unknown> } {
  const fits = isJsonObject(options) && Object.values(options).every(isJsonObject)
  return fits ? { providerOptions: options } : {}
}
