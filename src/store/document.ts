/** Checks a store's options, and every state against them. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { PageRules } from '../checkpoints/pages/pages.ts'
import { wrongType } from '../checkpoints/wrong-type.ts'
import {
  type CollectionSpec,
  EncodedItem,
  genericLayout,
  type Layout,
  sessionLayout,
} from '../codec/index.ts'
import { InvalidStateError, type StateIssue } from '../errors.ts'
import { parseSessionId, type SessionId } from '../ids.ts'
import { isJsonObject, type JsonObject } from '../json-value.ts'
import { onceKnown } from '../redaction/redact.ts'
import { checkDocument, checkMessage, checkRun, migrate, sessionSchema } from '../state/index.ts'
import { type AdditionPlan, idOf } from './addition/plan.ts'
import { RUNS } from './addition/runs.ts'
import type { ItemCheck } from './backend.ts'
import { parseAuthor } from './options/write-options.ts'
import { pageRules } from './pages/rules.ts'
import { redactWhole } from './redaction/whole.ts'
import type { Author, Redact, StoredDocument, StoreOptions } from './session-store.ts'

const SESSION = sessionLayout.type
const NO_COLLECTION = ['id', 'type', 'schemaVersion', 'updatedAt', 'set', 'unset']

/** A store's options, checked, with defaults. */
export interface DocumentRules {
  type: string
  schema: StandardSchemaV1 | undefined
  collections: readonly string[]
  layout: Layout
  redact: Redact | undefined
  now: () => number
  /** Author of checkpoints without an author of their own. */
  author: Author | undefined
  pages: PageRules | undefined
}

/** Throws TypeError for invalid options. A store of type `session` without a schema gets the session schema. */
export function documentRules<S extends StoredDocument>(
  options: StoreOptions<S> & { pages?: boolean } = {},
): DocumentRules {
  const {
    type = SESSION,
    collections = ['messages', 'runs'],
    redact,
    now = Date.now,
    author,
    pages = true,
  } = options
  if (typeof type !== 'string' || !/^[^\p{Cc}]{1,200}$/u.test(type)) {
    throw new TypeError("'type' has to be text on one line, such as 'session'")
  }
  if (!Array.isArray(collections)) throw new TypeError("'collections' has to be an array of keys")
  for (const name of collections) {
    if (NO_COLLECTION.includes(name)) throw new TypeError(`'${name}' cannot be a collection`)
  }
  for (const [name, call] of Object.entries({ redact, now })) {
    if (call !== undefined && typeof call !== 'function')
      throw new TypeError(`'${name}' has to be a function`)
  }
  if (typeof pages !== 'boolean') throw new TypeError("'pages' has to be true or false")
  const layout = layoutFor(type, collections)
  return {
    type,
    schema: options.schema ?? (type === SESSION ? sessionSchema : undefined),
    collections: [...collections],
    layout,
    redact,
    now,
    author: author === undefined ? undefined : parseAuthor(author),
    pages: pages ? pageRules(layout) : undefined,
  }
}

/**
 * Returns how documents of a type are laid out as a tree. The events of `runs` are stored separately for every type.
 */
function layoutFor(type: string, collections: readonly string[]): Layout {
  const runs: CollectionSpec = { name: RUNS, log: 'events', item: 'run' }
  const generic = genericLayout(
    type,
    collections.map((name) => (name === RUNS ? runs : name)),
  )
  if (type !== SESSION) return generic
  const known = (spec: CollectionSpec) =>
    sessionLayout.collections.find(({ name }) => name === spec.name) ?? spec
  return { ...sessionLayout, collections: generic.collections.map(known) }
}

/**
 * Returns the id of a document. Throws InvalidStateError if it is not a plain object, has another type, or has a
 * collection that is not an array; InvalidIdError if its id is invalid.
 */
export function checkShape(state: unknown, { type, collections }: DocumentRules): SessionId {
  if (!isJsonObject(state)) {
    throw new InvalidStateError([{ path: [], message: 'has to be a plain object' }])
  }
  const id = parseSessionId(state.id)
  if (state.type !== undefined && state.type !== type) throw wrongType(id, state.type, type)
  const issues = collections
    .filter((name) => state[name] !== undefined && !Array.isArray(state[name]))
    .map((name) => ({ path: [name], message: 'has to be an array' }))
  if (issues.length > 0) throw new InvalidStateError(issues)
  return id
}

/**
 * Returns the redacted document, or a promise of it: a copy that is taken now. Throws InvalidStateError if `redact`
 * changes `id`, `type` or `schemaVersion`.
 */
export function redactDocument<S extends StoredDocument>(
  state: S,
  { redact }: DocumentRules,
): S | Promise<S> {
  if (redact === undefined) return state
  const before = { ...asDocument(state) }
  return onceKnown(redactWhole(before, redact), (document) => {
    for (const key of ['id', 'type', 'schemaVersion']) {
      if (document[key] === before[key]) continue
      throw new InvalidStateError([{ path: [key], message: 'must not be changed by redact' }])
    }
    return asState<S>(document)
  }) as S | Promise<S>
}

