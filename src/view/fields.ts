/** Fields of JSON that others wrote: what is not of the kind that is asked for counts as absent. */
import { isJsonObject, type JsonObject } from '../json-value.ts'

export const isText = (value: unknown): value is string => typeof value === 'string'

/** The text; anything else is `''`. */
export const textOf = (value: unknown): string => (isText(value) ? value : '')

/** The first of these that is a text and not empty. */
export function textAmong(...values: readonly unknown[]): string | undefined {
  for (const value of values) if (isText(value) && value !== '') return value
  return undefined
}

export const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined

/** The object; anything else is an empty one. */
export const objectOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})

/** The array; anything else is an empty one. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The value of a JSON text; what is no JSON stays as it is. */
export function parsedText(text: unknown): unknown {
  try {
    return isText(text) ? JSON.parse(text) : text
  } catch {
    return text
  }
}
