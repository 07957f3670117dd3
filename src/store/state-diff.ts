/** Compares two states and returns the differences as data. */

import { UnsupportedError } from '../errors.ts'
import { parseSessionId, type SessionId } from '../ids.ts'
import { deepEqual, isJsonObject, type JsonObject, without } from '../json-value.ts'
import { TimeSlice } from '../time-slice.ts'
import { idOf } from './addition/plan.ts'
import type { Backend, Kept, UnsharedState } from './backend.ts'
import type { CollectionDiff, FieldChange, ItemChange, Place, StateDiff } from './session-store.ts'

/** Compares two checkpoints of the same or different sessions. Throws NotFoundError. */
export async function diffPlaces(
  backend: Backend,
  collections: readonly string[],
  [from, to]: readonly [Place, Place],
): Promise<StateDiff> {
  const [before, after] = [await checkpointAt(backend, from), await checkpointAt(backend, to)]
  const states =
    backend.unshared?.(before, after) ?? Promise.all([stateOf(backend, before), stateOf(backend, after)])
  return {
    from: nameOf(before),
    to: nameOf(after),
    ...(await diffStates(...(await states), collections)),
    async patch() {
      if (backend.patch !== undefined) return backend.patch(before.commit.id, after.commit.id)
      throw new UnsupportedError(
        'patch',
        'This store does not use git. Use the data of the diff instead of its patch.',
      )
    },
  }
}

interface Compared {
  commit: Kept
  session: SessionId
}

async function checkpointAt(backend: Backend, { session: given, at = '' }: Place): Promise<Compared> {
  const session = parseSessionId(given)
  return { commit: await backend.resolve(session, at), session }
}

const nameOf = ({ commit, session }: Compared) => ({ session, checkpoint: commit.id })

const stateOf = async (backend: Backend, { commit, session }: Compared): Promise<UnsharedState> =>
  wholeState(await backend.document(commit, session))

/** Prepares a whole state for a comparison. */
export const wholeState = (document: JsonObject): UnsharedState => ({ fields: document, items: new Map() })

const EMPTY: CollectionDiff = { added: [], removed: [], changed: [] }

/**
 * Returns the data of a diff. Items that are identical at the same index are left out. The others are matched by id, or
 * by index if they have no id. An item that only moved is not reported. Changes are reported at the deepest path in
 * objects and arrays. Long work is done in slices.
 */
export async function diffStates(
  before: UnsharedState,
  after: UnsharedState,
  collections: readonly string[],
): Promise<Pick<StateDiff, 'fields' | 'messages' | 'runs' | 'collections'>> {
  const apart = new Set(collections)
  const slice = new TimeSlice()
  const byName: Record<string, CollectionDiff> = {}
  for (const name of collections)
    byName[name] = await diffItems(itemsOf(before, name), itemsOf(after, name), slice)
  return {
    fields: diffValues(without(before.fields, apart), without(after.fields, apart)),
    messages: byName.messages ?? EMPTY,
    runs: byName.runs ?? EMPTY,
    collections: byName,
  }
}

/** Returns the two places of `diff(from, to)` or `diff(session, from, to)`. Throws TypeError for other arguments. */
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

/** Returns every path at which two values differ; empty if they are equal. */
export function diffValues(before: unknown, after: unknown): FieldChange[] {
  const found: FieldChange[] = []
  addChanges(found, before, after, [])
  return found
}

/** @param path the path to the values; one array that is changed in place during the recursion */
function addChanges(found: FieldChange[], before: unknown, after: unknown, path: (string | number)[]): void {
  if (Object.is(before, after)) return
  if (isJsonObject(before) && isJsonObject(after)) {
    for (const key of Object.keys(before)) addMember(found, before, after, key, path)
    for (const key of Object.keys(after))
      if (!Object.hasOwn(before, key)) addMember(found, before, after, key, path)
  } else if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length)
    for (let index = 0; index < length; index++) addMember(found, before, after, index, path)
  } else found.push({ path: [...path], before, after })
}

function addMember(
  found: FieldChange[],
  before: object,
  after: object,
  key: string | number,
  path: (string | number)[],
): void {
  const [a, b] = [(before as JsonObject)[key], (after as JsonObject)[key]]
  path.push(key)
  if (!Object.hasOwn(before, key)) found.push({ path: [...path], after: b })
  else if (!Object.hasOwn(after, key)) found.push({ path: [...path], before: a })
  else addChanges(found, a, b, path)
  path.pop()
}

type Items = ReadonlyMap<number, unknown>

async function diffItems(all: Items, others: Items, slice: TimeSlice): Promise<CollectionDiff> {
  const [before, after] = [new Map(all), new Map(others)]
  for (const [index, item] of after) {
    if (slice.isOver()) await slice.next()
    if (before.has(index) && deepEqual(before.get(index), item)) before.delete(index) && after.delete(index)
  }
  const waiting = new Map(namesOf(before))
  const added: { index: number; id: string | undefined; item: unknown }[] = []
  const changed: ItemChange[] = []
  for (const [name, index] of namesOf(after)) {
    if (slice.isOver()) await slice.next()
    const item = after.get(index)
    const from = waiting.get(name)
    waiting.delete(name)
    if (from === undefined) added.push({ index, id: idOf(item), item })
    else {
      const old = before.get(from)
      const changes = diffValues(old, item)
      if (changes.length > 0) changed.push({ index, id: idOf(item), before: old, after: item, changes })
    }
  }
  const removed = [...waiting.values()].map((index) => {
    const item = before.get(index)
    return { index, id: idOf(item), item }
  })
  return { added, removed, changed }
}

/** Names each item so that matching items have the same name in both lists. */
function namesOf(items: Items): [string, number][] {
  const seen = new Map<string, number>()
  return [...items].map(([index, item]) => {
    const id = idOf(item)
    if (id === undefined) return [`#${index}`, index]
    const times = seen.get(id) ?? 0
    seen.set(id, times + 1)
    return [`${times}:${id}`, index]
  })
}

function itemsOf({ fields, items }: UnsharedState, collection: string): Items {
  const inFields = Object.hasOwn(fields, collection) ? fields[collection] : undefined
  return Array.isArray(inFields) ? new Map(inFields.entries()) : (items.get(collection) ?? new Map())
}
