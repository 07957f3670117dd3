/** What differs between two states, as data. */

import { UnsupportedError } from '../errors.ts'
import { parseSessionId } from '../ids.ts'
import { deepEqual, isJsonObject, type JsonObject, without } from '../json-value.ts'
import { idOf } from './addition/plan.ts'
import type { Backend } from './backend.ts'
import type { CollectionDiff, FieldChange, ItemChange, Place, StateDiff } from './session-store.ts'

/** The difference of two checkpoints, of whatever sessions. Throws NotFoundError. */
export async function diffPlaces(
  backend: Backend,
  collections: readonly string[],
  [from, to]: readonly [Place, Place],
): Promise<StateDiff> {
  const [before, after] = [await stateAt(backend, from), await stateAt(backend, to)]
  return {
    from: before.name,
    to: after.name,
    ...diffStates(before.document, after.document, collections),
    async patch() {
      if (backend.patch !== undefined) return backend.patch(before.commit, after.commit)
      throw new UnsupportedError(
        'patch',
        'This store does not use git. Use the data of the diff instead of its patch.',
      )
    },
  }
}

async function stateAt(backend: Backend, { session, at = '' }: Place) {
  const id = parseSessionId(session)
  const commit = await backend.resolve(id, at)
  const name = { session: id as string, checkpoint: commit.id as string }
  return { name, commit: commit.id, document: await backend.document(commit, id) }
}

type Path = readonly (string | number)[]

const EMPTY: CollectionDiff = { added: [], removed: [], changed: [] }

/**
 * The data of a diff. Items are matched by id where they have one, else by index; an item that only moved is not
 * reported. Changes lead into objects and arrays, element by element, down to what differs.
 */
export function diffStates(
  before: JsonObject,
  after: JsonObject,
  collections: readonly string[],
): Pick<StateDiff, 'fields' | 'messages' | 'runs' | 'collections'> {
  const apart = new Set(collections)
  const byName = Object.fromEntries(
    collections.map((name) => [name, diffItems(listOf(before, name), listOf(after, name))]),
  )
  return {
    fields: diffValues(without(before, apart), without(after, apart)),
    messages: byName.messages ?? EMPTY,
    runs: byName.runs ?? EMPTY,
    collections: byName,
  }
}

/** The two places of `diff(from, to)` and `diff(session, from, to)`. Throws TypeError for anything else. */
export function parsePlaces(from: Place | string, to: Place | string, revision?: string): [Place, Place] {
  if (typeof from === 'string') {
    if (typeof to !== 'string' || typeof revision !== 'string') {
      throw new TypeError('diff takes a session and two revisions, or two places')
    }
    return [
      { session: from, at: to },
      { session: from, at: revision },
    ]
  }
  if (!isJsonObject(from) || !isJsonObject(to)) throw new TypeError('A place is { session, at? }')
  return [from, to as unknown as Place]
}

/** Every place at which two values differ; empty when they are equal. */
export function diffValues(before: unknown, after: unknown, path: Path = []): FieldChange[] {
  if (Object.is(before, after)) return []
  if (isJsonObject(before) && isJsonObject(after)) {
    const keys = [...Object.keys(before), ...Object.keys(after).filter((key) => !Object.hasOwn(before, key))]
    return keys.flatMap((key) => diffMember(before, after, key, path))
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const indexes = Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index)
    return indexes.flatMap((index) => diffMember(before, after, index, path))
  }
  return [{ path, before, after }]
}

function diffMember(before: object, after: object, key: string | number, path: Path): FieldChange[] {
  const inner = [...path, key]
  const [a, b] = [(before as JsonObject)[key], (after as JsonObject)[key]]
  if (!Object.hasOwn(before, key)) return [{ path: inner, after: b }]
  if (!Object.hasOwn(after, key)) return [{ path: inner, before: a }]
  return diffValues(a, b, inner)
}

function diffItems(before: readonly unknown[], after: readonly unknown[]): CollectionDiff {
  const waiting = new Map<string, number>()
  for (const [name, index] of namesOf(before)) waiting.set(name, index)
  const added: { index: number; id: string | undefined; item: unknown }[] = []
  const changed: ItemChange[] = []
  for (const [name, index] of namesOf(after)) {
    const item = after[index]
    const from = waiting.get(name)
    waiting.delete(name)
    if (from === undefined) added.push({ index, id: idOf(item), item })
    else if (!deepEqual(before[from], item)) {
      const changes = diffValues(before[from], item)
      changed.push({ index, id: idOf(item), before: before[from], after: item, changes })
    }
  }
  const removed = [...waiting.values()].map((index) => ({
    index,
    id: idOf(before[index]),
    item: before[index],
  }))
  return { added, removed, changed }
}

/** A name that is the same in both lists for items that belong together. */
function namesOf(items: readonly unknown[]): [string, number][] {
  const seen = new Map<string, number>()
  return items.map((item, index) => {
    const id = idOf(item)
    if (id === undefined) return [`#${index}`, index]
    const times = seen.get(id) ?? 0
    seen.set(id, times + 1)
    return [`${times}:${id}`, index]
  })
}

const listOf = (state: JsonObject, collection: string): readonly unknown[] =>
  Array.isArray(state[collection]) ? state[collection] : []
