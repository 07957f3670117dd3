/** Plans what an addition changes in a state, without holding the whole state. */

import { EncodedItem } from '../../codec/index.ts'
import { deepEqual, isJsonObject, type JsonObject, without } from '../../json-value.ts'
import {
  applyMerge,
  checkSequence,
  countEvents,
  type EventCount,
  type PlannedRun,
  planMerge,
  RUNS,
} from './runs.ts'

/** An addition whose shape was checked. */
export interface ParsedAddition {
  /** Only collections that get at least one item. */
  items: ReadonlyMap<string, readonly unknown[]>
  set: JsonObject
  unset: readonly string[]
}

/** What a plan needs to know about the existing state. */
export interface Existing {
  /** How many items the collection has. */
  count(collection: string): number
  /** The item with this id. If it is a run, `item` may lack `events`. */
  find(collection: string, id: string): FoundItem | undefined
  /** The top-level values that are not collections. */
  fields: JsonObject
}

export interface FoundItem {
  index: number
  item: unknown
  /** Of a run: how many events it has, and the last sequence number. */
  events?: EventCount
}

/** The changes that an addition makes. Parts that would change nothing are left out. */
export interface AdditionPlan {
  /** In the order of the addition. New items get the next indexes of their collection. */
  items: readonly PlannedItem[]
  runs: readonly PlannedRun[]
  set: JsonObject
  unset: readonly string[]
}

export interface PlannedItem {
  collection: string
  index: number
  item: unknown
  /** Whether the item replaces one with the same id. This needs a position. */
  replaces: boolean
}

/**
 * Returns what the addition changes. Throws InvalidStateError if a run's events do not have the next sequence numbers.
 */
export function planAddition(parsed: ParsedAddition, existing: Existing): AdditionPlan {
  const items: PlannedItem[] = []
  const runs: PlannedRun[] = []
  for (const [collection, incoming] of parsed.items) {
    let next = existing.count(collection)
    for (const given of incoming) {
      const id = idOf(given)
      const found = id === undefined ? undefined : existing.find(collection, id)
      const fits = found === undefined && (given as Partial<EncodedItem>).index === next
      const item = given instanceof EncodedItem && !fits ? given.value : given
      if (found !== undefined && collection === RUNS && isJsonObject(item) && isJsonObject(found.item)) {
        const merge = planMerge(found.index, found.item, found.events ?? countEvents(found.item), item)
        if (merge !== undefined) runs.push(merge)
        continue
      }
      if (collection === RUNS && isJsonObject(item)) checkSequence(item, next)
      const index = found?.index ?? next++
      if (found === undefined || !deepEqual(item, found.item)) {
        items.push({ collection, index, item, replaces: found !== undefined })
      }
    }
  }
  const set = Object.entries(parsed.set).filter(
    ([key, value]) => value !== undefined && !isSame(existing.fields, key, value),
  )
  return {
    items,
    runs,
    set: Object.fromEntries(set),
    unset: parsed.unset.filter((key) => Object.hasOwn(existing.fields, key)),
  }
}

/** Whether nothing changes, or nothing but `updatedAt`. */
export const isEmptyPlan = (plan: AdditionPlan): boolean =>
  plan.items.length === 0 &&
  plan.runs.length === 0 &&
  Object.keys(plan.set).every((key) => key === 'updatedAt') &&
  plan.unset.every((key) => key === 'updatedAt')

/** Returns a plan that also sets `updatedAt`, unless the plan already sets or removes it. */
export const touch = (plan: AdditionPlan, at: string): AdditionPlan =>
  Object.hasOwn(plan.set, 'updatedAt') || plan.unset.includes('updatedAt')
    ? plan
    : { ...plan, set: { ...plan.set, updatedAt: at } }

/** Returns the state after the plan. It shares unchanged values with `state`, which is not changed. */
export function applyPlan(state: JsonObject, plan: AdditionPlan): Record<string, unknown> {
  const next: Record<string, unknown> = { ...without(state, new Set(plan.unset)), ...plan.set }
  const copies = new Map<string, unknown[]>()
  const editable = (collection: string): unknown[] => {
    const copy = copies.get(collection) ?? [...((state[collection] as unknown[] | undefined) ?? [])]
    copies.set(collection, copy)
    return copy
  }
  for (const { collection, index, item } of plan.items) editable(collection)[index] = item
  for (const merge of plan.runs) {
    const list = editable(RUNS)
    list[merge.index] = applyMerge(list[merge.index] as JsonObject, merge)
  }
  for (const [collection, list] of copies) Object.defineProperty(next, collection, own(list))
  return next
}

/** Returns what a plan needs to know about a state, from the whole state. */
export function existingIn(state: JsonObject, collections: readonly string[]): Existing {
  const listOf = (collection: string) => (state[collection] as readonly unknown[] | undefined) ?? []
  return {
    fields: without(state, new Set(collections)),
    count: (collection) => listOf(collection).length,
    find(collection, id) {
      const index = listOf(collection).findIndex((item) => idOf(item) === id)
      if (index === -1) return undefined
      const item = listOf(collection)[index]
      return { index, item, events: countEvents(item) }
    },
  }
}

/** Returns the item's id: its `id`, if that is a string. */
export function idOf(item: unknown): string | undefined {
  const id = isJsonObject(item) || item instanceof EncodedItem ? item.id : undefined
  return typeof id === 'string' ? id : undefined
}

const own = (value: unknown) => ({ value, writable: true, enumerable: true, configurable: true })

const isSame = (fields: JsonObject, key: string, value: unknown): boolean =>
  Object.hasOwn(fields, key) && deepEqual(fields[key], value)
