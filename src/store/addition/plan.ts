/** What an addition changes in a state, found out without holding the whole state. */

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

/** An addition whose shape is right. */
export interface ParsedAddition {
  /** Only collections that get at least one item. */
  items: ReadonlyMap<string, readonly unknown[]>
  set: JsonObject
  unset: readonly string[]
}

/** What a plan needs to know of the state that is added to. */
export interface Existing {
  /** How many items the collection has. */
  count(collection: string): number
  /** The item with this id. Of a run, `events` may be left out of `item`. */
  find(collection: string, id: string): FoundItem | undefined
  /** The top-level values that are no collections. */
  fields: JsonObject
}

export interface FoundItem {
  index: number
  item: unknown
  /** Of a run: how many events it has, and the sequence of the last. */
  events?: EventCount
}

/** What changes, and nothing else: what would leave the state as it is does not appear. */
export interface AdditionPlan {
  /** In the order of the addition; new items of a collection count on from its size. */
  items: readonly PlannedItem[]
  runs: readonly PlannedRun[]
  set: JsonObject
  unset: readonly string[]
}

export interface PlannedItem {
  collection: string
  index: number
  item: unknown
  /** Whether the item takes the place of one with the same id. Needs a position. */
  replaces: boolean
}

/** What the addition changes. Throws InvalidStateError for events of a run that do not follow on. */
export function planAddition(parsed: ParsedAddition, existing: Existing): AdditionPlan {
  const items: PlannedItem[] = []
  const runs: PlannedRun[] = []
  for (const [collection, incoming] of parsed.items) {
    let next = existing.count(collection)
    for (const item of incoming) {
      const id = idOf(item)
      const found = id === undefined ? undefined : existing.find(collection, id)
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

/** The plan that also moves `updatedAt`, unless it does already. */
export const touch = (plan: AdditionPlan, at: string): AdditionPlan =>
  Object.hasOwn(plan.set, 'updatedAt') || plan.unset.includes('updatedAt')
    ? plan
    : { ...plan, set: { ...plan.set, updatedAt: at } }

/** The state with the plan carried out. What did not change is shared with `state`, which stays as it is. */
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

/** What a plan needs to know, of a state that is all there. */
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

/** The id by which an item is known: a string under `id`. */
export function idOf(item: unknown): string | undefined {
  const id = isJsonObject(item) ? item.id : undefined
  return typeof id === 'string' ? id : undefined
}

const own = (value: unknown) => ({ value, writable: true, enumerable: true, configurable: true })

const isSame = (fields: JsonObject, key: string, value: unknown): boolean =>
  Object.hasOwn(fields, key) && deepEqual(fields[key], value)
