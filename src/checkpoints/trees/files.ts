/** Reading the files of a checkpoint's tree, whole or in part. */

import {
  isGroup,
  isOurs,
  isPage,
  isRootFile,
  itemPlace,
  mayHoldOurs,
  parseItemName,
  parseItemPath,
} from '../../codec/index.ts'
import { CorruptError } from '../../errors.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import {
  entriesChanged,
  entriesWith,
  entryAt,
  entryCount,
  findEntry,
  NO_ENTRIES,
  type Tree,
  type TreeEntry,
} from '../../git/objects/tree.ts'
import type { ObjectId } from '../../ids.ts'

/** Blobs by path in the tree. */
export type BlobIds = Map<string, ObjectId>
export type Files = Map<string, Uint8Array>

/** Files that change, by path; `null`: gone. */
export type Edits = Map<string, Uint8Array | null>

const BLOB = '100644'
const FOLDER = '40000'

/**
 * Plain files and folders of a folder. What else there is, such as a symbolic link, is foreign and left out; where it
 * stands in the place of something of ours, that is a CorruptError.
 */
export function* entriesOf(tree: Tree, path = ''): Generator<TreeEntry> {
  for (let n = 0; n < entryCount(tree); n++) {
    const entry = entryAt(tree, n)
    if (entry.mode === BLOB || entry.mode === FOLDER) yield entry
    else checkPlain(entry, path)
  }
}

/** Throws CorruptError for what is no plain file and no folder, and has a name of ours. */
function checkPlain(entry: TreeEntry, path: string): void {
  if (entry.mode !== BLOB && entry.mode !== FOLDER && standsForOurs(entry.name))
    throw noPlainFile(entry, path)
}

/** Whether a name is one that something of ours has, wherever that lies. */
export const standsForOurs = (name: string): boolean =>
  isOurs(name) || ['messages', 'runs'].includes(name) || isGroup(name) || /^\d{4,}(?:[-.]|$)/.test(name)

/** What is in a tree beside the document, in order; of a folder that is foreign as a whole its name with a `/`. */
export async function foreignFiles(objects: ObjectStore, root: ObjectId): Promise<string[]> {
  const found: string[] = []
  const walk = async (id: ObjectId, prefix: string): Promise<void> => {
    const tree = await objects.readTree(id)
    for (let n = 0; n < entryCount(tree); n++) {
      const entry = entryAt(tree, n)
      const path = prefix + entry.name
      if (entry.mode !== FOLDER) {
        if (entry.mode !== BLOB || !(isOurs(path) || isRootFile(path) || isPage(path))) found.push(path)
      } else if (mayHoldOurs(path)) await walk(entry.id, `${path}/`)
      else found.push(`${path}/`)
      if (found.length >= MOST_FOREIGN) return
    }
  }
  await walk(root, '')
  return found
}

/** Where trees are read from: a repository, or what is about to be put into it. */
export interface TreeReader {
  readTree(id: ObjectId): Promise<Tree>
}

/** The folder at `path` below a tree; `undefined` when there is none. */
export async function folderAt(objects: TreeReader, root: ObjectId, path: string): Promise<Tree | undefined> {
  let tree = await objects.readTree(root)
  for (const name of path.split('/')) {
    const entry = findEntry(tree, name)
    if (entry?.mode !== FOLDER) return undefined
    tree = await objects.readTree(entry.id)
  }
  return tree
}

/** Id of the file at `path` below a tree; `undefined` when there is none. */
export async function blobAt(
  objects: TreeReader,
  root: ObjectId,
  path: string,
): Promise<ObjectId | undefined> {
  const cut = path.lastIndexOf('/')
  const tree = cut === -1 ? await objects.readTree(root) : await folderAt(objects, root, path.slice(0, cut))
  const entry = tree && findEntry(tree, path.slice(cut + 1))
  return entry?.mode === BLOB ? entry.id : undefined
}

/** The files of an item that is no folder, by path. */
export async function blobsOfItem(
  objects: TreeReader,
  root: ObjectId | undefined,
  collection: string,
  index: number,
): Promise<BlobIds> {
  const { folder, stem } = itemPlace(collection, index)
  const tree = root === undefined ? undefined : await folderAt(objects, root, folder)
  const blobs: BlobIds = new Map()
  for (const { name, mode, id } of tree === undefined ? [] : entriesWith(tree, stem))
    if (mode === BLOB && parseItemName(name) === index) blobs.set(`${folder}/${name}`, id)
  return blobs
}

/**
 * Every blob below a tree, by path; folders only where `enter` says so. What is foreign in a document's tree is left out,
 * unless `foreign` says that the tree is none. Throws CorruptError for a tree that unfolds
 * into more than a document has: a few hundred bytes can be billions of folders.
 */
