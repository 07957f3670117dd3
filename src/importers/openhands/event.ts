/**
 * Returns the meaning of an OpenHands event, of the application (`action`, `observation`) or of the software agent SDK
 * (`kind`).
 */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { MessagePart } from '../../state/index.ts'
import { chatMessage, partsOf, textOf } from '../core/lines/chat-message.ts'
import type { LineContext, Meaning } from '../core/lines/meaning.ts'
import {
  callPart,
  inputOf,
  known,
  reasoningPart,
  resultPart,
  stringAt,
  textPart,
  timeOf,
  usageOf,
} from '../core/lines/parts.ts'

export const isEvent = ({ source, action, observation, kind, timestamp }: JsonObject): boolean =>
  typeof source === 'string' &&
  ([action, observation].some((value) => typeof value === 'string') ||
    (typeof kind === 'string' && timestamp !== undefined))

export function meaningOf(event: JsonObject, context: LineContext): Meaning {
  const { id, timestamp, action, observation, kind } = event
  const type = [kind, action, observation].find((value) => typeof value === 'string' && value !== '')
  const base = known<Meaning>({
    id: typeof id === 'string' || typeof id === 'number' ? `event-${id}` : undefined,
    time: timeOf(
      typeof timestamp === 'string' && !/(?:Z|[+-]\d\d:\d\d)$/.test(timestamp) ? `${timestamp}Z` : timestamp,
    ),
    type: typeof type === 'string' ? type : 'unknown',
  })
  if (typeof kind === 'string') return { ...base, ...kindMeaning(kind, event, context) }
  if (typeof observation === 'string') return { ...base, ...observationMeaning(event, context) }
  return typeof action === 'string' ? { ...base, ...actionMeaning(action, event) } : base
}

function actionMeaning(action: string, event: JsonObject): Meaning {
  const { source, args: given, tool_call_metadata: call } = event
  const args = isJsonObject(given) ? given : {}
  const text = stringAt(args, 'content') ?? ''
  if (action === 'system') return { message: { role: 'system', content: text } }
  if (action === 'message' && source === 'user')
    return { prompt: text, message: { role: 'user', content: text } }
  if (action === 'message') return { message: { role: 'assistant', content: text } }
  if (source === 'user' || SILENT.has(action)) return {}
  const { thought, final_thought: last, ...input } = args
  const words = [thought, last].filter((one): one is string => typeof one === 'string' && one !== '')
  const id = stringAt(call, 'tool_call_id') ?? `call-${String(event.id)}`
  const said = callPart(id, stringAt(call, 'function_name') ?? action, input)
  const parts =
    action === 'finish' && last !== undefined ? words.map(textPart) : [...words.map(textPart), said]
  return known<Meaning>({
    message: {
      role: 'assistant',
      parts: parts.length === 0 ? [textPart(stringAt(event, 'message') ?? '')] : parts,
    },
    ...replyOf(call),
  })
}

/** Actions that are not part of the conversation. */
const SILENT = new Set([
  'recall',
  'change_agent_state',
  'null',
  'pause',
  'resume',
  'start',
  'stop',
  'condensation',
])

function replyOf(call: unknown): Pick<Meaning, 'usage' | 'about'> {
  const response = isJsonObject(call) && isJsonObject(call.model_response) ? call.model_response : {}
  const usage = isJsonObject(response.usage) ? response.usage : {}
  const tokens = usageOf({
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    totalTokens: usage.total_tokens,
  })
  return known<Pick<Meaning, 'usage' | 'about'>>({
    usage: tokens,
    about: known({ model: stringAt(response, 'model') }),
  })
}

function observationMeaning(event: JsonObject, { toolName }: LineContext): Meaning {
  const { observation, tool_call_metadata: call, cause, content, message } = event
  const id = stringAt(call, 'tool_call_id') ?? (typeof cause === 'number' ? `call-${cause}` : undefined)
  const tool = id === undefined ? undefined : (toolName(id) ?? stringAt(call, 'function_name'))
  if (id === undefined || tool === undefined) return {}
  const output = typeof content === 'string' ? content : message
  return { message: { role: 'tool', parts: [resultPart(id, tool, output, observation === 'error')] } }
}

function kindMeaning(kind: string, event: JsonObject, context: LineContext): Meaning {
  const { source, tool_name: named, tool_call_id: callId, thought, llm_message: said } = event
  const [id, tool] = [typeof callId === 'string' ? callId : '', typeof named === 'string' ? named : 'unknown']
  if (kind === 'SystemPromptEvent')
    return { message: { role: 'system', content: stringAt(event.system_prompt, 'text') ?? '' } }
  if (kind === 'MessageEvent' && isJsonObject(said)) {
    const message = chatMessage(said, context)
    const text = textOf(partsOf(said.content))
    return known<Meaning>({ message, prompt: source === 'user' ? text : undefined })
  }
  if (kind === 'ActionEvent') {
    const reasoning = stringAt(event, 'reasoning_content')
    const input = isJsonObject(event.action) ? event.action : inputOf(stringAt(event.tool_call, 'arguments'))
    const parts: MessagePart[] = [
      ...(reasoning === undefined ? [] : [reasoningPart(reasoning)]),
      ...partsOf(thought),
      callPart(id, tool, input),
    ]
    return { message: { role: 'assistant', parts }, joins: true }
  }
  const output =
    kind === 'ObservationEvent'
      ? event.observation
      : RESULTS.has(kind)
        ? (event.error ?? event.rejection_reason)
        : undefined
  if (output === undefined) return {}
  const content = isJsonObject(output) ? partsOf(output.content) : []
  const plain = content.length > 0 && content.every(({ type }) => type === 'text') ? textOf(content) : output
  const failed = RESULTS.has(kind) || (isJsonObject(output) && output.is_error === true)
  return { message: { role: 'tool', parts: [resultPart(id, tool, plain, failed)] } }
}

const RESULTS = new Set(['AgentErrorEvent', 'UserRejectObservation'])
