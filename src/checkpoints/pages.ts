/**
 * Pages of turns. A page is made of what a turn brought: the items of a collection of messages whose files are others
 * than in the turn before. All that write checkpoints get their pages here, and so does whoever checks them.
 */
import { decodeItem, itemPlace, pagePath, parseItemName, parsePageName } from '../codec/index.ts'
import type { ObjectId } from '../ids.ts'
import { TimeSlice } from '../time-slice.ts'
import {
  type BlobIds,
  blobsChanged,
  blobsOfItem,
  type Edits,
  type Files,
  folderAt,
  itemOf,
  type TreeReader,
} from './trees/files.ts'
import {
  type EditedTree,
  editTree,
  entriesWith,
  findEntry,
  type Tree,
  type TreeStore,
} from './trees/objects.ts'

/** How pages are made of items. */
export interface PageRules {
  /** Whether the items of a collection are messages that people read. */
  isRead(collection: string): boolean
  /** What a page begins with. */
  head(seq: number): string
  section(item: TurnItem): string
}

/** An item that is new or another in a turn. */
export interface TurnItem {
  index: number
  item: unknown
  /** Whether the turn before had one at its place. */
  replaces: boolean
  files: Files
}

/** Reads trees and files, stored or about to be. */
export interface TurnReader extends TreeReader {
  readBlobs(blobs: BlobIds): Promise<Files>
}

/** A turn: its number, and its tree before and after. */
export interface Turn {
  seq: number
  /** Tree of the turn before; `undefined`: there was none. */
  before: ObjectId | undefined
  after: ObjectId
}

/** Whether a checkpoint of this kind, on this branch or line, ends a turn, and so may have pages. */
export const endsTurn = (kind: string, branch: string): boolean =>
  kind !== 'step' && kind !== 'fork' && !branch.startsWith('_')

/**
 * The tree of a checkpoint with its pages: where it ends a turn, one for each collection that the turn brought something
 * to; and none whose first item is gone. Throws CorruptError.
 *
 * @param isTurn whether it ends a turn
 */
export async function withPages(
  edited: EditedTree,
  files: TreeStore & TurnReader,
  { rules, isTurn, ...at }: Omit<Turn, 'after'> & { rules: PageRules; isTurn: boolean },
): Promise<EditedTree> {
  const turn = { ...at, after: edited.tree }
  const changed = await blobsChanged(files, turn.before, turn.after, (name) => rules.isRead(name))
  const edits = new Map<string, Uint8Array | null>()
  for (const path of await pagesAlone(files, turn.after, changed)) edits.set(path, null)
  if (isTurn) {
    for (const { path, make } of await turnPages(files, turn, rules, changed)) edits.set(path, await make())
  }
  if (edits.size === 0) return edited
  const { tree, objects } = await editTree(files, edited.tree, edits)
  return { tree, objects: [...(await withoutReplaced(files, edited, edits.keys())), ...objects] }
}

/**
 * The edits with the turn's pages, where all that they do to what people read is to add items to the turn before: the
 * same as `withPages` of the tree that they make, at half the cost. `undefined` where they do anything else.
 */
export async function withPagesOfNew(
  edits: Edits,
  read: TreeReader,
  { seq, before, rules }: Omit<Turn, 'after'> & { rules: PageRules },
): Promise<Edits | undefined> {
  const added = new Map<string, Map<number, Files>>()
  for (const [path, bytes] of edits) {
    const [collection = '', folder, entry, inside] = path.split('/')
    if (!rules.isRead(collection) || (folder === undefined && bytes !== null)) continue
    const index = entry === undefined || inside !== undefined ? undefined : parseItemName(entry)
    if (bytes === null || index === undefined) return undefined
    const items = added.get(collection) ?? new Map<number, Files>()
    added.set(collection, items.set(index, (items.get(index) ?? new Map()).set(path, bytes)))
  }
  const all: Edits = new Map(edits)
  for (const [collection, items] of added) {
    const found: Omit<TurnItem, 'item'>[] = []
    let at: { folder: string; tree: Tree | undefined } | undefined
    for (const [index, files] of [...items].sort(([a], [b]) => a - b)) {
      const { folder, stem } = itemPlace(collection, index)
      if (at?.folder !== folder)
        at = { folder, tree: before === undefined ? undefined : await folderAt(read, before, folder) }
      if (
        at.tree !== undefined &&
        entriesWith(at.tree, stem).some(({ name }) => parseItemName(name) === index)
      )
        return undefined
      found.push({ index, replaces: false, files })
    }
    all.set(pagePath(collection, found[0]!.index, seq), await pageOf(seq, found, rules))
  }
  return all
}

