/** One call of a language model: streamed, with time limits, retries and cancellation. */
import { setTimeout } from 'node:timers/promises'
import type { LanguageModelUsage, ModelMessage, TextStreamPart, ToolSet } from 'ai'
import { beginning } from '../../excerpt.ts'
import { isJsonObject } from '../../json-value.ts'
import type { MessagePart, Usage } from '../../state/index.ts'
import { ModelError } from '../errors.ts'
import { invalidJson } from '../history/tool-input.ts'
import { MaskedDeltas } from '../secrets/masked-deltas.ts'
import type { Scrubber } from '../secrets/secrets.ts'
import { describeFailure, type Failure } from './failure.ts'
import { Cancelled, Guard, type ModelLimits } from './guard.ts'
import type { ReadyModel } from './model.ts'

export interface ModelRequest {
  model: ReadyModel
  system: string | undefined
  messages: ModelMessage[]
  /** Tools without `execute`; we carry them out. */
  tools: ToolSet
  limits: ModelLimits
  scrubber: Scrubber
  signal: AbortSignal
  onDelta(type: 'text' | 'reasoning', text: string): void
  onRetry(attempt: number, delay: number, error: ModelError): void
}

export interface ModelAnswer {
  /** The assistant message's parts, as JSON. */
  parts: MessagePart[]
  /** Text and reasoning, block by block. */
  blocks: readonly { type: 'text' | 'reasoning'; text: string }[]
  usage: Usage
  finishReason: string
}

/** Calls the model. Throws ModelError, or Cancelled once `signal` is aborted. */
export async function callModel(request: ModelRequest): Promise<ModelAnswer> {
  const { limits, model, scrubber, signal } = request
  for (let attempt = 1; ; attempt++) {
    if (signal.aborted) throw new Cancelled()
    const outcome = await tryOnce(request)
    if ('answer' in outcome) return outcome.answer
    if (signal.aborted) throw new Cancelled(scrubber.text(outcome.text))
    const failure = await describeFailure(outcome.error)
    const error = toError(failure, model.ref, attempt, scrubber)
    const delay = failure.retryAfter ?? backoff(attempt, limits)
    if (!failure.retryable || attempt >= limits.attempts || delay > limits.maxDelay) throw error
    request.onRetry(attempt + 1, delay, error)
    // The next attempt ends at once if the call was cancelled.
    await setTimeout(delay, undefined, { signal }).catch(() => undefined)
  }
}

/** The SDK prints its warnings unless told otherwise. A library does not print; a host that wants them says so. */
async function loadSdk(): Promise<typeof import('ai')> {
  ;(globalThis as { AI_SDK_LOG_WARNINGS?: unknown }).AI_SDK_LOG_WARNINGS ??= false
  return import('ai')
}

type Outcome = { answer: ModelAnswer } | { error: unknown; text: string }

async function tryOnce(request: ModelRequest): Promise<Outcome> {
  const { limits, model, scrubber, signal } = request
  const { stepCountIs, streamText } = await loadSdk()
  const guard = new Guard(limits, signal)
  const blocks: { type: 'text' | 'reasoning'; text: string }[] = []
  const deltas = new MaskedDeltas(scrubber, request.onDelta)
  const textSoFar = () => blocks.flatMap(({ type, text }) => (type === 'text' ? [text] : [])).join('')
  try {
    const { messages } = request
    const result = streamText({
      model: model.model,
      messages,
      abortSignal: guard.signal,
      maxRetries: 0,
      stopWhen: stepCountIs(1),
      // The stream reports errors; without this the SDK prints them.
      onError: () => {},
      system: request.system,
      tools: Object.keys(request.tools).length === 0 ? undefined : request.tools,
      maxOutputTokens: model.maxOutputTokens,
      temperature: model.temperature,
    })
    const reader = result.fullStream.getReader()
    guard.onStop = () => void reader.cancel().catch(() => {})
    let end: Extract<TextStreamPart<ToolSet>, { type: 'finish-step' }> | undefined
    // Arguments as the model wrote them: the SDK's message has `{}` for arguments that are not JSON.
    const inputs: unknown[] = []
    const open = new Map<string, { type: 'text' | 'reasoning'; text: string }>()
    for (;;) {
      const { done, value: part } = await guard.race(reader.read())
      if (done) break
      guard.touch()
      if (part.type === 'error') throw part.error
      if (part.type === 'abort') throw guard.reason ?? new Cancelled()
      if (part.type === 'finish-step') end = part
      if (part.type === 'text-start' || part.type === 'reasoning-start') {
        const block = {
          type: part.type === 'text-start' ? ('text' as const) : ('reasoning' as const),
          text: '',
        }
        blocks.push(block)
        open.set(`${block.type} ${part.id}`, block)
      }
      if (part.type === 'text-delta' || part.type === 'reasoning-delta') {
        const type = part.type === 'text-delta' ? 'text' : 'reasoning'
        guard.count(part.text.length)
        const block = open.get(`${type} ${part.id}`)
        if (block !== undefined) block.text += part.text
        deltas.push(type, part.text)
      }
      if (part.type === 'tool-call') inputs.push(part.input)
      if (part.type === 'tool-input-delta') guard.count(part.delta.length)
    }
    if (
      end === undefined ||
      (model.configured && end.finishReason === 'other' && end.rawFinishReason === undefined)
    ) {
      throw new CutOff()
    }
    const { messages: answered } = await guard.race(result.response)
    deltas.end()
    const message = answered.find(({ role }) => role === 'assistant')
    return {
      answer: {
        parts: scrubber.value(partsOf(message, inputs)),
        blocks: scrubber.value(blocks.filter(({ text }) => text !== '')),
        usage: usageOf(end.usage),
        finishReason: end.finishReason,
      },
    }
  } catch (error) {
    // Output before a retry does not count; output before a cancel does.
    if (signal.aborted) deltas.end()
    return { error: guard.reason ?? error, text: textSoFar() }
  } finally {
    guard.stop()
  }
}

