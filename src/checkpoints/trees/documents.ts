/** Documents, or what one needs of them, out of the trees of checkpoints. */
import { setImmediate } from 'node:timers/promises'
import { decodeDocument, decodeHead, parseFolderName, parseItemName } from '../../codec/index.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import type { TreeEntry } from '../../git/objects/tree.ts'
import type { ObjectId, SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { isSameName } from '../../ref-part.ts'
import { blobsBelow, entriesOf, folderAt, readBlobs } from './files.ts'

/** Lets others run between slices. */
export const pause = (): Promise<unknown> => setImmediate()

/** The document of a tree, as the session shows it. Throws CorruptError, naming the file. */
export async function readDocument(
  objects: ObjectStore,
  tree: ObjectId,
  session: SessionId,
): Promise<JsonObject> {
  const files = await readBlobs(objects, await blobsBelow(objects, tree))
  return shownAs(session, await decodeDocument(files, pause))
}

/** The top-level values; collections that are empty among them. */
export async function readFields(objects: ObjectStore, tree: ObjectId): Promise<JsonObject> {
  return decodeHead(await readBlobs(objects, await blobsBelow(objects, tree, { enter: () => false })))
}

/** The document with the id of the session it is read as, in full if that was given in short. */
export const shownAs = (session: SessionId, document: JsonObject): JsonObject =>
  typeof document.id === 'string' && isSameName(document.id, session)
    ? document
    : { ...document, id: session }

/** How many items a collection has in a tree; told by the names in its last folder that has any. */
export async function countItems(objects: ObjectStore, tree: ObjectId, collection: string): Promise<number> {
  const top = await folderAt(objects, tree, collection)
  if (top === undefined) return 0
  const folders = [...entriesOf(top)].flatMap(({ name, id }) => {
    const number = parseFolderName(name)
    return number === undefined ? [] : [{ number, name, id }]
  })
  // `10000` comes after `9999` although it sorts before.
  for (const { name } of folders.sort((a, b) => b.number - a.number)) {
    const items = await folderAt(objects, tree, `${collection}/${name}`)
    const numbers = items === undefined ? [] : [...entriesOf(items)].flatMap(numberOf)
    if (numbers.length > 0) return Math.max(...numbers) + 1
  }
  return 0
}

/** The number of an item by one of its entries: a file, or the folder that it is. */
function numberOf({ name, mode }: TreeEntry): number[] {
  const index = mode === '40000' || /\.(?:json|txt|bin)$/.test(name) ? parseItemName(name) : undefined
  return index === undefined ? [] : [index]
}
