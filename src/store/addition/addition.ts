/**
 * Parses and copies what `append` is given. `plan.ts` decides what it changes; a store that does not hold the whole
 * state looks up only the few items that the addition names.
 */
import { EncodedItem, writeJson } from '../../codec/index.ts'
import { InvalidStateError, type StateIssue } from '../../errors.ts'
import { deepCopy, fromEntries, isJsonObject, isOrdinary } from '../../json-value.ts'
import type { Addition } from '../session-store.ts'
import { idOf, type ParsedAddition } from './plan.ts'

const FIXED = new Set(['id', 'type', 'schemaVersion'])

/**
 * Checks the shape of an addition. Throws TypeError for a key that is not a collection of the store, and
 * InvalidStateError for an id that occurs twice and for keys that `set` or `unset` must not contain.
 */
export function parseAddition(addition: Addition, collections: readonly string[]): ParsedAddition {
  if (!isJsonObject(addition)) throw new TypeError('An addition has to be an object')
  const issues: StateIssue[] = []
  const items = new Map<string, readonly unknown[]>()
  for (const [key, value] of Object.entries(addition)) {
    if (key === 'set' || key === 'unset' || value === undefined) continue
    if (!collections.includes(key)) {
      throw new TypeError(
        `'${key}' is not a collection of this store (${collections.join(', ')}); other keys go into 'set'`,
      )
    }
    if (!Array.isArray(value)) throw new TypeError(`'${key}' of an addition has to be an array`)
    issues.push(...repeatedIds(key, value))
    if (value.length > 0) items.set(key, value)
  }
  const { set = {}, unset = [] } = addition
  if (!isJsonObject(set)) throw new TypeError("'set' of an addition has to be an object")
  if (!Array.isArray(unset) || unset.some((key) => typeof key !== 'string')) {
    throw new TypeError("'unset' of an addition has to be an array of keys")
  }
  for (const key of [...Object.keys(set), ...unset]) {
    const problem = fieldProblem(key, collections)
    if (problem !== undefined) issues.push({ path: [key], message: problem })
  }
  for (const key of unset) {
    if (Object.hasOwn(set, key)) issues.push({ path: [key], message: 'is both set and unset' })
  }
  if (issues.length > 0) throw new InvalidStateError(issues)
  return { items, set, unset: [...new Set<string>(unset)] }
}

/** Returns a copy that shares nothing with the original. Throws InvalidStateError for what JSON cannot express. */
export function copyAddition({ items, set, unset }: ParsedAddition): ParsedAddition {
  const copies = [...items].map(([collection, list]) => {
    // What was encoded ahead is nobody else's.
    const isEncoded = list.every((item) => item instanceof EncodedItem)
    return [collection, isEncoded ? list : copyOf(list, collection)] as const
  })
  const values = Object.entries(set)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, copyOf(value, key)] as const)
  return { items: new Map(copies), set: fromEntries(values), unset }
}

/** `writeJson` throws an error that names the invalid value and its path. Ordinary values do not need this check. */
function copyOf<T>(value: T, key: string): T {
  if (!isOrdinary(value)) writeJson(value, { path: [key] })
  return deepCopy(value)
}

function repeatedIds(collection: string, items: readonly unknown[]): StateIssue[] {
  const seen = new Set<string>()
  return items.flatMap((item, index) => {
    const id = idOf(item)
    if (id === undefined) return []
    const repeated = seen.has(id)
    seen.add(id)
    return repeated
      ? [{ path: [collection, index, 'id'], message: `'${id}' appears twice in this addition` }]
      : []
  })
}

function fieldProblem(key: string, collections: readonly string[]): string | undefined {
  if (collections.includes(key)) return "is a collection: pass its items next to 'set'; they cannot be unset"
  return FIXED.has(key) ? 'never changes' : undefined
}
