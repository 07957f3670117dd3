/**
 * Makes content parts of the AI SDK's `ModelMessage` from the fields of tools' entries. Any field may be missing or
 * have an unexpected value.
 */
import { isJsonObject, type JsonObject } from '../../../json-value.ts'
import type { MessagePart } from '../../../state/index.ts'

export const textPart = (text: string): MessagePart => ({ type: 'text', text })

export const reasoningPart = (text: string): MessagePart => ({ type: 'reasoning', text })

export const callPart = (toolCallId: string, toolName: string, input: unknown): MessagePart => ({
  type: 'tool-call',
  toolCallId,
  toolName,
  input: input ?? {},
})

/** @param output text, content parts, or any other value */
export const resultPart = (
  toolCallId: string,
  toolName: string,
  output: unknown,
  failed = false,
): MessagePart => ({ type: 'tool-result', toolCallId, toolName, output: outputOf(output, failed) })

function outputOf(output: unknown, failed: boolean): JsonObject {
  if (output === undefined || output === null) return { type: failed ? 'error-text' : 'text', value: '' }
  if (typeof output === 'string') return { type: failed ? 'error-text' : 'text', value: output }
  if (!failed && Array.isArray(output) && output.every(isContentItem))
    return { type: 'content', value: output }
  return { type: failed ? 'error-json' : 'json', value: output }
}

const isContentItem = (item: unknown): boolean =>
  isJsonObject(item) && ((item.type === 'text' && typeof item.text === 'string') || item.type === 'media')

/** Makes an image part of a URL. Takes the data out of a base64 `data:` URL. */
export function imagePart(url: string): MessagePart {
  const data = /^data:([^;,]+);base64,/.exec(url)
  return data === null
    ? { type: 'image', image: url }
    : { type: 'image', image: url.slice(data[0].length), mediaType: data[1] }
}

/** Parses the arguments of a call, which a model wrote as JSON text. Returns the text itself if it is not an object. */
export function inputOf(text: unknown): unknown {
  if (typeof text !== 'string') return text ?? {}
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : text
  } catch {
    return text
  }
}

/** Returns the string under `key`; `undefined` for anything else and for an empty string. */
export function stringAt(value: unknown, key: string): string | undefined {
  const found = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** Converts ISO 8601 text, or a number of seconds or milliseconds, to milliseconds. */
export function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : value
  if (typeof time !== 'number' || !Number.isFinite(time) || time <= 0) return undefined
  return typeof value === 'number' && value < 1e11 ? value * 1000 : time
}

/** Returns the object without the keys whose value is `undefined`. */
export function known<T extends object>(value: { [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T
}

/** Returns the counts that are positive numbers; `undefined` if there are none. */
export function usageOf(counts: Readonly<Record<string, unknown>>): Record<string, number> | undefined {
  const found = Object.entries(counts).filter(
    (entry): entry is [string, number] =>
      typeof entry[1] === 'number' && entry[1] > 0 && Number.isFinite(entry[1]),
  )
  return found.length === 0 ? undefined : Object.fromEntries(found)
}
