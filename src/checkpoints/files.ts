/** Reading the files of a checkpoint's tree, whole or in part. */
import { CorruptError } from '../errors.ts'
import type { ObjectStore } from '../git/object-store.ts'
import { entryAt, entryCount, findEntry, type Tree, type TreeEntry } from '../git/tree.ts'

/** Blobs by path in the tree. */
export type BlobIds = Map<string, string>
export type Files = Map<string, Uint8Array>

const BLOB = '100644'
const FOLDER = '40000'

/** Entries of a folder. Throws CorruptError for what has no place in a checkpoint, such as a symbolic link. */
export function* entriesOf(tree: Tree, path = ''): Generator<TreeEntry> {
  for (let n = 0; n < entryCount(tree); n++) {
    const entry = entryAt(tree, n)
    checkMode(entry, path)
    yield entry
  }
}

/** The folder at `path` below a tree; `undefined` when there is none. */
export async function folderAt(objects: ObjectStore, root: string, path: string): Promise<Tree | undefined> {
  let tree = await objects.readTree(root)
  for (const name of path.split('/')) {
    const entry = findEntry(tree, name)
    if (entry?.mode !== FOLDER) return undefined
    tree = await objects.readTree(entry.id)
  }
  return tree
}

/** Id of the file at `path` below a tree; `undefined` when there is none. */
export async function blobAt(objects: ObjectStore, root: string, path: string): Promise<string | undefined> {
  const cut = path.lastIndexOf('/')
  const tree = cut === -1 ? await objects.readTree(root) : await folderAt(objects, root, path.slice(0, cut))
  const entry = tree && findEntry(tree, path.slice(cut + 1))
  return entry?.mode === BLOB ? entry.id : undefined
}

/**
 * Every blob below a tree, by path; folders only where `enter` says so. Throws CorruptError for a tree that unfolds
 * into more than a document has: a few hundred bytes can be billions of folders.
 */
export async function blobsBelow(
  objects: ObjectStore,
  root: string,
  options: { at?: string; enter?: (path: string) => boolean } = {},
): Promise<BlobIds> {
  const found: BlobIds = new Map()
  let seen = 0
  const walk = async (tree: Tree, prefix: string, depth: number): Promise<void> => {
    if (depth > MOST_FOLDERS) throw tooMuch(root, `is more than ${MOST_FOLDERS} folders deep`)
    for (const { name, mode, id } of entriesOf(tree, prefix)) {
      const path = prefix + name
      if (++seen > MOST_ENTRIES)
        throw tooMuch(root, `unfolds into more than ${MOST_ENTRIES} files and folders`)
      if (mode !== FOLDER) found.set(path, id)
      else if (options.enter?.(path) !== false) {
        await walk(objects.cachedTree(id) ?? (await objects.readTree(id)), `${path}/`, depth + 1)
      }
    }
  }
  const { at } = options
  const start = at === undefined ? await objects.readTree(root) : await folderAt(objects, root, at)
  if (start !== undefined) await walk(start, at === undefined ? '' : `${at}/`, 0)
  return found
}

/** Paths of files that differ between two trees, with the blob that `after` has; `undefined` where it has none. */
export async function blobsChanged(
  objects: ObjectStore,
  before: string | undefined,
  after: string,
): Promise<Map<string, string | undefined>> {
  const changed = new Map<string, string | undefined>()
  const walk = async (from: string | undefined, to: string | undefined, prefix: string): Promise<void> => {
    const old = new Map<string, TreeEntry>()
    if (from !== undefined)
      for (const entry of entriesOf(await objects.readTree(from), prefix)) old.set(entry.name, entry)
    const now = to === undefined ? [] : [...entriesOf(await objects.readTree(to), prefix)]
    for (const entry of now) {
      const was = old.get(entry.name)
      old.delete(entry.name)
      if (was?.id === entry.id) continue
      const path = prefix + entry.name
      const [wasFolder, isFolder] = [was?.mode === FOLDER, entry.mode === FOLDER]
      if (wasFolder || isFolder)
        await walk(wasFolder ? was?.id : undefined, isFolder ? entry.id : undefined, `${path}/`)
      if (!isFolder) changed.set(path, entry.id)
    }
    for (const { name, mode, id } of old.values()) {
      if (mode === FOLDER) await walk(id, undefined, `${prefix}${name}/`)
      else changed.set(prefix + name, undefined)
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
      throw new CorruptError(`The object ${id} is a ${object.type} and should be a file.`, { object: id })
    total += object.data.length
    if (total > most) throw tooMuch(id, `is one of files that have more than ${most} bytes together`)
    bytes.set(id, object.data)
  })
  const files: Files = new Map()
  for (const [path, id] of blobs) files.set(path, bytes.get(id)!)
  return files
}

const MOST_ENTRIES = 1_000_000
/** A log's segments lie four folders deep. */
const MOST_FOLDERS = 16
/** Small files on the disk can be gigabytes in memory. */
const MOST_BYTES = 2 ** 31

const tooMuch = (id: string, what: string): CorruptError =>
  new CorruptError(`${id} ${what}. Forkpoint never writes that; take the checkpoint before it.`, {
    object: id,
  })

function checkMode({ name, mode }: TreeEntry, path: string): void {
  if (mode === BLOB || mode === FOLDER) return
  throw new CorruptError(
    `'${path}${name}' is no plain file (mode ${mode}). Forkpoint never writes that; take the checkpoint before it.`,
    {
      file: path + name,
    },
  )
}
