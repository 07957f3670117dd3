/** Reads fields of foreign JSON. A value of another type counts as absent. */
import { isJsonObject, type JsonObject } from '../json-value.ts'

export const isText = (value: unknown): value is string => typeof value === 'string'

/** Returns the text; `''` for anything else. */
export const textOf = (value: unknown): string => (isText(value) ? value : '')

/** Returns the first non-empty text. */
export function textAmong(...values: readonly unknown[]): string | undefined {
  for (const value of values) if (isText(value) && value !== '') return value
  return undefined
}

export const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined

/** Returns the object; an empty one for anything else. */
export const objectOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})

/** Returns the array; an empty one for anything else. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** Parses a JSON text; anything else is returned unchanged. */
export function parsedText(text: unknown): unknown {
  try {
    return isText(text) ? JSON.parse(text) : text
  } catch {
    return text
  }
}
