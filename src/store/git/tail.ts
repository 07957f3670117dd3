/**
 * What an append needs to know about a branch's tip without loading the whole state: its fields, the ids and number of
 * items of each collection, and where the logs of runs end. It is read once and updated with each append.
 */

import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import { countItems } from '../../checkpoints/trees/documents.ts'
import { ItemEdits } from '../../checkpoints/trees/edits.ts'
import {
  type BlobIds,
  blobsBelow,
  entriesOf,
  folderAt,
  itemOf,
  type ObjectReader,
  readBlobs,
} from '../../checkpoints/trees/files.ts'
import type { Edits } from '../../checkpoints/writing.ts'
import {
  appendEvents,
  decodeHead,
  decodeItem,
  EncodedItem,
  encodeHead,
  encodeItem,
  isOurs,
  itemAt,
  itemPlace,
  type Layout,
  parseItemPath,
} from '../../codec/index.ts'
import type { ObjectId } from '../../ids.ts'
import { type JsonObject, without } from '../../json-value.ts'
import { TimeSlice } from '../../time-slice.ts'
import { type AdditionPlan, type FoundItem, idOf, type ParsedAddition } from '../addition/plan.ts'
import { RUNS } from '../addition/runs.ts'
import type { Content, Tail } from '../backend.ts'
import { endOfLog, type LogEnd } from './reader.ts'

/** The file changes of a plan, and how to update the tail once they are in place. */
export interface TailChange {
  edits: Edits
  /** The top-level values after the plan, without collections. */
  fields: JsonObject
  /** Makes this the tail of the new checkpoint. */
  advance(to: CommitInfo): void
}

/** Turns a planned change into the content of a checkpoint. */
export type ContentOf = (tail: GitTail, plan: AdditionPlan, change: TailChange) => Content<CommitInfo>

export class GitTail implements Tail<CommitInfo> {
  #objects: ObjectReader
  readonly #layout: Layout
  readonly #contentOf: ContentOf
  #at: CommitInfo
  /** The values of `session.json` and `config.json`, including empty collections. */
  #head: JsonObject
  readonly #counts: Map<string, number>
  readonly #ids = new Map<string, Map<string, number>>()
  readonly #tails = new Map<number, LogEnd>()
  /** Items that the current addition names. */
  #found = new Map<string, FoundItem>()

  /** @param session the session that the document is shown as, even if it was forked from another one */
  static async load(
    objects: ObjectReader,
    at: CommitInfo,
    session: string,
    { layout, contentOf }: { layout: Layout; contentOf: ContentOf },
  ): Promise<GitTail> {
    const top = await readBlobs(objects, await blobsBelow(objects, at.tree, { enter: () => false }))
    const counts = new Map<string, number>()
    for (const { name } of layout.collections) counts.set(name, await countItems(objects, at.tree, name))
    return new GitTail(objects, at, { layout, contentOf }, { ...decodeHead(top), id: session }, counts)
  }

  private constructor(
    objects: ObjectReader,
    at: CommitInfo,
    { layout, contentOf }: { layout: Layout; contentOf: ContentOf },
    head: JsonObject,
    counts: Map<string, number>,
  ) {
    this.#objects = objects
    this.#at = at
    this.#layout = layout
    this.#contentOf = contentOf
    this.#head = head
    this.#counts = counts
  }

  /** The checkpoint whose tail it is. */
  get at(): CommitInfo {
    return this.#at
  }

  get objects(): ObjectReader {
    return this.#objects
  }

  /** Reads from here from now on: a checkpoint that is not stored yet is known only to its write. */
  readFrom(objects: ObjectReader): void {
    this.#objects = objects
  }

