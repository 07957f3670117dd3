/** Classifies an error of a model call: whether a retry helps, and after how long. */
import type { ModelErrorReason } from '../errors.ts'

export interface Failure {
  reason: ModelErrorReason
  message: string
  retryable: boolean
  status: number | undefined
  /** Milliseconds. */
  retryAfter: number | undefined
}

export class OutOfTime extends Error {
  constructor(which: 'step' | 'idle', ms: number) {
    super(which === 'idle' ? `nothing arrived for ${ms} ms` : `the step did not finish within ${ms} ms`)
  }
}

export class TooMuch extends Error {
  constructor(characters: number) {
    super(`the answer was longer than ${characters} characters`)
  }
}

export async function describeFailure(error: unknown): Promise<Failure> {
  const { AISDKError, APICallError, EmptyResponseBodyError, InvalidResponseDataError, JSONParseError } =
    await import('ai')
  const base = { message: textOf(error), status: undefined, retryAfter: undefined }
  if (error instanceof OutOfTime) return { ...base, reason: 'timeout', retryable: true }
  if (error instanceof TooMuch) return { ...base, reason: 'endless', retryable: false }
  if (APICallError.isInstance(error)) {
    const { statusCode: status, isRetryable, responseHeaders } = error
    const retryAfter = retryAfterOf(responseHeaders ?? {})
    if (status !== undefined && status >= 200 && status < 300) {
      if (isConnectionError(error)) return { ...base, reason: 'dropped', retryable: true }
      return { ...base, reason: 'invalid', retryable: true, status }
    }
    const retryable = isRetryable || (status !== undefined && status >= 500)
    const reason = retryable || status === undefined ? 'unavailable' : 'refused'
    return { ...base, reason, retryable, status, retryAfter }
  }
  if (isConnectionError(error)) return { ...base, reason: 'dropped', retryable: true }
  const noAnswer = [EmptyResponseBodyError, InvalidResponseDataError, JSONParseError]
  if (noAnswer.some((type) => type.isInstance(error))) return { ...base, reason: 'invalid', retryable: true }
  if (AISDKError.isInstance(error) || error instanceof Error) {
    return { ...base, reason: 'invalid', retryable: false }
  }
  // An error that the provider sent as data in the stream: overloaded, out of memory, restarted.
  return { ...base, reason: 'unavailable', retryable: true }
}

function isConnectionError(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    const { code } = cause as { code?: unknown }
    if (typeof code === 'string' && /^(?:UND_ERR_|E[A-Z]{3,}$|ERR_STREAM_PREMATURE)/.test(code)) return true
  }
  return false
}

function textOf(error: unknown): string {
  if (error instanceof Error) {
    const body = (error as { responseBody?: unknown }).responseBody
    const more = typeof body === 'string' && body !== '' && !body.includes(error.message) ? ` ${body}` : ''
    const { cause } = error
    const why = cause instanceof Error && !error.message.includes(cause.message) ? ` (${cause.message})` : ''
    return `${error.message}${why}${more}`
  }
  if (typeof error === 'object' && error !== null) {
    const { message } = error as { message?: unknown }
    if (typeof message === 'string') return message
  }
  return typeof error === 'string' ? error : (JSON.stringify(error) ?? String(error))
}

function retryAfterOf(headers: Readonly<Record<string, string>>): number | undefined {
  const find = (name: string) => Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
  const ms = Number.parseFloat(find('retry-after-ms') ?? '')
  if (Number.isFinite(ms) && ms >= 0) return ms
  const text = find('retry-after')
  if (text === undefined) return undefined
  const seconds = Number(text)
  if (text.trim() !== '' && Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}
