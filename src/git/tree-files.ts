/** Reads files of a tree of folders, folder by folder, level by level. */
import { CorruptError } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { expectType } from './object.ts'
import type { ObjectStore } from './object-store.ts'
import { TimeSlice } from './time-slice.ts'
import {
  entriesOf,
  entryAt,
  entryCount,
  findEntry,
  isFolderAt,
  parseTree,
  type Tree,
  type TreeEntry,
} from './tree.ts'

/** Which files; all of them where nothing is said. Paths have no slash at either end. */
export interface FileFilter {
  /** Only what is in this folder. */
  prefix?: string
  /** Folders that are not wanted are not read. */
  folder?: (path: string) => boolean
  file?: (path: string) => boolean
}

export interface FileLimits {
  /** Files at most. Default 1,000,000. */
  maxFiles?: number
  /** Bytes of all files together at most. Default 2 GiB. */
  maxBytes?: number
}

/** The entry at the path, whether file or folder; `undefined` when there is none. Throws CorruptError. */
export async function entryAtPath(
  store: ObjectStore,
  root: ObjectId,
  path: string,
): Promise<TreeEntry | undefined> {
  let entry: TreeEntry = { name: '', mode: '40000', id: root }
  for (const name of path.split('/')) {
    if (entry.mode !== '40000') return undefined
    const tree = store.cachedTree(entry.id) ?? (await store.readTree(entry.id))
    const next = findEntry(tree, name)
    if (next === undefined) return undefined
    entry = next
  }
  return entry
}

/** The folder at the path, `''` for the root; `undefined` when there is none. Throws CorruptError. */
export async function treeAt(store: ObjectStore, root: ObjectId, path: string): Promise<Tree | undefined> {
  if (path === '') return store.readTree(root)
  const entry = await entryAtPath(store, root, path)
  return entry?.mode === '40000' ? store.readTree(entry.id) : undefined
}

/**
 * Paths and ids of the wanted files, in the order of git's trees. Throws CorruptError for broken trees, for a
 * link or a submodule where a file was wanted, and for trees that unfold into more than `maxFiles`.
 */
export async function flattenTree(
  store: ObjectStore,
  root: ObjectId,
  filter: FileFilter & FileLimits = {},
): Promise<Map<string, ObjectId>> {
  const { prefix = '', maxFiles = 1_000_000 } = filter
  const found = new Map<string, ObjectId>()
  const start = await treeAt(store, root, prefix)
  if (start === undefined) return found
  const trees = await readBelow(store, start, prefix, { ...filter, maxFiles })
  const slice = new TimeSlice()
  const unfold = async (tree: Tree, path: string): Promise<void> => {
    if (slice.isOver()) await slice.next()
    for (const entry of entriesOf(tree)) {
      const inside = joined(path, entry.name)
      if (entry.mode === '40000') {
        const below = trees.get(entry.id)
        if (below !== undefined && isWanted(filter.folder, inside)) await unfold(below, inside)
      } else if (isWanted(filter.file, inside)) {
        if (entry.mode === '120000' || entry.mode === '160000') throw noFile(inside, entry.mode, root)
        if (found.size >= maxFiles) throw tooMuch(`more than ${maxFiles} files`, root)
        found.set(inside, entry.id)
      }
    }
  }
  await unfold(start, prefix)
  return found
}

/** Path and content of the wanted files, in the order of git's trees. Throws like `flattenTree`. */
export async function readFiles(
  store: ObjectStore,
  root: ObjectId,
  filter: FileFilter & FileLimits = {},
): Promise<Map<string, Uint8Array>> {
  const { maxBytes = 2 ** 31 } = filter
  const paths = await flattenTree(store, root, filter)
  const contents = new Map<ObjectId, Uint8Array>()
  let bytes = 0
  await store.readMany(paths.values(), (id, object) => {
    bytes += object.data.length
    if (bytes > maxBytes) throw tooMuch(`more than ${maxBytes} bytes of files`, root)
    contents.set(id, expectType(object, 'blob', id))
  })
  const files = new Map<string, Uint8Array>()
  for (const [path, id] of paths) files.set(path, contents.get(id)!)
  return files
}

/** The trees of all wanted folders below `start`, by id: a level at a time, to read each in the disk's order. */
async function readBelow(
  store: ObjectStore,
  start: Tree,
  prefix: string,
  { folder, maxFiles }: FileFilter & { maxFiles: number },
): Promise<Map<ObjectId, Tree>> {
  const trees = new Map<ObjectId, Tree>()
  const slice = new TimeSlice()
  let level: readonly { path: string; tree: Tree }[] = [{ path: prefix, tree: start }]
  let folders = 0
  for (let depth = 0; level.length > 0; depth++) {
    const below: { path: string; id: ObjectId }[] = []
    const missing = new Set<ObjectId>()
    for (const { path, tree } of level) {
      if (slice.isOver()) await slice.next()
      for (let n = 0; n < entryCount(tree); n++) {
        if (!isFolderAt(tree, n)) continue
        const { name, id } = entryAt(tree, n)
        const inside = joined(path, name)
        if (!isWanted(folder, inside)) continue
        // One tree may stand at many paths: a few hundred bytes can unfold into billions of folders.
        if (++folders > maxFiles) throw tooMuch(`more than ${maxFiles} folders`)
        below.push({ path: inside, id })
        if (trees.has(id)) continue
        const cached = store.cachedTree(id)
        if (cached === undefined) missing.add(id)
        else trees.set(id, cached)
      }
    }
    if (depth >= MAX_DEPTH && below.length > 0)
      throw tooMuch(`more than ${MAX_DEPTH} folders inside each other`)
    await store.readMany(missing, (id, object) => {
      const tree = parseTree(expectType(object, 'tree', id), id)
      store.keepTree(id, tree)
      trees.set(id, tree)
    })
    level = below.map(({ path, id }) => ({ path, tree: trees.get(id)! }))
  }
  return trees
}

const MAX_DEPTH = 256

const joined = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`)

const isWanted = (filter: ((path: string) => boolean) | undefined, path: string): boolean =>
  filter === undefined || filter(path)

const noFile = (path: string, mode: string, root: ObjectId): CorruptError =>
  new CorruptError(
    `'${path}' in tree ${root} should be a file and is a ${mode === '120000' ? 'symbolic link' : 'submodule'}.`,
    { object: root },
  )

const tooMuch = (what: string, root?: ObjectId): CorruptError =>
  new CorruptError(`A tree unfolds into ${what}. It was not written by forkpoint.`, { object: root })
