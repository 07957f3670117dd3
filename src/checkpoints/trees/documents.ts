/** Documents, or what one needs of them, out of the trees of checkpoints. */
import { setImmediate } from 'node:timers/promises'
import { decodeDocument, decodeHead, isGroup } from '../../codec/index.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import type { Tree } from '../../git/objects/tree.ts'
import type { ObjectId, SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { isSameName } from '../../ref-part.ts'
import { blobsBelow, entriesOf, folderAt, isItemFolder, itemOf, readBlobs } from './files.ts'
import { itemFolders } from './item-folders.ts'

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
  return top === undefined ? 0 : endOf(objects, top)
}

/** One more than the number of the last item; 0 when there is none. */
async function endOf(objects: ObjectStore, tree: Tree, group = ''): Promise<number> {
  for (const { name, id } of itemFolders(tree, group).reverse()) {
    const inside = await objects.readTree(id)
    if (!isGroup(name)) {
      for (const entry of [...entriesOf(inside)].sort((a, b) => (itemOf(b) ?? -1) - (itemOf(a) ?? -1))) {
        const number = itemOf(entry)
        if (number === undefined) break
        if (entry.mode !== '40000' || (await isItemFolder(objects, entry.id))) return number + 1
      }
    } else {
      const end = await endOf(objects, inside, name)
      if (end > 0) return end
    }
  }
  return 0
}
