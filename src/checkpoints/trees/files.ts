/** Reads all or some files of a checkpoint's tree. */

import {
  isGroup,
  isInItem,
  isOurs,
  itemPlace,
  mayHoldOurs,
  oursIn,
  parseItemName,
  parseItemPath,
} from '../../codec/index.ts'
import { CorruptError } from '../../errors.ts'
import type { GitObject } from '../../git/objects/object.ts'
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

const BLOB = '100644'
const FOLDER = '40000'

/**
 * Yields the plain files and folders of a folder. Leaves out everything else, such as symbolic links, as foreign.
 * Throws CorruptError if such an entry has a name that forkpoint uses.
 */
export function* entriesOf(tree: Tree, path = ''): Generator<TreeEntry> {
  for (let n = 0; n < entryCount(tree); n++) {
    const entry = entryAt(tree, n)
    if (entry.mode === BLOB || entry.mode === FOLDER) yield entry
    else checkPlain(entry, path)
  }
}

/** Throws CorruptError for an entry with a name that forkpoint uses, if it is neither a plain file nor a folder. */
function checkPlain(entry: TreeEntry, path: string): void {
  if (entry.mode !== BLOB && entry.mode !== FOLDER && standsForOurs(entry.name))
    throw noPlainFile(entry, path)
}

/** Returns whether forkpoint uses a name, in whichever folder. */
export const standsForOurs = (name: string): boolean =>
  isOurs(name) || ['messages', 'runs'].includes(name) || isGroup(name) || /^\d{4,}(?:[-.]|$)/.test(name)

/**
 * Returns the number of the item to which an entry in a folder of items belongs: a file of the item, or the folder of
 * an item with a log.
 */
export const itemOf = ({ name, mode }: Pick<TreeEntry, 'name' | 'mode'>): number | undefined =>
  (mode === FOLDER) === /^\d{6}$/.test(name) ? parseItemName(name) : undefined

/** Returns whether a folder that is named like an item is an item, and not foreign. */
export const isItemFolder = async (objects: TreeReader, id: ObjectId): Promise<boolean> =>
  [...entriesOf(await objects.readTree(id))].some(({ name, mode }) => mode === BLOB && isInItem(name))

/** Reads trees, either stored ones or those of an unfinished write. */
export interface TreeReader {
  readTree(id: ObjectId): Promise<Tree>
}

/** Reads trees and many objects, either stored ones or those of an unfinished write. */
export interface ObjectReader extends TreeReader {
  cachedTree(id: ObjectId): Tree | undefined
  readMany(ids: Iterable<ObjectId>, visit: (id: ObjectId, object: GitObject) => void): Promise<void>
}

/** Reads the folder at `path` below a tree; `undefined` if there is none. */
export async function folderAt(objects: TreeReader, root: ObjectId, path: string): Promise<Tree | undefined> {
  let tree = await objects.readTree(root)
  for (const name of path.split('/')) {
    const entry = findEntry(tree, name)
    if (entry?.mode !== FOLDER) return undefined
    tree = await objects.readTree(entry.id)
  }
  return tree
}

/** Returns the id of the file at `path` below a tree; `undefined` if there is none. */
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

/** Returns the files of an item that is not a folder, by path. */
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
    if (mode === BLOB && itemOf({ name, mode }) === index) blobs.set(`${folder}/${name}`, id)
  return blobs
}

/** Returns the files of an item that is a folder, by path, those of its log included. */
export async function blobsOfLog(
  objects: TreeReader,
  root: ObjectId | undefined,
  collection: string,
  index: number,
): Promise<BlobIds> {
  const blobs: BlobIds = new Map()
  const { folder, stem } = itemPlace(collection, index)
  const at = `${folder}/${stem}`
  const item = root === undefined ? undefined : await folderAt(objects, root, at)
  for (const { name, mode, id } of item === undefined ? [] : entriesOf(item, `${at}/`)) {
    const path = `${at}/${name}`
    if (mode === BLOB && isOurs(path)) blobs.set(path, id)
    if (mode !== FOLDER || !mayHoldOurs(path)) continue
    for (const inner of entriesOf(await objects.readTree(id), `${path}/`))
      if (inner.mode === BLOB && isOurs(`${path}/${inner.name}`)) blobs.set(`${path}/${inner.name}`, inner.id)
  }
  return blobs
}

/**
 * Returns all blobs below a tree, by path. Enters only folders for which `enter` does not return false. Leaves out
 * foreign files, unless `foreign` says that the tree is not a document's. Throws CorruptError if a tree has more
 * entries than a document can have: a few hundred bytes can stand for billions of folders.
 */