/** Returns the state as a document. The cast is safe after `checkShape`. */
export const asDocument = (state: StoredDocument): JsonObject => state as unknown as JsonObject

/** Returns the document as a state. The cast is safe because a store returns what it was given. */
export const asState = <S extends StoredDocument>(document: JsonObject): S => document as unknown as S

/**
 * Migrates a stored session to the schema version of this forkpoint. Throws InvalidStateError if only a newer forkpoint
 * can read it. Documents with another schema are returned as stored.
 */
export const upToDate = (document: JsonObject, { schema }: DocumentRules): JsonObject =>
  schema === sessionSchema ? migrate(document) : document

/** Throws InvalidStateError, with all issues, if the document does not fit the store's schema. */
export async function checkSchema(state: unknown, { schema }: DocumentRules): Promise<void> {
  if (schema === undefined) return
  const issues = await checkDocument(schema, state)
  if (issues.length > 0) throw new InvalidStateError(issues)
}

/**
 * As `checkSchema`, but in parts, so that items that passed before are not checked again. `rest` checks all but the
 * items of the collections, before this returns; `item` checks one item. Errors may not contain all issues.
 */
export function checkInParts(
  state: JsonObject,
  rules: DocumentRules,
): { rest: Promise<void>; item: ItemCheck } {
  const { schema, collections } = rules
  if (schema !== sessionSchema) return { rest: checkSchema(state, rules), item: () => undefined }
  const known = ['messages', RUNS].filter((name) => collections.includes(name) && Array.isArray(state[name]))
  const empty = Object.fromEntries(known.map((name) => [name, []]))
  const unique = known.every((name) => hasUniqueIds(state[name] as readonly unknown[]))
  return {
    rest: checkSchema(unique ? { ...state, ...empty } : state, rules),
    item(collection, _, item) {
      if (!known.includes(collection)) return
      const issues = collection === RUNS ? checkRun(item) : checkMessage(item)
      if (issues.length > 0) throw new InvalidStateError(issues)
    },
  }
}

const hasUniqueIds = (items: readonly unknown[]): boolean => new Set(items.map(idOf)).size === items.length

/**
 * Throws InvalidStateError if an addition does not fit the schema. It checks an excerpt of the document: its fields,
 * the new items, and the new events of existing runs. So its cost depends only on the size of the addition.
 *
 * What was encoded ahead was checked before.
 *
 * @param fields the top-level values after the addition, without collections
 * @param known whether the fields have not changed since they were last checked
 */
export async function checkAddition(
  fields: JsonObject,
  plan: AdditionPlan,
  { schema, collections }: DocumentRules,
  known = false,
): Promise<void> {
  if (schema === undefined) return
  const items = plan.items.filter(({ item }) => !(item instanceof EncodedItem))
  if (schema === sessionSchema && known) {
    const issues = [
      ...items.flatMap(({ collection, index, item }) => {
        if (collection === RUNS) return checkRun(item, [collection, index])
        return collection === 'messages' ? checkMessage(item, [collection, index]) : []
      }),
      ...plan.runs.flatMap(({ index, run, events, from }) =>
        checkRun({ ...run, events }, [RUNS, index]).map((issue) => shifted(issue, from)),
      ),
    ]
    if (issues.length > 0) throw new InvalidStateError(issues)
    return
  }
  const places = new Map(collections.map((name) => [name, [] as Place[]]))
  for (const { collection, index, item } of items) places.get(collection)?.push({ index, item, from: 0 })
  for (const { index, run, events, from } of plan.runs) {
    places.get(RUNS)?.push({ index, item: { ...run, events }, from })
  }
  const lists = [...places].map(([name, list]) => [name, list.map(({ item }) => item)] as const)
  const issues = await checkDocument(schema, { ...fields, ...Object.fromEntries(lists) })
  if (issues.length > 0) throw new InvalidStateError(issues.map((issue) => relocate(issue, places)))
}

interface Place {
  /** Index of the item in the document. */
  index: number
  item: unknown
  /** Index of the excerpt's first event in the whole run. */
  from: number
}

function relocate({ path, message }: StateIssue, places: ReadonlyMap<string, readonly Place[]>): StateIssue {
  const [name, number, ...rest] = path
  const place = typeof number === 'number' ? places.get(String(name))?.[number] : undefined
  if (name === undefined || place === undefined) return { path, message }
  return shifted({ path: [name, place.index, ...rest], message }, place.from)
}

/** Returns the issue with a run event's index in the whole run instead of in the excerpt. */
function shifted({ path, message }: StateIssue, from: number): StateIssue {
  const [name, index, key, event, ...inside] = path
  if (name !== RUNS || key !== 'events' || typeof event !== 'number') return { path, message }
  return { path: [name, index!, key, event + from, ...inside], message }
}
