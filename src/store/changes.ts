/** What a new checkpoint changes, as needed for its subject and its trailers. */

import { deepEqual, type JsonObject } from '../json-value.ts'
import { type AdditionPlan, type Existing, idOf } from './addition/plan.ts'
import { RUNS } from './addition/runs.ts'

export interface Changes {
  /** Whether this is the first checkpoint of its line. */
  first: boolean
  /** New items of the first collection: those after the `from` earlier ones. */
  added: readonly unknown[]
  /** How many items the first collection had before. */
  from: number
  /** Top-level keys, except collections and `updatedAt`, that were added, changed or removed; sorted. */
  fields: readonly string[]
  /** Id of the last run, by index, that was added or changed. */
  run: string | undefined
  /** Names of the collections with a change, in the store's order. */
  collections: readonly string[]
}

/** Returns what differs between two whole states. `before` is `undefined` for the first checkpoint of a line. */
export function changesBetween(
  before: JsonObject | undefined,
  after: JsonObject,
  collections: readonly string[],
): Changes {
  const differs = (collection: string) => !deepEqual(listOf(before, collection), listOf(after, collection))
  const keys = new Set([...Object.keys(before ?? {}), ...Object.keys(after)])
  const first = collections[0] ?? ''
  const from = listOf(before, first).length
  return {
    first: before === undefined,
    added: listOf(after, first).slice(from),
    from,
    fields: [...keys].filter((key) => isField(key, collections) && !sameField(before, after, key)).sort(),
    run: collections.includes(RUNS) ? lastChangedRun(listOf(before, RUNS), listOf(after, RUNS)) : undefined,
    collections: collections.filter(differs),
  }
}

/** Returns what a plan changes: the same as `changesBetween` for the states before and after it. */
export function changesOfPlan(
  plan: AdditionPlan,
  existing: Existing,
  collections: readonly string[],
): Changes {
  const first = collections[0] ?? ''
  const touched = new Set(plan.items.map(({ collection }) => collection))
  if (plan.runs.length > 0) touched.add(RUNS)
  const runs = [
    ...plan.items.filter(({ collection }) => collection === RUNS).map(({ index, item }) => ({ index, item })),
    ...plan.runs.map(({ index, run }) => ({ index, item: run })),
  ]
  const last = runs.reduce<(typeof runs)[number] | undefined>(
    (found, one) => (found === undefined || one.index > found.index ? one : found),
    undefined,
  )
  return {
    first: false,
    added: plan.items
      .filter(({ collection, replaces }) => collection === first && !replaces)
      .map(({ item }) => item),
    from: existing.count(first),
    fields: [...Object.keys(plan.set), ...plan.unset].filter((key) => isField(key, collections)).sort(),
    run: idOf(last?.item),
    collections: collections.filter((collection) => touched.has(collection)),
  }
}

/** Whether nothing changed, apart from `updatedAt`. */
export const isUnchanged = (changes: Changes): boolean =>
  !changes.first && changes.fields.length === 0 && changes.collections.length === 0

const isField = (key: string, collections: readonly string[]): boolean =>
  key !== 'updatedAt' && !collections.includes(key)

const listOf = (state: JsonObject | undefined, collection: string): readonly unknown[] =>
  state !== undefined && Array.isArray(state[collection]) ? state[collection] : []

const sameField = (before: JsonObject | undefined, after: JsonObject, key: string): boolean =>
  before !== undefined &&
  Object.hasOwn(before, key) === Object.hasOwn(after, key) &&
  deepEqual(before[key], after[key])

function lastChangedRun(before: readonly unknown[], after: readonly unknown[]): string | undefined {
  for (let index = after.length - 1; index >= 0; index--) {
    if (index >= before.length || !deepEqual(before[index], after[index])) return idOf(after[index])
  }
  return undefined
}
