/**
 * Makes the pages of a turn that only added items, as almost every turn does, before its tree is made: from the edits
 * that end the turn, and from the items that its steps added. The result is that of `withPages`.
 */
import { itemPlace, pagePath, parseItemName } from '../../codec/index.ts'
import type { ObjectId } from '../../ids.ts'
import { type AddedItem, type ChangedTree, type Edits, ItemEdits } from '../trees/edits.ts'
import { type BlobIds, blobsChanged, type Files, folderAt, type TreeReader } from '../trees/files.ts'
import { entriesWith, type Tree } from '../trees/objects.ts'
import {
  isToldBy,
  itemIndex,
  newRun,
  type PageRules,
  pageOf,
  runIndex,
  type TurnReader,
} from './turn-items.ts'

/** A turn whose tree is not made yet. */
export interface NewTurn {
  seq: number
  /** The tree of the turn before; `undefined` for the first turn. */
  before: ObjectId | undefined
  /** The tree that is edited: `before`, or the tree of the turn's last step. */
  parent: ObjectId | undefined
  rules: PageRules
}

/**
 * Returns the edits with the pages of the turn that they end. Returns `undefined` if the turn changed or removed items
 * that pages show.
 */
export async function withPagesOfNew(
  edits: Edits,
  read: TurnReader,
  turn: NewTurn,
): Promise<Edits | undefined> {
  const { rules, before, parent } = turn
  if (removesItems(edits, rules)) return undefined
  const ahead = edits instanceof ItemEdits && parent === before ? edits.page : undefined
  if (ahead?.seq === turn.seq) return new Map(edits).set(ahead.path, ahead.bytes)
  const found = new NewItems(rules)
  if (parent !== undefined && parent !== before) {
    const blobs = await addedBlobs(read, before, parent, rules)
    if (blobs === undefined) return undefined
    for (const [path, bytes] of await read.readBlobs(blobs)) found.addFile(path, bytes)
  }
  const added = edits instanceof ItemEdits ? edits.added : undefined
  const others: string[] = []
  for (const [path, bytes] of edits) {
    const item = added?.get(path)
    if (item !== undefined) found.addItem(item)
    else if (bytes !== null && path.includes('/') && found.addFile(path, bytes)) others.push(path)
  }
  if (others.length > 0 && !(await areNew(read, before, others, rules))) return undefined
  const all: Edits = new Map(edits)
  for (const [path, page] of await pagesOf(found, turn)) all.set(path, page)
  return all
}

/**
 * Returns the pages of a turn that made a finished tree. Returns `undefined` if the turn changed or removed items that
 * pages show.
 */
export async function pagesOfAdded(
  { added }: ChangedTree,
  turn: Pick<NewTurn, 'seq' | 'rules'>,
): Promise<Map<string, Uint8Array> | undefined> {
  const isTold = isToldBy(turn.rules)
  const found = new NewItems(turn.rules)
  for (const [collection, items] of added) {
    if (!isTold(collection)) continue
    if (items === undefined) return undefined
    for (const item of items) found.addItem(item)
  }
  return pagesOf(found, turn)
}

/** Returns whether the edits remove files of items that pages show. */
export function removesItems(edits: Edits, rules: PageRules): boolean {
  const isTold = isToldBy(rules)
  for (const [path, bytes] of edits) if (bytes === null && isTold(collectionOf(path))) return true
  return false
}

/** Returns one page for each collection with new items, by path. */
async function pagesOf(
  found: NewItems,
  { seq, rules }: Pick<NewTurn, 'seq' | 'rules'>,
): Promise<Map<string, Uint8Array>> {
  const pages = new Map<string, Uint8Array>()
  for (const collection of found.collections) {
    const items = rules.isRead(collection) ? found.of(collection) : []
    if (items.length === 0) continue
    const runs = found.of(rules.runsOf(collection)).map((run) => newRun(run, rules))
    pages.set(pagePath(collection, items[0]!.index, seq), await pageOf({ items, removed: [], runs }, rules))
  }
  return pages
}

interface NewItem {
  index: number
  files: Files
  known?: unknown
}

/** The items that a turn added, by collection. */
class NewItems {
  readonly #rules: PageRules
  readonly #isTold: (collection: string) => boolean
  readonly #items = new Map<string, Map<number, NewItem>>()

  constructor(rules: PageRules) {
    this.#rules = rules
    this.#isTold = isToldBy(rules)
  }

  get collections(): Iterable<string> {
    return this.#items.keys()
  }

  /** Returns the items of a collection, in order. */
  of(collection = ''): NewItem[] {
    const items = [...(this.#items.get(collection)?.values() ?? [])]
    return items.sort((a, b) => a.index - b.index)
  }

  /** Adds a whole item, if a page shows it. Does nothing if it was added before. */
  addItem({ collection, index, files, known }: AddedItem): void {
    const items = this.#itemsOf(collection)
    if (items?.has(index) === false) items.set(index, { index, files: new Map(files), known })
  }

  /** Adds a file to its item, or replaces its content. Returns whether a page shows the item. */
  addFile(path: string, bytes: Uint8Array): boolean {
    const collection = collectionOf(path)
    const items = this.#itemsOf(collection)
    const index = items && indexOf(path, collection, this.#rules)
    if (items === undefined || index === undefined) return false
    const item = items.get(index)
    if (item === undefined) items.set(index, { index, files: new Map([[path, bytes]]) })
    else item.files.set(path, bytes)
    return true
  }

  #itemsOf(collection: string): Map<number, NewItem> | undefined {
    const known = this.#items.get(collection)
    if (known !== undefined || !this.#isTold(collection)) return known
    const items = new Map<number, NewItem>()
    this.#items.set(collection, items)
    return items
  }
}

/** Returns the files that a turn's steps added to items; `undefined` if they did not only add items. */
async function addedBlobs(
  read: TreeReader,
  before: ObjectId | undefined,
  after: ObjectId,
  rules: PageRules,
): Promise<BlobIds | undefined> {
  const blobs: BlobIds = new Map()
  for (const [path, id] of await blobsChanged(read, before, after, isToldBy(rules))) {
    if (id === undefined) return undefined
    blobs.set(path, id)
  }
  return (await areNew(read, before, blobs.keys(), rules)) ? blobs : undefined
}

/** Returns whether a tree has none of the items to which these files belong. */
async function areNew(
  read: TreeReader,
  root: ObjectId | undefined,
  paths: Iterable<string>,
  rules: PageRules,
): Promise<boolean> {
  if (root === undefined) return true
  let at: { folder: string; tree: Tree | undefined } | undefined
  for (const path of paths) {
    const collection = collectionOf(path)
    const index = indexOf(path, collection, rules)
    if (index === undefined) continue
    const { folder, stem } = itemPlace(collection, index)
    if (at?.folder !== folder) at = { folder, tree: await folderAt(read, root, folder) }
    const { tree } = at
    if (tree !== undefined && entriesWith(tree, stem).some(({ name }) => parseItemName(name) === index))
      return false
  }
  return true
}

function collectionOf(path: string): string {
  const cut = path.indexOf('/')
  return cut === -1 ? path : path.slice(0, cut)
}

/** Returns the number of the item to which a file of a collection belongs; `undefined` if pages do not show it. */
const indexOf = (path: string, collection: string, rules: PageRules): number | undefined =>
  rules.isRead(collection) ? itemIndex(path) : runIndex(path)
