/**
 * Reads what differs between two checkpoints. It compares the ids of files, so it reads only a part of a long session.
 */
import { countItems, pause, shownAs } from '../../checkpoints/trees/documents.ts'
import { type BlobIds, blobsBelow, blobsChanged, readBlobs } from '../../checkpoints/trees/files.ts'
import { decodeDocument, decodeItems, itemAt, missingItem, parseItemPath } from '../../codec/index.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import type { ObjectId, SessionId } from '../../ids.ts'
import type { UnsharedState } from '../backend.ts'

/** The tree of a checkpoint, and the session that shows it. */
export interface ShownTree {
  tree: ObjectId
  session: SessionId
}

/**
 * Returns both states without the items whose files are the same in both. Throws CorruptError, which names the file.
 */
export async function readDifference(
  objects: ObjectStore,
  [before, after]: readonly [ShownTree, ShownTree],
  collections: readonly string[],
): Promise<[UnsharedState, UnsharedState]> {
  const others = new Set<string>()
  const folders = new Map<string, Set<number>>()
  for (const path of (await blobsChanged(objects, before.tree, after.tree)).keys()) {
    const place = parseItemPath(path)
    if (place === undefined) continue
    if (!collections.includes(place.collection)) others.add(place.collection)
    else {
      const folder = `${place.collection}/${place.folder}`
      folders.set(folder, (folders.get(folder) ?? new Set()).add(itemAt(path)!))
    }
  }
  const read = async ({ tree, session }: ShownTree): Promise<UnsharedState> => {
    // A collection that is not one of this store is read as a field.
    const head = await blobsBelow(objects, tree, { enter: (path) => others.has(path.split('/')[0]!) })
    const fields = shownAs(session, await decodeDocument(await readBlobs(objects, head), pause))
    const items = await decodeItems(
      await readBlobs(objects, await blobsOfItems(objects, tree, folders)),
      pause,
    )
    await checkComplete(objects, tree, items, folders)
    return { fields, items }
  }
  return [await read(before), await read(after)]
}

async function blobsOfItems(
  objects: ObjectStore,
  tree: ObjectId,
  folders: ReadonlyMap<string, ReadonlySet<number>>,
): Promise<BlobIds> {
  const found: BlobIds = new Map()
  for (const [at, items] of folders) {
    const isWanted = (path: string) => items.has(itemAt(path)!)
    for (const [path, id] of await blobsBelow(objects, tree, { at, enter: isWanted }))
      if (isWanted(path)) found.set(path, id)
  }
  return found
}

/** Throws CorruptError for a missing item, unless it comes after the last item of its collection. */
async function checkComplete(
  objects: ObjectStore,
  tree: ObjectId,
  items: ReadonlyMap<string, ReadonlyMap<number, unknown>>,
  folders: ReadonlyMap<string, ReadonlySet<number>>,
): Promise<void> {
  for (const [folder, indexes] of folders) {
    const collection = folder.split('/')[0]!
    const gone = [...indexes].filter((index) => items.get(collection)?.has(index) !== true)
    if (gone.length === 0) continue
    const end = await countItems(objects, tree, collection)
    for (const index of gone) if (index < end) throw missingItem(collection, index)
  }
}
