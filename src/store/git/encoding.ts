/** A whole document as the files of its tree, with their ids, without holding up the event loop. */

import { blobsBelow } from '../../checkpoints/trees/files.ts'
import type { Edits } from '../../checkpoints/writing.ts'
import { encodeHead, encodeItem, type Layout } from '../../codec/index.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { BIG_OBJECT, objectId, objectIdInSlices } from '../../git/objects/object.ts'
import type { ObjectId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { TimeSlice } from '../../time-slice.ts'

export interface EncodedFile {
  id: string
  bytes: Uint8Array
}

export type EncodedFiles = Map<string, EncodedFile>

/**
 * Encodes in slices of a few milliseconds. What fits into the first is encoded before this returns, so that a small
 * document may be changed as soon as the save was called; a larger one has to stay as it is until the save resolves.
 * Throws InvalidStateError.
 */
export async function encodeFiles(document: JsonObject, layout: Layout): Promise<EncodedFiles> {
  const files: EncodedFiles = new Map()
  const slice = new TimeSlice()
  const add = async (encoded: Map<string, Uint8Array>): Promise<void> => {
    for (const [path, bytes] of encoded) {
      const big = bytes.length > BIG_OBJECT
      files.set(path, { id: big ? await objectIdInSlices('blob', bytes) : objectId('blob', bytes), bytes })
    }
  }
  const lists = layout.collections.map(({ name }) => {
    const items = document[name]
    return { name, items: Array.isArray(items) ? [...items] : [] }
  })
  const head = add(encodeHead(document, layout))
  const rest = (async () => {
    for (const { name, items } of lists) {
      for (const [index, item] of items.entries()) {
        const encoded = encodeItem(layout, name, index, item)
        for (const [path, bytes] of encoded) {
          if (bytes.length > BIG_OBJECT) await add(new Map([[path, bytes]]))
          else files.set(path, { id: objectId('blob', bytes), bytes })
        }
        if (slice.isOver()) await slice.next()
      }
    }
  })()
  await Promise.all([head, rest])
  return files
}

/** What has to change in the tree `base` so that it holds exactly these files. */
export async function editsTo(
  objects: ObjectStore,
  base: ObjectId | undefined,
  files: EncodedFiles,
): Promise<Edits> {
  const edits: Edits = new Map()
  const before = base === undefined ? new Map<string, ObjectId>() : await blobsBelow(objects, base)
  for (const [path, { id, bytes }] of files) if (before.get(path) !== id) edits.set(path, bytes)
  for (const path of before.keys()) if (!files.has(path)) edits.set(path, null)
  return edits
}
