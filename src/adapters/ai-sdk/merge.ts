/**
 * What one value and another one of the same thing become. Both are states of one stream, or of a thing that a tab has
 * changed since; each is marked with what it shows of which came later. Plain functions, values to values.
 */
import { fromEntries, isJsonObject, type JsonObject } from '../../json-value.ts'
import { isSame, ownValue } from './stored-message.ts'

/** Which of two values that do not show their order is taken. */
export type Preferred = 'stored' | 'given'

export interface Merged<T> {
  value: T
  /** Whether what was given has something that what is stored has not. */
  newer: boolean
  /** Whether it is more of a stream, which a tab cannot make itself. */
  grown: boolean
  /** Whether what is stored has something, of a stream, that what was given has not. */
  older: boolean
  /** Whether they differ in something that does not show which is the later one. */
  open: boolean
}

/** They are the same, or what was given lacks what says nothing of its age. */
export const kept = <T>(value: T): Merged<T> => ({
  value,
  newer: false,
  grown: false,
  older: false,
  open: false,
})

export const taken = <T>(value: T, grown = false): Merged<T> => ({ ...kept(value), newer: true, grown })

export const passed = <T>(value: T): Merged<T> => ({ ...kept(value), older: true })

/** One replaces the other, and neither shows which came first. */
export const openOf = <T>(stored: T, given: T, preferred: Preferred): Merged<T> => ({
  ...kept(preferred === 'given' ? given : stored),
  open: true,
})

/** Both marks, for a value made of both. */
export const both = <T>(value: T, a: Merged<unknown>, b: Merged<unknown>): Merged<T> => ({
  value,
  newer: a.newer || b.newer,
  grown: a.grown || b.grown,
  older: a.older || b.older,
  open: a.open || b.open,
})

/**
 * Objects key by key: what only one of them has stays, since a field is never taken away, but may be left out by
 * validation. `undefined`: they cannot be one thing.
 *
 * @param merge of the keys that both have, and in which they differ; `undefined` for what must not differ
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

/** Metadata of a message, which the AI SDK merges key by key, however deep. */
export function mergeMetadata(stored: unknown, given: unknown, preferred: Preferred): Merged<unknown> {
  if (!isJsonObject(stored) || !isJsonObject(given)) return openOf(stored, given, preferred)
  return mergeFields(stored, given, (_, a, b) => mergeMetadata(a, b, preferred))!
}
