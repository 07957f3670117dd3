/**
 * Makes the pages of turns. A page shows what a turn added: the items of a collection of messages whose files differ
 * from those of the turn before. Writing and checking of pages both use this file.
 */
import { itemPlace, pagePath, parseItemName, parseItemPath, parsePageName } from '../../codec/index.ts'
import type { ObjectId } from '../../ids.ts'
import { type Edits, ItemEdits } from '../trees/edits.ts'
import {
  type BlobIds,
  blobsChanged,
  blobsOfItem,
  type Files,
  folderAt,
  itemOf,
  type TreeReader,
} from '../trees/files.ts'
import {
  type EditedTree,
  editTree,
  entriesWith,
  findEntry,
  type Tree,
  type TreeStore,
} from '../trees/objects.ts'
import {
  type ItemFiles,
  newRun,
  type PageRules,
  pageOf,
  runIndex,
  runsAmong,
  type TurnReader,
} from './turn-items.ts'

export type { PageRules, TurnItems, TurnReader } from './turn-items.ts'

/** A turn: its number, and the trees before and after it. */
export interface Turn {
  seq: number
  /** The tree of the turn before; `undefined` for the first turn. */
  before: ObjectId | undefined
  after: ObjectId
}

/** Returns whether a checkpoint of this kind, on this branch or line, ends a turn and so may have pages. */
export const endsTurn = (kind: string, branch: string): boolean =>
  kind !== 'step' && kind !== 'fork' && !branch.startsWith('_')

/**
 * Returns the tree of a checkpoint with pages. If it ends a turn, adds one page for each collection that the turn
 * changed. Removes pages whose first item was removed. Throws CorruptError.
 *
 * @param isTurn whether it ends a turn
 */
export async function withPages(
  edited: EditedTree,
  files: TreeStore & TurnReader,
  { rules, isTurn, ...at }: Omit<Turn, 'after'> & { rules: PageRules; isTurn: boolean },
): Promise<EditedTree> {
  const turn = { ...at, after: edited.tree }
  const changed = await blobsChanged(files, turn.before, turn.after, isToldBy(rules))
  const edits = new Map<string, Uint8Array | null>()
  for (const path of await pagesAlone(files, turn.after, changed, rules)) edits.set(path, null)
  if (isTurn) {
    for (const { path, make } of await turnPages(files, turn, rules, changed)) edits.set(path, await make())
  }
  if (edits.size === 0) return edited
  const { tree, objects } = await editTree(files, edited.tree, edits)
  return { tree, objects: [...(await withoutReplaced(files, edited, edits.keys())), ...objects] }
}

/**
 * Returns the edits with the turn's pages, if they only add items to the collections that pages show: the same as
 * `withPages` of the resulting tree, at half the cost. Returns `undefined` for other edits.
 */
export async function withPagesOfNew(
  edits: Edits,
  read: TreeReader,
  { seq, before, rules }: Omit<Turn, 'after'> & { rules: PageRules },
): Promise<Edits | undefined> {
  const ahead = edits instanceof ItemEdits ? edits.page : undefined
  if (ahead?.seq === seq) return new Map(edits).set(ahead.path, ahead.bytes)
  const told = isToldBy(rules)
  const known = edits instanceof ItemEdits ? edits.items : undefined
  const added = new Map<string, Map<number, NewItem>>()
  for (const [path, bytes] of edits) {
    const cut = path.indexOf('/')
    const collection = cut === -1 ? path : path.slice(0, cut)
    if (!told(collection) || (cut === -1 && bytes !== null)) continue
    const index = rules.isRead(collection) ? itemIndex(path) : runIndex(path)
    if (bytes === null || (index === undefined && rules.isRead(collection))) return undefined
    if (index === undefined) continue
    const items = added.get(collection) ?? new Map<number, NewItem>()
    const item = items.get(index) ?? { index, files: new Map(), known: undefined }
    item.files.set(path, bytes)
    item.known ??= known?.get(path)
    added.set(collection, items.set(index, item))
  }
  for (const [collection, items] of added)
    if (!(await areNew(read, before, collection, items.keys()))) return undefined
  const all: Edits = new Map(edits)
  for (const [collection, items] of added) {
    if (!rules.isRead(collection)) continue
    const found = [...items.values()].sort(byIndex)
    const runs = [...(added.get(rules.runsOf(collection) ?? '')?.values() ?? [])].sort(byIndex)
    const told = runs.map((run) => newRun(run, rules))
    all.set(pagePath(collection, found[0]!.index, seq), await pageOf(found, [], told, rules))
  }
  return all
}