export async function blobsBelow(
  objects: ObjectReader,
  root: ObjectId,
  options: { at?: string; enter?: (path: string, id: ObjectId) => boolean; foreign?: boolean } = {},
): Promise<BlobIds> {
  const found: BlobIds = new Map()
  const counted = new CountedWalk(root)
  /** The log that was found last, and the folder of its item. */
  let last = { log: '', item: '' }
  const walk = async (tree: Tree, prefix: string, depth: number): Promise<void> => {
    if (depth > MOST_FOLDERS) throw tooMuch(root, `is more than ${MOST_FOLDERS} folders deep`)
    const place = options.foreign === true ? undefined : parseItemPath(prefix.slice(0, -1))
    const log = place?.inside.length === 1 ? { log: prefix, item: parentOf(prefix) } : undefined
    const inside: { path: string; id: ObjectId; same: string | undefined }[] = []
    const isOurFile = options.foreign === true ? undefined : oursIn(prefix)
    for (const { name, mode, id } of entriesOf(tree, prefix)) {
      const path = prefix + name
      counted.add(1)
      if (mode !== FOLDER) {
        if (isOurFile?.(name) === false) continue
        inside.push({ path, id, same: undefined })
        if (log === undefined) continue
        // Throws at the second log: a few kilobytes can stand for an item with thousands of logs, each with thousands
        // of files.
        if (log.item === last.item && log.log !== last.log) throw secondLog(prefix.slice(0, -1))
        last = log
      } else if ((options.foreign === true || mayHoldOurs(path)) && options.enter?.(path, id) !== false) {
        inside.push({ path, id, same: id })
      }
    }
    await counted.each(inside, ({ path, id, same }) => {
      if (same === undefined) {
        found.set(path, id)
        return undefined
      }
      const cached = objects.cachedTree(id)
      if (cached !== undefined) return walk(cached, `${path}/`, depth + 1)
      return objects.readTree(id).then((below) => walk(below, `${path}/`, depth + 1))
    })
  }
  const { at } = options
  const start = at === undefined ? await objects.readTree(root) : await folderAt(objects, root, at)
  if (start !== undefined) await walk(start, at === undefined ? '' : `${at}/`, 0)
  return found
}

/**
 * Returns the paths of a document's files that differ between two trees, each with its blob in `after`, or `undefined`
 * if it has none there. Throws CorruptError if the trees have more entries than a document can have.
 *
 * @param asked returns whether to enter a collection
 */
export async function blobsChanged(
  objects: TreeReader,
  before: ObjectId | undefined,
  after: ObjectId,
  asked: (collection: string) => boolean = () => true,
): Promise<Map<string, ObjectId | undefined>> {
  const changed = new Map<string, ObjectId | undefined>()
  const counted = new CountedWalk(after)
  const read = (id: ObjectId | undefined) => (id === undefined ? NO_ENTRIES : objects.readTree(id))
  const walk = async (
    from: ObjectId | undefined,
    to: ObjectId | undefined,
    prefix: string,
  ): Promise<void> => {
    const folders: { from: ObjectId | undefined; to: ObjectId | undefined; path: string; same: string }[] = []
    for (const { was, is } of entriesChanged(await read(from), await read(to))) {
      counted.add(1)
      const { name } = (is ?? was)!
      const path = prefix + name
      for (const entry of [was, is]) if (entry !== undefined) checkPlain(entry, prefix)
      const [a, b] = [was, is].map((entry) => (entry?.mode === FOLDER ? entry.id : undefined))
      if (a !== undefined || b !== undefined) {
        if (mayHoldOurs(path) && (prefix !== '' || asked(name)))
          folders.push({ from: a, to: b, path, same: `${a} ${b}` })
      } else if (isOurs(path)) {
        if (is?.mode === BLOB) changed.set(path, is.id)
        else if (was?.mode === BLOB && !changed.has(path)) changed.set(path, undefined)
      }
    }
    await counted.each(folders, (one) => walk(one.from, one.to, `${one.path}/`))
  }
  await walk(before, after, '')
  return changed
}

/**
 * Counts the entries of a walk over trees, and stops it early if there are too many: a few hundred bytes can stand for
 * almost endless trees.
 */
class CountedWalk {
  readonly #root: ObjectId
  #seen = 0

  constructor(root: ObjectId) {
    this.#root = root
  }

  /** Throws CorruptError if there are more entries than a document can have. */
  add(more: number): void {
    this.#seen += more
    if (this.#seen > MOST_ENTRIES)
      throw tooMuch(this.#root, `expands to more than ${MOST_ENTRIES} files and folders`)
  }

  /**
   * Visits all in order. Counts repeated ones, those with the same `same`, together when the first of them is visited.
   */
  async each<T extends { same: string | undefined }>(
    entries: readonly T[],
    visit: (entry: T) => Promise<void> | undefined,
  ): Promise<void> {
    const times = new Map<string, number>()
    for (const { same } of entries) if (same !== undefined) times.set(same, (times.get(same) ?? 0) + 1)
    const sizes = new Map<string, number>()
    for (const entry of entries) {
      const { same } = entry
      const known = same === undefined ? undefined : sizes.get(same)
      if (known !== undefined) this.#seen -= known
      const before = this.#seen
      const visiting = visit(entry)
      if (visiting !== undefined) await visiting
      if (same === undefined || known !== undefined) continue
      const size = this.#seen - before
      sizes.set(same, size)
      this.add(size * (times.get(same)! - 1))
    }
  }
}

/** Reads blobs, in the order of `blobs`. Throws CorruptError, also if they have more bytes than a document can have. */
export async function readBlobs(objects: ObjectReader, blobs: BlobIds, most = MOST_BYTES): Promise<Files> {
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

/** Enough for a million items, each with a few files, in folders. */
const MOST_ENTRIES = 4_000_000
/** Segments of a log are five folders deep. */
const MOST_FOLDERS = 16
/** Small files on the disk can be gigabytes in memory. */
const MOST_BYTES = 2 ** 31

const tooMuch = (id: ObjectId, what: string): CorruptError =>
  new CorruptError(`${id} ${what}. Forkpoint never writes this. Use the previous checkpoint.`, {
    object: id,
  })

const parentOf = (folder: string): string => folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1)

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
 * Returns whether the items that `made` changed are now as they were before it, or missing as they were. If it changed
 * no items, compares its other files instead.
 */
export async function isTakenBack(
  objects: ObjectReader,
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

/** Returns whether a file belongs to an item, not to the document itself. */
export const isItem = (path: string): boolean => path.includes('/')
