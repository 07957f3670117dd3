/** Stored messages, and when two of them are equal. Pure functions. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'

/** A stored message: any JSON object with these fields. */
export interface StoredMessage {
  readonly id: string
  readonly role: string
  readonly parts: readonly unknown[]
  readonly [key: string]: unknown
}

/** Whether two values are the same JSON. The order of keys and the sign of zero, which clients lose, do not matter. */
export const isSame = (a: unknown, b: unknown): boolean => isSameAtOnce(a, b) || isSameAnyhow(a, b)

/**
 * Whether two values are certainly the same JSON, found in one pass, because a save compares a whole list that hardly
 * ever differs. `false` does not prove the contrary.
 */
function isSameAtOnce(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let n = 0; n < a.length; n++) if (!isSameAtOnce(a[n], b[n])) return false
    return true
  }
  if (Array.isArray(b) || !isJsonObject(a) || !isJsonObject(b)) return false
  let more = 0
  for (const key in a) {
    const value = a[key]
    // Of a prototype's keys only this one can be an object.
    if (value === undefined || key === '__proto__' || !isSameAtOnce(value, b[key])) return false
    more++
  }
  for (const _ in b) more--
  return more === 0
}

function isSameAnyhow(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isSameAnyhow(item, b[index]))
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false
  for (const key in a) if (!isSameAnyhow(a[key], ownValue(b, key))) return false
  for (const key in b) if (b[key] !== undefined && ownValue(a, key) === undefined) return false
  return true
}

/**
 * Whether `given` is `stored`, perhaps with fields missing: `validateUIMessages` omits what its schemas do not know,
 * and returns calls of removed tools as `dynamic-tool`.
 */
export function isTrimmed(given: unknown, stored: unknown): boolean {
  if (given === stored) return true
  if (Array.isArray(given)) {
    if (!Array.isArray(stored) || given.length !== stored.length) return false
    return given.every((item, index) => isTrimmed(item, stored[index]))
  }
  if (!isJsonObject(given) || !isJsonObject(stored)) return false
  for (const key in given) {
    const value = given[key]
    if (value === undefined || !Object.hasOwn(given, key)) continue
    if (Object.hasOwn(stored, key) && isTrimmed(value, stored[key])) continue
    if (!CALL_KEYS.has(key) || !isDynamicFormOf(given, stored)) return false
  }
  return true
}

/** The keys in which a call of a removed tool differs from the stored one. */
export const CALL_KEYS: ReadonlySet<string> = new Set(['type', 'toolName', 'dynamic'])

/** Whether a part is the stored call of a tool in its `dynamic-tool` form. */
export const isDynamicFormOf = ({ type, toolName, toolCallId }: JsonObject, stored: JsonObject): boolean =>
  type === 'dynamic-tool' && stored.toolCallId === toolCallId && stored.type === `tool-${toolName}`

/** The value of an own key; keys of a prototype do not count. */
export const ownValue = (object: JsonObject, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined
