/** Reads documents, or parts of them, from the trees of checkpoints. */
import { setImmediate } from 'node:timers/promises'
import { decodeDocument, decodeHead, isFolderName, isGroup } from '../../codec/index.ts'
import type { KeptCopies } from '../../git/database/kept-copies.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import type { Tree } from '../../git/objects/tree.ts'
import type { ObjectId, SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { isSameName } from '../../ref-part.ts'
import { TimeSlice } from '../../time-slice.ts'
import {
  blobsBelow,
  entriesOf,
  folderAt,
  isItemFolder,
  itemOf,
  type ObjectReader,
  readBlobs,
} from './files.ts'
import { copyOf, readItems } from './item-copies.ts'
import { type ItemFolder, itemFolders } from './item-folders.ts'

/** Lets other work run between time slices. */
export const pause = (): Promise<unknown> => setImmediate()

/**
 * Reads the document of a tree, as the session shows it. Throws CorruptError, which names the file.
 *
 * @param copies copies of full folders, which are read if given
 * @param keep keeps new copies after the answer; for the `mark`, see `Copies.write`
 */
export async function readDocument(
  objects: ObjectStore,
  tree: ObjectId,
  session: SessionId,
  { copies, keep }: { copies?: KeptCopies; keep?: CopyKeeping | undefined } = {},
): Promise<JsonObject> {
  const full: FullFolder[] = copies === undefined ? [] : await fullFolders(objects, tree)
  const decoded = new Map<string, readonly unknown[]>()
  const slice = new TimeSlice()
  for (const { path, id, first, end } of full) {
    const items = await readItems(copies!, id, slice)
    if (items?.length === end - first) decoded.set(path, items)
  }
  const blobs = await blobsBelow(objects, tree, { enter: (path) => !decoded.has(path) })
  const document = await decodeDocument(await readBlobs(objects, blobs), pause, undefined, decoded)
  if (keep !== undefined) {
    const made: (() => void)[] = []
    for (const { path, id, collection, first, end } of full) {
      const items = document[collection]
      if (decoded.has(path) || !Array.isArray(items) || items.length < end) continue
      const copy = await copyOf(copies!, id, items.slice(first, end), keep.mark, slice)
      if (copy !== undefined) made.push(copy)
    }
    if (made.length > 0) keep.later(() => oneByOne(made))
  }
  return shownAs(session, document)
}

export interface CopyKeeping {
  readonly mark: string
  /** Runs work when the caller has its answer. */
  later(work: () => Promise<void>): void
}

async function oneByOne(steps: readonly (() => void)[]): Promise<void> {
  for (const step of steps) {
    await pause()
    step()
  }
}

interface FullFolder extends ItemFolder {
  readonly collection: string
  readonly path: string
}

/** Returns the folders, of all collections, that may be full: all but those into which more items would go. */
async function fullFolders(objects: ObjectReader, tree: ObjectId): Promise<FullFolder[]> {
  const found: FullFolder[] = []
  for (const { name: collection, mode, id } of entriesOf(await objects.readTree(tree))) {
    if (mode !== '40000' || !isFolderName(collection)) continue
    for (const folder of itemFolders(await objects.readTree(id))) {
      const path = `${collection}/${folder.name}`
      if (!isGroup(folder.name)) found.push({ ...folder, collection, path })
      else
        for (const inside of itemFolders(await objects.readTree(folder.id), folder.name))
          found.push({ ...inside, collection, path: `${path}/${inside.name}` })
    }
  }
  return found
}

/** Reads the top-level values, empty collections included. */
export async function readFields(objects: ObjectReader, tree: ObjectId): Promise<JsonObject> {
  return decodeHead(await readBlobs(objects, await blobsBelow(objects, tree, { enter: () => false })))
}

/**
 * Returns the document with the id of the session as which it is read; keeps its own id if the other is a shortened
 * form of it.
 */
export const shownAs = (session: SessionId, document: JsonObject): JsonObject =>
  typeof document.id === 'string' && isSameName(document.id, session)
    ? document
    : { ...document, id: session }

/** Returns the number of items of a collection in a tree, from the names in its last folder with items. */
export async function countItems(objects: ObjectReader, tree: ObjectId, collection: string): Promise<number> {
  const top = await folderAt(objects, tree, collection)
  return top === undefined ? 0 : endOf(objects, top)
}

/** Returns one more than the number of the last item; 0 if there is none. */
async function endOf(objects: ObjectReader, tree: Tree, group = ''): Promise<number> {
  for (const { name, id } of itemFolders(tree, group).reverse()) {
    const inside = await objects.readTree(id)
    if (!isGroup(name)) {
      // Names of items begin with their number in six digits, so the last one has the highest.
      for (const entry of [...entriesOf(inside)].reverse()) {
        const number = itemOf(entry)
        if (number === undefined) continue
        if (entry.mode !== '40000' || (await isItemFolder(objects, entry.id))) return number + 1
      }
    } else {
      const end = await endOf(objects, inside, name)
      if (end > 0) return end
    }
  }
  return 0
}