  get fields(): JsonObject {
    return without(this.#head, new Set(this.#layout.collections.map(({ name }) => name)))
  }

  count(collection: string): number {
    return this.#counts.get(collection) ?? 0
  }

  /** Returns only items that `prepare` has read. */
  find(collection: string, id: string): FoundItem | undefined {
    return this.#found.get(`${collection}/${id}`)
  }

  /** Reads the items that an addition names by id, so that `find` returns them. */
  async prepare({ items }: ParsedAddition): Promise<void> {
    this.#found = new Map()
    for (const [collection, incoming] of items) {
      if (this.count(collection) === 0) continue
      const ids = await this.#idsOf(collection)
      for (const item of incoming) {
        const id = idOf(item)
        const index = id === undefined ? undefined : ids.get(id)
        if (id !== undefined && index !== undefined)
          this.#found.set(`${collection}/${id}`, await this.#read(collection, index))
      }
    }
  }

  async change(plan: AdditionPlan): Promise<Content<CommitInfo>> {
    return this.#contentOf(this, plan, await this.#changeBy(plan))
  }

  /** Returns the files that a plan changes. */
  async #changeBy(plan: AdditionPlan): Promise<TailChange> {
    const edits = new ItemEdits()
    const counts = new Map(this.#counts)
    const tails = new Map<number, LogEnd>()
    for (const { collection, index, item, replaces } of plan.items) {
      if (replaces) await this.#removeItem(edits, collection, index)
      const files =
        item instanceof EncodedItem ? item.files : encodeItem(this.#layout, collection, index, item)
      if (replaces) for (const [path, bytes] of files) edits.set(path, bytes)
      else edits.add({ collection, index, files, known: item instanceof EncodedItem ? undefined : item })
      counts.set(collection, Math.max(counts.get(collection) ?? 0, index + 1))
    }
    if (plan.runs.length === 0 && plan.items.every(({ item }) => item instanceof EncodedItem))
      edits.page = (plan.items[0]?.item as EncodedItem | undefined)?.page
    for (const { index, run, events, from } of plan.runs) {
      const before = await this.#tailOf(index)
      await this.#removeBeside(edits, index)
      const { events: earlier } = (this.#found.get(`${RUNS}/${idOf(run)}`)?.item ?? {}) as JsonObject
      const fields =
        before.tail === undefined && events.length === 0 && earlier !== undefined
          ? { ...run, events: earlier }
          : run
      for (const [path, bytes] of encodeItem(this.#layout, RUNS, index, fields)) edits.set(path, bytes)
      const { files, tail } = appendEvents(this.#layout, RUNS, index, before.tail, events, from)
      for (const [path, bytes] of files) edits.set(path, bytes)
      const last = (events.at(-1) as { sequence?: number } | undefined)?.sequence ?? before.last
      tails.set(index, { tail, count: before.count + events.length, last })
    }
    const head = this.#headAfter(plan, counts)
    await this.#editHead(edits, plan, head, counts)
    const names = new Set(this.#layout.collections.map(({ name }) => name))
    return {
      edits,
      fields: without(head, names),
      advance: (to) => {
        this.#at = to
        this.#head = head
        for (const [name, count] of counts) this.#counts.set(name, count)
        for (const { collection, index, item } of plan.items) {
          const id = idOf(item)
          if (id !== undefined) this.#ids.get(collection)?.set(id, index)
          if (collection === RUNS) this.#tails.delete(index)
        }
        this.#forgetOldTails()
        for (const [index, tail] of tails) this.#tails.set(index, tail)
        this.#found = new Map()
      },
    }
  }

  #headAfter(plan: AdditionPlan, counts: ReadonlyMap<string, number>): JsonObject {
    const filled = [...counts].filter(([, count]) => count > 0).map(([name]) => name)
    return { ...without(this.#head, new Set([...plan.unset, ...filled])), ...plan.set }
  }

  /** Adds the changes to `session.json`, `config.json` and the files next to them. */
  async #editHead(
    edits: Edits,
    plan: AdditionPlan,
    head: JsonObject,
    counts: ReadonlyMap<string, number>,
  ): Promise<void> {
    const keys = [...Object.keys(plan.set), ...plan.unset]
    const fills = [...counts].some(([name, count]) => count > 0 && this.count(name) === 0)
    if (keys.length === 0 && !fills) return
    const { configKeys } = this.#layout
    const keepsConfig = !keys.some((key) => configKeys.includes(key))
    const folders = [...counts].filter(([, count]) => count > 0).map(([name]) => name)
    const part = keepsConfig ? without(head, new Set(configKeys)) : head
    for (const [path, bytes] of encodeHead(part, this.#layout, folders)) edits.set(path, bytes)
    await this.#removeOldHead(edits, keepsConfig)
  }

  /** Returns the indexes of a collection's items by id. The first call reads every item, in slices. */
  async #idsOf(collection: string): Promise<Map<string, number>> {
    const known = this.#ids.get(collection)
    if (known !== undefined) return known
    const ids = new Map<string, number>()
    const blobs = await blobsBelow(this.#objects, this.#at.tree, {
      at: collection,
      // Skip logs.
      enter: (path) => (parseItemPath(path)?.inside.length ?? 0) === 0,
    })
    const byBlob = new Map<ObjectId, number[]>()
    const beside = new Map<number, string[]>()
    for (const [path, blob] of blobs) {
      const index = itemAt(path)
      if (index === undefined) continue
      if (path.endsWith('.json')) byBlob.set(blob, [...(byBlob.get(blob) ?? []), index])
      else beside.set(index, [...(beside.get(index) ?? []), path])
    }
    const odd: number[] = []
    await this.#objects.readMany(byBlob.keys(), (blob, { data }) => {
      for (const index of byBlob.get(blob)!) {
        const id = quickId(data)
        if (id === undefined) odd.push(index)
        else ids.set(id, index)
      }
    })
    const slice = new TimeSlice()
    for (const index of odd) {
      const id = idOf((await this.#read(collection, index)).item)
      if (id !== undefined) ids.set(id, index)
      if (slice.isOver()) await slice.next()
    }
    this.#ids.set(collection, ids)
    return ids
  }

  async #read(collection: string, index: number): Promise<FoundItem> {
    const files = await readBlobs(this.#objects, await this.#blobsOf(collection, index))
    const item = decodeItem(files)
    if (collection !== RUNS) return { index, item }
    const { count, last } = await this.#tailOf(index)
    return { index, item, events: { count, last } }
  }

  /** Returns the files of an item, without its log. */
  async #blobsOf(collection: string, index: number): Promise<BlobIds> {
    const { folder, stem } = itemPlace(collection, index)
    const blobs: BlobIds = new Map()
    const tree = await folderAt(this.#objects, this.#at.tree, folder)
    for (const { name, mode, id } of tree === undefined ? [] : entriesOf(tree, `${folder}/`)) {
      if (itemOf({ name, mode }) !== index) continue
      if (mode !== '40000') blobs.set(`${folder}/${name}`, id)
      else {
        const inside = await blobsBelow(this.#objects, this.#at.tree, {
          at: `${folder}/${stem}`,
          enter: () => false,
        })
        for (const [path, blob] of inside) blobs.set(path, blob)
      }
    }
    return blobs
  }

  async #tailOf(index: number): Promise<LogEnd> {
    const known = this.#tails.get(index)
    if (known !== undefined) return known
    const spec = this.#layout.collections.find(({ name }) => name === RUNS)
    const { folder, stem } = itemPlace(RUNS, index)
    const place = `${folder}/${stem}/${spec?.log ?? 'events'}`
    const files = await readBlobs(
      this.#objects,
      await blobsBelow(this.#objects, this.#at.tree, { at: place }),
    )
    const tail = endOfLog(place, files)
    this.#tails.set(index, tail)
    return tail
  }

  async #removeItem(edits: Edits, collection: string, index: number): Promise<void> {
    const { folder, stem } = itemPlace(collection, index)
    for (const path of (await this.#blobsOf(collection, index)).keys()) edits.set(path, null)
    for (const path of (await blobsBelow(this.#objects, this.#at.tree, { at: `${folder}/${stem}` })).keys())
      edits.set(path, null)
  }

  /** Removes the files next to a run's own file. Those still needed are written again. */
  async #removeBeside(edits: Edits, index: number): Promise<void> {
    for (const path of (await this.#blobsOf(RUNS, index)).keys()) {
      if (!path.endsWith('.json')) edits.set(path, null)
    }
  }

  async #removeOldHead(edits: Edits, keepsConfig: boolean): Promise<void> {
    const top = await this.#objects.readTree(this.#at.tree)
    for (const { name, mode } of entriesOf(top)) {
      if (mode === '40000' || !isOurs(name) || edits.has(name) || (keepsConfig && name.startsWith('config.')))
        continue
      edits.set(name, null)
    }
  }

  /** Keeps the tails of a few runs only, because only the last runs grow. */
  #forgetOldTails(): void {
    for (const index of [...this.#tails.keys()].slice(0, -8)) this.#tails.delete(index)
  }
}

/**
 * Returns the id of an item from the first bytes of its file, where most files have it; `undefined` if the file has to
 * be decoded.
 */
function quickId(data: Uint8Array): string | undefined {
  const start = Buffer.from(data.buffer, data.byteOffset, Math.min(data.length, 200)).toString('latin1')
  return /^\{\n {2}"id": "([\x20\x21\x23-\x5b\x5d-\x7e]*)"(?:, |,?\n)/.exec(start)?.[1]
}
