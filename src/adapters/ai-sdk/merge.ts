/**
 * Merges two values of the same thing: two states of one stream, or a value that a tab has changed since. Marks say
 * which value shows itself to be the later one. Pure functions.
 */
import { fromEntries, isJsonObject, type JsonObject } from '../../json-value.ts'
import { isSame, ownValue } from './stored-message.ts'

/** Which value is taken if neither shows which is later. */
export type Preferred = 'stored' | 'given'

export interface Merged<T> {
  value: T
  /** Whether the given value has something that the stored one lacks. */
  newer: boolean
  /** Whether that is more of a stream, which a tab cannot make itself. */
  grown: boolean
  /** Whether the stored value has more of a stream than the given one. */
  older: boolean
  /** Whether they differ in a way that does not show which is later. */
  open: boolean
}

/** They are equal, or the given value lacks only what says nothing about its age. */
export const kept = <T>(value: T): Merged<T> => ({
  value,
  newer: false,
  grown: false,
  older: false,
  open: false,
})

export const taken = <T>(value: T, grown = false): Merged<T> => ({ ...kept(value), newer: true, grown })

export const passed = <T>(value: T): Merged<T> => ({ ...kept(value), older: true })

/** One replaces the other, and neither shows which is later. */
export const openOf = <T>(stored: T, given: T, preferred: Preferred): Merged<T> => ({
  ...kept(preferred === 'given' ? given : stored),
  open: true,
})

/** Combines the marks of two parts of a value. */
export const both = <T>(value: T, a: Merged<unknown>, b: Merged<unknown>): Merged<T> => ({
  value,
  newer: a.newer || b.newer,
  grown: a.grown || b.grown,
  older: a.older || b.older,
  open: a.open || b.open,
})

/**
 * Merges objects key by key. A key that only one has stays, since fields are never removed, but validation may omit
 * them. `undefined`: they are not states of one thing.
 *
 * @param merge merges the keys that both have with different values; `undefined` if they must not differ
 */
export function mergeFields(
  stored: JsonObject,
  given: JsonObject,
  merge: (key: string, stored: unknown, given: unknown) => Merged<unknown> | undefined,
): Merged<JsonObject> | undefined {
  let all: Merged<unknown> = kept(undefined)
  const entries = new Map(Object.entries(stored))
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue
    const before = ownValue(stored, key)
    if (isSame(before, value)) continue
    const merged = before === undefined ? taken(value) : merge(key, before, value)
    if (merged === undefined) return undefined
    entries.set(key, merged.value)
    all = both(undefined, all, merged)
  }
  return { ...all, value: fromEntries(entries) }
}

/** Metadata of a message, which the AI SDK merges key by key at any depth. */
export function mergeMetadata(stored: unknown, given: unknown, preferred: Preferred): Merged<unknown> {
  if (!isJsonObject(stored) || !isJsonObject(given)) return openOf(stored, given, preferred)
  return mergeFields(stored, given, (_, a, b) => mergeMetadata(a, b, preferred))!
}
