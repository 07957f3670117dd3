/** Finds what a checkpoint changes from the files that differ, without comparing two whole states. */

import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import { countItems, readFields } from '../../checkpoints/trees/documents.ts'
import {
  type BlobIds,
  blobAt,
  blobsChanged,
  type ObjectReader,
  readBlobs,
} from '../../checkpoints/trees/files.ts'
import type { Edits } from '../../checkpoints/writing.ts'
import { decodeItem, itemAt, parseItemPath } from '../../codec/index.ts'
import { objectId } from '../../git/objects/object.ts'
import type { ObjectId } from '../../ids.ts'
import { deepCopy, deepEqual, isJsonObject, type JsonObject, without } from '../../json-value.ts'
import { type AdditionPlan, idOf } from '../addition/plan.ts'
import { RUNS } from '../addition/runs.ts'
import type { Changes } from '../changes.ts'
import type { DocumentRules } from '../document.ts'

export class GitChanges {
  readonly #objects: ObjectReader
  readonly #rules: DocumentRules

  constructor(objects: ObjectReader, rules: DocumentRules) {
    this.#objects = objects
    this.#rules = rules
  }

  /** Returns what a whole document changes. `edits` turn the tree of `before` into that of the document. */
  async ofFiles(
    session: string,
    before: CommitInfo | undefined,
    document: JsonObject,
    edits: Edits,
  ): Promise<Changes> {
    const { collections } = this.#rules
    const [first = ''] = collections
    const from = before === undefined ? 0 : await countItems(this.#objects, before.tree, first)
    const runs = listOf(document, RUNS)
    const last = lastIndex(edits.keys(), runs.length)
    return {
      first: before === undefined,
      added: listOf(document, first).slice(from),
      from,
      fields: await this.#fields(session, before, without(document, new Set(collections))),
      run: collections.includes(RUNS) && last !== undefined ? idOf(runs[last]) : undefined,
      collections: touched(collections, edits.keys()),
    }
  }

  /**
   * Returns what a turn with steps changes: the steps from the previous turn `before` to `parent`, and then the plan.
   */
  async ofTurn(
    session: string,
    before: CommitInfo | undefined,
    parent: CommitInfo,
    plan: AdditionPlan,
    fields: JsonObject,
    edits: Edits,
  ): Promise<Changes> {
    const { collections } = this.#rules
    const [first = ''] = collections
    const since = await blobsChanged(this.#objects, before?.tree, parent.tree)
    const from = before === undefined ? 0 : await countItems(this.#objects, before.tree, first)
    const inSteps = await this.#items(since, first, from)
    for (const { collection, index, item } of plan.items)
      if (collection === first && index >= from) inSteps.set(index, item)
    // A file that the turn changed and changed back is not a change.
    for (const [path, bytes] of edits) {
      const now = bytes === null ? undefined : objectId('blob', bytes)
      if (before !== undefined && (await blobAt(this.#objects, before.tree, path)) === now) since.delete(path)
      else if (now !== undefined || since.has(path) || before !== undefined) since.set(path, now)
    }
    const paths = [...since.keys()]
    return {
      first: before === undefined,
      added: [...inSteps].sort(([a], [b]) => a - b).map(([, item]) => item),
      from,
      fields: await this.#fields(session, before, fields),
      run: collections.includes(RUNS) ? await this.#lastRun(parent, plan, paths) : undefined,
      collections: touched(collections, paths),
    }
  }

  /** Returns the top-level values that are not collections, as the session shows them. */
  async fieldsAt(tree: ObjectId, session: string): Promise<JsonObject> {
    return {
      ...without(await readFields(this.#objects, tree), new Set(this.#rules.collections)),
      id: session,
    }
  }

  async #fields(session: string, before: CommitInfo | undefined, after: JsonObject): Promise<string[]> {
    return changedFields(before === undefined ? {} : await this.fieldsAt(before.tree, session), after)
  }

  async #items(
    blobs: ReadonlyMap<string, string | undefined>,
    collection: string,
    from: number,
  ): Promise<Map<number, unknown>> {
    const byIndex = new Map<number, BlobIds>()
    for (const [path, id] of blobs) {
      const index = path.startsWith(`${collection}/`) ? itemAt(path) : undefined
      if (index === undefined || index < from || id === undefined) continue
      byIndex.set(index, (byIndex.get(index) ?? new Map()).set(path, id))
    }
    const items = new Map<number, unknown>()
    for (const [index, own] of byIndex) items.set(index, decodeItem(await readBlobs(this.#objects, own)))
    return items
  }

  async #lastRun(
    parent: CommitInfo,
    plan: AdditionPlan,
    paths: readonly string[],
  ): Promise<string | undefined> {
    const added = plan.items.flatMap(({ collection, index }) => (collection === RUNS ? [index + 1] : []))
    const count = Math.max(await countItems(this.#objects, parent.tree, RUNS), ...added)
    const index = lastIndex(paths, count)
    if (index === undefined) return undefined
    const planned =
      plan.runs.find((run) => run.index === index)?.run ??
      plan.items.find((item) => item.collection === RUNS && item.index === index)?.item
    if (planned !== undefined) return idOf(planned)
    const all = await blobsChanged(this.#objects, undefined, parent.tree)
    const heads = [...all].filter(
      ([path]) =>
        path.startsWith(`${RUNS}/`) &&
        itemAt(path) === index &&
        (parseItemPath(path)?.inside.length ?? 0) < 2,
    )
    return idOf((await this.#items(new Map(heads), RUNS, 0)).get(index))
  }
}

/** Returns the keys, except `updatedAt`, that were added, changed or removed; sorted. */
export const changedFields = (before: JsonObject, after: JsonObject): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => key !== 'updatedAt' && after[key] !== before[key])
    .filter(
      (key) =>
        Object.hasOwn(before, key) !== isThere(after, key) || !deepEqual(before[key], plain(after[key])),
    )
    .sort()

/** Properties that are `undefined` are not stored. */
const isThere = (object: JsonObject, key: string): boolean =>
  Object.hasOwn(object, key) && object[key] !== undefined

const plain = (value: unknown): unknown =>
  isJsonObject(value) || Array.isArray(value) ? deepCopy(value) : value

const listOf = (document: JsonObject, key: string): readonly unknown[] =>
  Array.isArray(document[key]) ? (document[key] as unknown[]) : []

const touched = (collections: readonly string[], paths: Iterable<string>): string[] => {
  const folders = new Set(
    [...paths].flatMap((path) => (path.includes('/') ? [path.slice(0, path.indexOf('/'))] : [])),
  )
  return collections.filter((name) => folders.has(name))
}

/** Returns the index of the last run below `count` that has a file among these. */
function lastIndex(paths: Iterable<string>, count: number): number | undefined {
  let last: number | undefined
  for (const path of paths) {
    const index = path.startsWith(`${RUNS}/`) ? itemAt(path) : undefined
    if (index !== undefined && index < count && (last === undefined || index > last)) last = index
  }
  return last
}
