/** Documents, or what one needs of them, out of the trees of checkpoints. */
import { setImmediate } from 'node:timers/promises'
import { decodeDocumentSliced, decodeHead, parseItemName } from '../codec/index.ts'
import type { ObjectStore } from '../git/object-store.ts'
import type { SessionId } from '../ids.ts'
import type { JsonObject } from '../json-value.ts'
import { blobsBelow, entriesOf, folderAt, readBlobs } from './files.ts'

/** Lets others run between slices. */
export const pause = (): Promise<unknown> => setImmediate()

/** The document of a tree, as the session shows it. Throws CorruptError, naming the file. */
export async function readDocument(
  objects: ObjectStore,
  tree: string,
  session: SessionId,
): Promise<JsonObject> {
  const files = await readBlobs(objects, await blobsBelow(objects, tree))
  return shownAs(session, await decodeDocumentSliced(files, pause))
}

/** The top-level values; collections that are empty among them. */
export async function readFields(objects: ObjectStore, tree: string): Promise<JsonObject> {
  return decodeHead(await readBlobs(objects, await blobsBelow(objects, tree, { enter: () => false })))
}

/** The document with the id of the session it is read as. */
export const shownAs = (session: SessionId, document: JsonObject): JsonObject =>
  document.id === session ? document : { ...document, id: session }

/** How many items a collection has in a tree; told by the names of its last folder. */
export async function countItems(objects: ObjectStore, tree: string, collection: string): Promise<number> {
  const folders = await folderAt(objects, tree, collection)
  if (folders === undefined) return 0
  const last = newest([...entriesOf(folders)].map(({ name }) => name))
  const items = last === undefined ? undefined : await folderAt(objects, tree, `${collection}/${last}`)
  const numbers =
    items === undefined ? [] : [...entriesOf(items)].flatMap(({ name }) => parseItemName(name) ?? [])
  return numbers.length === 0 ? 0 : Math.max(...numbers) + 1
}

/** Folders are numbered; `10000` comes after `9999` although it sorts before. */
const newest = (names: readonly string[]): string | undefined =>
  names.reduce<string | undefined>((a, b) => (a === undefined || Number(b) > Number(a) ? b : a), undefined)