/**
 * The pages of a turn. They are not made yet: `make` does.
 *
 * @param changed paths that differ between its trees
 */
export async function turnPages(
  read: TurnReader,
  turn: Turn,
  rules: PageRules,
  changed?: ReadonlyMap<string, ObjectId | undefined>,
): Promise<{ path: string; make(): Promise<Buffer> }[]> {
  const { seq, before, after } = turn
  const paths = changed ?? (await blobsChanged(read, before, after, (name) => rules.isRead(name)))
  const pages: { path: string; make(): Promise<Buffer> }[] = []
  for (const [collection, indexes] of itemsAmong(paths.keys())) {
    const items: { index: number; blobs: BlobIds; replaces: boolean }[] = []
    for (const index of [...indexes].sort((a, b) => a - b)) {
      const blobs = await blobsOfItem(read, after, collection, index)
      if (blobs.size === 0) continue
      const replaces = (await blobsOfItem(read, before, collection, index)).size > 0
      items.push({ index, blobs, replaces })
    }
    const first = items.find(({ replaces }) => !replaces) ?? items[0]
    if (first === undefined) continue
    const make = async () => {
      const files = await read.readBlobs(new Map(items.flatMap(({ blobs }) => [...blobs])))
      const own = (blobs: BlobIds): Files =>
        new Map([...blobs.keys()].map((path) => [path, files.get(path)!]))
      const found = items.map(({ index, replaces, blobs }) => ({ index, replaces, files: own(blobs) }))
      return pageOf(seq, found, rules)
    }
    pages.push({ path: pagePath(collection, first.index, seq), make })
  }
  return pages
}

async function pageOf(
  seq: number,
  items: readonly Omit<TurnItem, 'item'>[],
  rules: PageRules,
): Promise<Buffer> {
  const slice = new TimeSlice()
  let text = rules.head(seq)
  for (const [n, item] of items.entries()) {
    if (text.length > LONGEST) {
      text += `\n… and ${items.length - n} more, each in its file.\n`
      break
    }
    text += rules.section({ ...item, item: decodeItem(item.files) })
    if (slice.isOver()) await slice.next()
  }
  return Buffer.from(text)
}

/** Characters; a page that has more ends with the item at hand. */
const LONGEST = 16 * 1024 * 1024

/** By collection, numbers of the items that these files are of. */
function itemsAmong(paths: Iterable<string>): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>()
  for (const path of paths) {
    const [collection = '', , entry = '', inside] = path.split('/')
    // An item that is a folder has a log, and is no message.
    const index = inside === undefined ? parseItemName(entry) : undefined
    if (index === undefined) continue
    const indexes = found.get(collection) ?? new Set()
    found.set(collection, indexes.add(index))
  }
  return found
}

/** Pages in a tree whose first item was among these files and is no longer there. */
async function pagesAlone(
  read: TreeReader,
  root: ObjectId,
  changed: ReadonlyMap<string, ObjectId | undefined>,
): Promise<string[]> {
  const gone = itemsAmong([...changed].flatMap(([path, id]) => (id === undefined ? [path] : [])))
  const alone: string[] = []
  for (const [collection, indexes] of gone) {
    for (const index of indexes) {
      const { folder, stem } = itemPlace(collection, index)
      const tree = await folderAt(read, root, folder)
      const entries = tree === undefined ? [] : entriesWith(tree, stem)
      if (entries.some((entry) => itemOf(entry) === index)) continue
      for (const { name } of entries)
        if (parsePageName(name)?.first === index) alone.push(`${folder}/${name}`)
    }
  }
  return alone
}

/** What was made for a tree, without the folders on the way to these files: they are made once more. */
async function withoutReplaced(
  read: TreeReader,
  { tree, objects }: EditedTree,
  paths: Iterable<string>,
): Promise<EditedTree['objects']> {
  const replaced = new Set([tree])
  for (const path of paths) {
    let id: ObjectId | undefined = tree
    for (const name of path.split('/').slice(0, -1)) {
      id = id && findEntry(await read.readTree(id), name)?.id
      if (id !== undefined) replaced.add(id)
    }
  }
  // One of a tree that is made twice stays.
  return objects.filter(({ id }) => !replaced.delete(id))
}
