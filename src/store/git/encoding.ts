/** Encodes a whole document as the files of its tree, with their ids, without blocking the event loop. */

import { ItemEdits } from '../../checkpoints/trees/edits.ts'
import { blobsBelow } from '../../checkpoints/trees/files.ts'
import type { Edits } from '../../checkpoints/writing.ts'
import { encodeHead, encodeItem, itemPlace, type Layout, parseItemPath } from '../../codec/index.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { BIG_OBJECT, objectId, objectIdInSlices } from '../../git/objects/object.ts'
import type { ObjectId } from '../../ids.ts'
import { deepCopy, type JsonObject } from '../../json-value.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { ItemCheck } from '../backend.ts'
import type { EncodedItem, ItemMemory } from './item-memory.ts'

/** A document as files. */
export interface EncodedState {
  /** Ids of the top-level files. */
  readonly head: ReadonlyMap<string, ObjectId>
  /** Items by the path of their folder. */
  readonly folders: ReadonlyMap<string, readonly EncodedItem[]>
  /** Returns the bytes of a top-level file, or of a file of `item`. */
  bytesOf(path: string, item?: EncodedItem): Uint8Array
}

/**
 * Encodes what `memory` does not know, in slices of a few milliseconds. The first slice runs before this returns. So
 * the caller may change a small document right after calling `save`, but a larger one only after the save resolves.
 * Throws InvalidStateError, and what `check` throws.
 *
 * @param check called for items that `memory` does not know
 */
export async function encodeState(
  document: JsonObject,
  layout: Layout,
  memory: ItemMemory,
  check: ItemCheck,
): Promise<EncodedState> {
  const slice = new TimeSlice()
  const lists = layout.collections.map(({ name }) => {
    const items = document[name]
    return { name, items: Array.isArray(items) ? [...items] : [] }
  })
  const top = encodeHead(document, layout)
  const fresh = new Map(top)
  const folders = new Map<string, EncodedItem[]>()
  for (const { name, items } of lists) {
    for (let index = 0; index < items.length; index++) {
      const item: unknown = items[index]
      let encoded = memory.find(name, index, item)
      if (encoded === undefined) {
        check(name, index, item)
        const files = encodeItem(layout, name, index, item)
        const ids = new Map<string, ObjectId>()
        encoded = { collection: name, index, copy: deepCopy(item), ids }
        for (const [path, bytes] of files) {
          fresh.set(path, bytes)
          ids.set(
            path,
            bytes.length > BIG_OBJECT ? await objectIdInSlices('blob', bytes) : objectId('blob', bytes),
          )
        }
        memory.keep(item, encoded)
      }
      const { folder } = itemPlace(name, index)
      const others = folders.get(folder)
      if (others === undefined) folders.set(folder, [encoded])
      else others.push(encoded)
      if (slice.isOver()) await slice.next()
    }
  }
  const head = new Map<string, ObjectId>()
  for (const [path, bytes] of top) head.set(path, await objectIdInSlices('blob', bytes))
  return {
    head,
    folders,
    bytesOf: (path, item) =>
      fresh.get(path) ?? encodeItem(layout, item!.collection, item!.index, item!.copy).get(path)!,
  }
}

/** Returns the changes that make the tree `base` hold exactly this state. */
export async function editsTo(
  objects: ObjectStore,
  base: ObjectId | undefined,
  { head, folders, bytesOf }: EncodedState,
): Promise<Edits> {
  const edits = new ItemEdits()
  const slice = new TimeSlice()
  const trees = new Map<string, ObjectId>()
  const same = new Set<string>()
  const enter = (path: string, id: ObjectId): boolean => {
    const items = folders.get(path)
    if (items === undefined) return true
    trees.set(path, id)
    const isSame = items.every(({ foundIn }) => foundIn?.tree === id && foundIn.items === items.length)
    if (isSame) same.add(path)
    return !isSame
  }
  const before = base === undefined ? new Map<string, ObjectId>() : await blobsBelow(objects, base, { enter })
  const differing = new Set<string>()
  for (const [path, id] of head) {
    if (before.get(path) !== id) edits.set(path, bytesOf(path))
    before.delete(path)
  }
  for (const [folder, items] of folders) {
    if (same.has(folder)) continue
    for (const item of items) {
      const { collection, index, ids, copy: known } = item
      let isNew = true
      for (const path of ids.keys()) if (before.has(path)) isNew = false
      if (isNew) {
        const files = new Map([...ids.keys()].map((path) => [path, bytesOf(path, item)]))
        edits.add({ collection, index, files, known })
      }
      for (const [path, id] of ids) {
        if (before.get(path) !== id) {
          if (!isNew) edits.set(path, bytesOf(path, item))
          differing.add(folder)
        }
        before.delete(path)
      }
      if (slice.isOver()) await slice.next()
    }
  }
  for (const path of before.keys()) {
    edits.set(path, null)
    const place = parseItemPath(path)
    if (place !== undefined) differing.add(`${place.collection}/${place.folder}`)
  }
  for (const [folder, tree] of trees) {
    if (same.has(folder) || differing.has(folder)) continue
    const items = folders.get(folder)!
    for (const item of items) item.foundIn = { tree, items: items.length }
  }
  return edits
}
