/** The tree of a checkpoint: items, operations and a waiting run. Only the needed parts are read and changed. */

import type { AgentInputItem } from '@openai/agents-core'
import { countItems, readFields } from '../../checkpoints/trees/documents.ts'
import { ItemEdits } from '../../checkpoints/trees/edits.ts'
import { blobsBelow, entriesOf, type Files, readBlobs } from '../../checkpoints/trees/files.ts'
import type { ObjectStore } from '../../checkpoints/trees/objects.ts'
import type { Edits } from '../../checkpoints/writing.ts'
import {
  decodeItem,
  encodeHead,
  encodeItem,
  isOurs,
  itemAt,
  itemsIn,
  type Layout,
} from '../../codec/index.ts'
import { CorruptError } from '../../errors.ts'
import type { ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { toItem } from './items.ts'
import type { WaitingRun } from './waiting-run.ts'

/** Collection of the session's items. */
export const ITEMS = 'messages'
/** Collection of the applied transactions, so that none is applied twice. */
export const OPERATIONS = 'operations'
/** Collection with the run that waits for an approval, if there is one. */
export const RUN_STATE = 'runState'
export const COLLECTIONS = [ITEMS, OPERATIONS, RUN_STATE]

/** The changes of a new checkpoint, as redacted JSON. */
export interface TreeChange {
  /** Number of items that stay. Later items are removed. */
  keep: number
  /** Items to add after those that stay. */
  add: readonly unknown[]
  operations: { clear?: boolean; add?: unknown }
  /** `null` removes the run; `undefined` keeps it. */
  run?: WaitingRun | null | undefined
}

export class SessionTree {
  readonly #objects: ObjectStore
  /** `undefined` if the session does not exist yet. */
  readonly id: ObjectId | undefined
  #count: number | undefined

  constructor(objects: ObjectStore, id: ObjectId | undefined) {
    this.#objects = objects
    this.id = id
  }

  async count(): Promise<number> {
    this.#count ??= await this.#countOf(ITEMS)
    return this.#count
  }

  /** Returns the items from this number on. Reads only the folders that contain them. Throws CorruptError. */
  async items(from = 0): Promise<AgentInputItem[]> {
    if (this.id === undefined) return []
    const enter = reaching(from)
    const blobs = await blobsBelow(this.#objects, this.id, { at: ITEMS, enter })
    for (const path of blobs.keys()) if (indexOf(path) < from) blobs.delete(path)
    return decodeItems(await readBlobs(this.#objects, blobs), from, toItem)
  }

  /** Whether there are no items, operations or run state. */
  async isEmpty(): Promise<boolean> {
    return (await this.count()) + (await this.#countOf(OPERATIONS)) === 0 && !(await this.hasRunState())
  }

  async hasRunState(): Promise<boolean> {
    return (await this.#countOf(RUN_STATE)) > 0
  }

  /** Returns the fields of `session.json`. */
  fields(): Promise<Record<string, unknown>> {
    return this.id === undefined ? Promise.resolve({}) : readFields(this.#objects, this.id)
  }

  async runState(): Promise<unknown> {
    if (this.id === undefined) return undefined
    const files = await readBlobs(this.#objects, await blobsBelow(this.#objects, this.id, { at: RUN_STATE }))
    return (await decodeItems(files, 0, (state) => state))[0]
  }

  /**
   * Returns the files that a change sets and removes. `first` are the fields of `session.json` for the first
   * checkpoint.
   */
  async edits(change: TreeChange, layout: Layout, first: Record<string, unknown>): Promise<Edits> {
    const { keep, add, operations } = change
    const before = await this.count()
    const edits = new ItemEdits()
    if (keep < before) await this.#remove(edits, ITEMS, keep)
    const slice = new TimeSlice()
    for (const [index, item] of add.entries()) {
      const number = keep + index
      const files = encodeItem(layout, ITEMS, number, item)
      if (number < before) put(edits, files)
      else edits.add({ collection: ITEMS, index: number, files, known: undefined })
      if (slice.isOver()) await slice.next()
    }
    if (operations.clear === true) await this.#remove(edits, OPERATIONS)
    const done = operations.clear === true ? 0 : await this.#countOf(OPERATIONS)
    if (operations.add !== undefined) put(edits, encodeItem(layout, OPERATIONS, done, operations.add))
    const { run } = change
    if (run !== undefined && (await this.hasRunState())) await this.#remove(edits, RUN_STATE)
    if (run != null) put(edits, encodeItem(layout, RUN_STATE, 0, run.state))
    const isEmpty = keep + add.length === 0
    if (this.id === undefined || run !== undefined || isEmpty !== (before === 0)) {
      await this.#head(edits, layout, first, { isEmpty, run })
    }
    return edits
  }

  /** Sets `session.json`. Called only if it has to change, so that most saves do not write it. */
  async #head(
    edits: Edits,
    layout: Layout,
    first: Record<string, unknown>,
    { isEmpty, run }: { isEmpty: boolean; run?: WaitingRun | null | undefined },
  ): Promise<void> {
    const { [ITEMS]: _, ...old } = this.id === undefined ? first : await this.fields()
    const { status: __, waitsFor: ___, ...settled } = old
    const waiting = run === undefined ? old : settled
    const head = {
      ...waiting,
      ...(run != null && { status: 'waiting', waitsFor: run.waitsFor }),
      ...(isEmpty && { [ITEMS]: [] }),
    }
    const files = encodeHead(head, layout, COLLECTIONS.slice(isEmpty ? 1 : 0))
    put(edits, files)
    if (this.id === undefined) return
    for (const { name, mode } of entriesOf(await this.#objects.readTree(this.id))) {
      if (mode !== '40000' && isOurs(name) && !files.has(name)) edits.set(name, null)
    }
  }

  /** Removes the files of items from this number on. Foreign files stay. */
  async #remove(edits: Edits, collection: string, from = 0): Promise<void> {
    if (this.id === undefined) return
    const enter = reaching(from)
    for (const path of (await blobsBelow(this.#objects, this.id, { at: collection, enter })).keys())
      if (indexOf(path) >= from) edits.set(path, null)
  }

  #countOf(collection: string): Promise<number> | number {
    return this.id === undefined ? 0 : countItems(this.#objects, this.id, collection)
  }
}

/** Decodes items in order of their numbers. Throws CorruptError if a number is missing. */
async function decodeItems<T>(files: Files, from: number, made: (json: unknown) => T): Promise<T[]> {
  const byIndex = new Map<number, Files>()
  for (const [path, bytes] of files) {
    const index = indexOf(path)
    const own: Files = byIndex.get(index) ?? new Map()
    byIndex.set(index, own.set(path, bytes))
  }
  const slice = new TimeSlice()
  const items: T[] = []
  for (let index = from; index < from + byIndex.size; index++) {
    const own = byIndex.get(index)
    if (own === undefined) throw new CorruptError(`Item ${index} is missing, although later ones exist.`)
    items.push(made(decodeItem(own)))
    if (slice.isOver()) await slice.next()
  }
  return items
}

/** Returns the number of the item that a file belongs to. */
function indexOf(path: string): number {
  const index = itemAt(path)
  if (index === undefined) throw new CorruptError(`'${path}' does not belong among items.`, { file: path })
  return index
}

/** Returns a function that tells whether a folder contains items from this number on. */
const reaching = (from: number) => (path: string) =>
  (itemsIn(path.slice(path.indexOf('/') + 1))?.end ?? 0) > from

function put(edits: Edits, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of files) edits.set(path, bytes)
}