export async function blobsBelow(
  objects: ObjectStore,
  root: ObjectId,
  options: { at?: string; enter?: (path: string) => boolean; foreign?: boolean } = {},
): Promise<BlobIds> {
  const found: BlobIds = new Map()
  let seen = 0
  const count = (more: number): void => {
    seen += more
    if (seen > MOST_ENTRIES) throw tooMuch(root, `expands to more than ${MOST_ENTRIES} files and folders`)
  }
  const walk = async (tree: Tree, prefix: string, depth: number): Promise<void> => {
    if (depth > MOST_FOLDERS) throw tooMuch(root, `is more than ${MOST_FOLDERS} folders deep`)
    let log: string | undefined
    const inside: { path: string; id: ObjectId; isFolder: boolean }[] = []
    // What is one tree several times is counted whole with the first of them, so that too much is refused early.
    const times = new Map<ObjectId, number>()
    for (const { name, mode, id } of entriesOf(tree, prefix)) {
      const path = prefix + name
      count(1)
      if (mode !== FOLDER) {
        if (options.foreign === true || isOurs(path)) inside.push({ path, id, isFolder: false })
      } else if ((options.foreign === true || mayHoldOurs(path)) && options.enter?.(path) !== false) {
        if (options.foreign !== true && parseItemPath(path)?.inside.length === 1) {
          if (log !== undefined) throw secondLog(path)
          log = path
        }
        inside.push({ path, id, isFolder: true })
        times.set(id, (times.get(id) ?? 0) + 1)
      }
    }
    const sizes = new Map<ObjectId, number>()
    for (const { path, id, isFolder } of inside) {
      if (!isFolder) {
        found.set(path, id)
        continue
      }
      const known = sizes.get(id)
      if (known !== undefined) seen -= known
      const before = seen
      await walk(objects.cachedTree(id) ?? (await objects.readTree(id)), `${path}/`, depth + 1)
      if (known !== undefined) continue
      const size = seen - before
      sizes.set(id, size)
      count(size * (times.get(id)! - 1))
    }
  }
  const { at } = options
  const start = at === undefined ? await objects.readTree(root) : await folderAt(objects, root, at)
  if (start !== undefined) await walk(start, at === undefined ? '' : `${at}/`, 0)
  return found
}

/**
 * Paths of a document's files that differ between two trees, with the blob that `after` has; `undefined` where it has none.
 *
 * @param asked of collections, only those that it says yes to
 */
export async function blobsChanged(
  objects: TreeReader,
  before: ObjectId | undefined,
  after: ObjectId,
  asked: (collection: string) => boolean = () => true,
): Promise<Map<string, ObjectId | undefined>> {
  const changed = new Map<string, ObjectId | undefined>()
  const read = (id: ObjectId | undefined) => (id === undefined ? NO_ENTRIES : objects.readTree(id))
  const walk = async (
    from: ObjectId | undefined,
    to: ObjectId | undefined,
    prefix: string,
  ): Promise<void> => {
    for (const { was, is } of entriesChanged(await read(from), await read(to))) {
      const { name } = (is ?? was)!
      const path = prefix + name
      for (const entry of [was, is]) if (entry !== undefined) checkPlain(entry, prefix)
      const folders = [was, is].map((entry) => (entry?.mode === FOLDER ? entry.id : undefined))
      if (folders.some((id) => id !== undefined)) {
        if (mayHoldOurs(path) && (prefix !== '' || asked(name)))
          await walk(folders[0], folders[1], `${path}/`)
      } else if (isOurs(path)) {
        if (is?.mode === BLOB) changed.set(path, is.id)
        else if (was?.mode === BLOB && !changed.has(path)) changed.set(path, undefined)
      }
    }
  }
  await walk(before, after, '')
  return changed
}

/** The blobs' bytes, in the order of `blobs`. Throws CorruptError, also when they are more than any document has. */
export async function readBlobs(objects: ObjectStore, blobs: BlobIds, most = MOST_BYTES): Promise<Files> {
  const bytes = new Map<string, Uint8Array>()
  let total = 0
  await objects.readMany(blobs.values(), (id, object) => {
    if (object.type !== 'blob')
      throw new CorruptError(`The object ${id} is a ${object.type}, but should be a file.`, { object: id })
    total += object.data.length
    if (total > most) throw tooMuch(id, `belongs to files that have more than ${most} bytes in total`)
    bytes.set(id, object.data)
  })
  const files: Files = new Map()
  for (const [path, id] of blobs) files.set(path, bytes.get(id)!)
  return files
}

/** More names than that tell nobody more. */
const MOST_FOREIGN = 1000
/** A million items, each with a few files, in folders. */
const MOST_ENTRIES = 4_000_000
/** A log's segments lie five folders deep. */
const MOST_FOLDERS = 16
/** Small files on the disk can be gigabytes in memory. */
const MOST_BYTES = 2 ** 31

const tooMuch = (id: ObjectId, what: string): CorruptError =>
  new CorruptError(`${id} ${what}. Forkpoint never writes this. Use the previous checkpoint.`, {
    object: id,
  })

/** Seen here already: a few kilobytes can be an item with thousands of logs, each with thousands of files. */
const secondLog = (path: string): CorruptError =>
  new CorruptError(
    `'${path}' is a second log of its item. Forkpoint never writes that; take the checkpoint before it.`,
    {
      file: path,
    },
  )

const noPlainFile = ({ name, mode }: TreeEntry, path: string): CorruptError =>
  new CorruptError(
    `'${path}${name}' is not a plain file (mode ${mode}). Forkpoint never writes this. Use the previous checkpoint.`,
    { file: path + name },
  )

/**
 * Whether the items that a tree brought are now what they were before it, or gone as they were; of a tree that brought
 * none, its other files.
 */
export async function isTakenBack(
  objects: ObjectStore,
  { before, made, now }: { before: ObjectId | undefined; made: ObjectId; now: ObjectId },
): Promise<boolean> {
  const changed = [...(await blobsChanged(objects, before, made)).keys()]
  const items = changed.filter(isItem)
  for (const path of items.length > 0 ? items : changed) {
    const was = before === undefined ? undefined : await blobAt(objects, before, path)
    if ((await blobAt(objects, now, path)) !== was) return false
  }
  return changed.length > 0
}

/** Whether a file belongs to an item, and not to the document itself. */
export const isItem = (path: string): boolean => path.includes('/')
