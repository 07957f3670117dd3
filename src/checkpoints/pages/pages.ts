/**
 * Makes the pages of turns. A page shows what a turn added: the items of a collection of messages whose files differ
 * from those of the turn before. Writing and checking of pages both use this file.
 */
import { itemPlace, pagePath, parsePageName } from '../../codec/index.ts'
import type { ObjectId } from '../../ids.ts'
import type { ChangedTree, Edits } from '../trees/edits.ts'
import {
  type BlobIds,
  blobsChanged,
  blobsOfItem,
  type Files,
  folderAt,
  itemOf,
  type TreeReader,
} from '../trees/files.ts'
import { type EditedTree, editTree, entriesWith, findEntry, type TreeStore } from '../trees/objects.ts'
import { pagesOfAdded } from './new-items.ts'
import {
  type ItemFiles,
  isToldBy,
  itemIndex,
  type PageRules,
  pageOf,
  runsAmong,
  type TurnReader,
} from './turn-items.ts'

export { removesItems, withPagesOfNew } from './new-items.ts'
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
  edited: EditedTree | ChangedTree,
  files: TreeStore & TurnReader,
  { rules, isTurn, ...at }: Omit<Turn, 'after'> & { rules: PageRules; isTurn: boolean },
): Promise<EditedTree> {
  const turn = { ...at, after: edited.tree }
  if (isTurn && 'added' in edited && edited.from === turn.before) {
    const pages = await pagesOfAdded(edited, { seq: turn.seq, rules })
    if (pages !== undefined) return withEdits(edited, files, pages)
  }
  const changed = await blobsChanged(files, turn.before, turn.after, isToldBy(rules))
  const edits: Edits = new Map()
  for (const path of await pagesAlone(files, turn.after, changed, rules)) edits.set(path, null)
  if (isTurn) {
    for (const { path, make } of await turnPages(files, turn, rules, changed)) edits.set(path, await make())
  }
  return withEdits(edited, files, edits)
}

/** Returns the tree after the edits. */
async function withEdits(edited: EditedTree, files: TreeStore, edits: Edits): Promise<EditedTree> {
  if (edits.size === 0) return edited
  const { tree, objects } = await editTree(files, edited.tree, edits)
  return { tree, objects: [...(await withoutReplaced(files, edited, edits.keys())), ...objects] }
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
      return pageOf({ items: found, removed, runs: told }, rules)
    }
    pages.push({ path: pagePath(collection, first.index, seq), make })
  }
  return pages
}

const of = (files: Files, blobs: BlobIds): Files =>
  new Map([...blobs.keys()].map((path) => [path, files.get(path)!]))

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