/** The stream ended without a reason. */
class CutOff extends Error {
  readonly code = 'ECONNRESET'

  constructor() {
    super('the answer ended in the middle')
  }
}

function toError(failure: Failure, model: string, attempts: number, scrubber: Scrubber): ModelError {
  const { reason, status, retryAfter } = failure
  const text = beginning(scrubber.text(failure.message), SHOWN)
  const data = { reason, model, attempts, status, retryAfter }
  const times = attempts === 1 ? '' : ` (asked ${attempts} times)`
  return new ModelError(data, `The model ${model} ${HINTS[reason]}${times}: ${text}`)
}

/** Most characters of a provider's text that an error shows. */
const SHOWN = 1000

const HINTS: Readonly<Record<ModelError['reason'], string>> = {
  refused: 'refused the request',
  unavailable: 'is not available',
  dropped: 'stopped in the middle of its answer',
  timeout: 'took too long',
  endless: 'did not stop',
  invalid: 'gave an answer that is not valid',
}

function backoff(attempt: number, { baseDelay, maxDelay }: ModelLimits): number {
  const delay = Math.min(maxDelay, baseDelay * 2 ** (attempt - 1))
  // Jitter, so that many clients that failed together do not retry together.
  return Math.round(delay * (0.75 + Math.random() / 4))
}

/** As JSON, with each tool call's id unique within the message and its input an object. */
function partsOf(message: { content: unknown } | undefined, inputs: readonly unknown[]): MessagePart[] {
  const content = message?.content ?? []
  const parts: MessagePart[] =
    typeof content === 'string'
      ? [{ type: 'text', text: content }]
      : JSON.parse(JSON.stringify(content, binary))
  const seen = new Set<string>()
  let calls = 0
  return parts
    .filter((part) => part.type !== 'text' || part.text !== '')
    .map((part) => {
      if (part.type !== 'tool-call') return part
      let id = String(part.toolCallId ?? '') || `call-${seen.size + 1}`
      while (seen.has(id)) id += '-2'
      seen.add(id)
      const input = inputs[calls++] ?? part.input
      return {
        ...part,
        toolCallId: id,
        toolName: safeName(String(part.toolName)),
        input: isJsonObject(input) ? part.input : invalidJson(input),
      }
    })
}

/** Providers look names up in plain objects, and fail for names that every object has. */
const safeName = (name: string): string => (name in Object.prototype ? `${name}_` : name)

const binary = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value

function usageOf(usage: LanguageModelUsage): Usage {
  const { inputTokens, outputTokens, totalTokens, inputTokenDetails, outputTokenDetails } = usage
  const counts = {
    inputTokens,
    outputTokens,
    totalTokens: totalTokens ?? sum(inputTokens, outputTokens),
    reasoningTokens: outputTokenDetails?.reasoningTokens,
    cachedInputTokens: inputTokenDetails?.cacheReadTokens,
  }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => Number.isFinite(count)))
}

const sum = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0)