/**
 * Returns the pages of a turn. `make` makes the page.
 *
 * @param changed paths that differ between the turn's trees
 */
export async function turnPages(
  read: TurnReader,
  turn: Turn,
  rules: PageRules,
  changed?: ReadonlyMap<string, ObjectId | undefined>,
): Promise<{ path: string; make(): Promise<Buffer> }[]> {
  const { seq, before, after } = turn
  const paths = changed ?? (await blobsChanged(read, before, after, isToldBy(rules)))
  const pages: { path: string; make(): Promise<Buffer> }[] = []
  for (const [collection, indexes] of itemsAmong(paths.keys(), rules)) {
    const items: { index: number; blobs: BlobIds; old: BlobIds }[] = []
    const removed: number[] = []
    for (const index of [...indexes].sort((a, b) => a - b)) {
      const blobs = await blobsOfItem(read, after, collection, index)
      if (blobs.size === 0) removed.push(index)
      else items.push({ index, blobs, old: await blobsOfItem(read, before, collection, index) })
    }
    const first = items.find(({ old }) => old.size === 0) ?? items[0]
    if (first === undefined) continue
    const make = async () => {
      const files = await read.readBlobs(new Map(items.flatMap(({ blobs }) => [...blobs])))
      const were = await read.readBlobs(new Map(items.flatMap(({ old }) => [...old])))
      const found = items.map(({ index, blobs, old }): ItemFiles => {
        const own = of(files, blobs)
        return old.size === 0 ? { index, files: own } : { index, files: own, before: of(were, old) }
      })
      const runs = rules.runsOf(collection)
      const told =
        runs === undefined ? [] : await runsAmong(paths.keys(), read, { before, after }, runs, rules)
      return pageOf(found, removed, told, rules)
    }
    pages.push({ path: pagePath(collection, first.index, seq), make })
  }
  return pages
}

/** Returns a function that tells whether pages show a collection. */
const isToldBy =
  (rules: PageRules) =>
  (collection: string): boolean =>
    rules.isRead(collection) || collection === rules.runsOf('messages')

/** Returns the number of the item to which a file belongs; `undefined` for files of items that are folders. */
function itemIndex(path: string): number | undefined {
  const place = parseItemPath(path)
  // An item that is a folder has a log, so it is not a message.
  return place === undefined || place.inside.length > 0 ? undefined : parseItemName(place.entry)
}

/** Returns whether a tree has none of these items. */
async function areNew(
  read: TreeReader,
  root: ObjectId | undefined,
  collection: string,
  indexes: Iterable<number>,
): Promise<boolean> {
  if (root === undefined) return true
  let at: { folder: string; tree: Tree | undefined } | undefined
  for (const index of indexes) {
    const { folder, stem } = itemPlace(collection, index)
    if (at?.folder !== folder) at = { folder, tree: await folderAt(read, root, folder) }
    const { tree } = at
    if (tree !== undefined && entriesWith(tree, stem).some(({ name }) => parseItemName(name) === index))
      return false
  }
  return true
}

const of = (files: Files, blobs: BlobIds): Files =>
  new Map([...blobs.keys()].map((path) => [path, files.get(path)!]))

/** A new item, with its decoded value if known. */
interface NewItem extends ItemFiles {
  known: unknown
}

const byIndex = (a: ItemFiles, b: ItemFiles): number => a.index - b.index

/** Returns the numbers of the messages to which these files belong, by collection. */
function itemsAmong(paths: Iterable<string>, rules: PageRules): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>()
  for (const path of paths) {
    const collection = path.slice(0, path.indexOf('/'))
    const index = rules.isRead(collection) ? itemIndex(path) : undefined
    if (index === undefined) continue
    const indexes = found.get(collection) ?? new Set()
    found.set(collection, indexes.add(index))
  }
  return found
}

/** Returns the paths of pages whose first item was removed by these changes. */
async function pagesAlone(
  read: TreeReader,
  root: ObjectId,
  changed: ReadonlyMap<string, ObjectId | undefined>,
  rules: PageRules,
): Promise<string[]> {
  const gone = itemsAmong(
    [...changed].flatMap(([path, id]) => (id === undefined ? [path] : [])),
    rules,
  )
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

/** Returns the objects made for a tree, without the folders of these files, because those folders are made again. */
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
  // Of an object that is there twice, one copy stays.
  return objects.filter(({ id }) => !replaced.delete(id))
}
