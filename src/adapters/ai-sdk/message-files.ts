/** Compares the messages of checkpoints by names and ids of their files, without reading the files. */

import { entriesOf, folderAt, itemOf } from '../../checkpoints/trees/files.ts'
import { type ItemFolder, itemFolders } from '../../checkpoints/trees/item-folders.ts'
import type { ObjectStore } from '../../checkpoints/trees/objects.ts'
import { folderName, isGroup } from '../../codec/index.ts'
import type { ObjectId } from '../../ids.ts'

export const MESSAGES = 'messages'

/**
 * Number of the first message that differs in two trees; if one tree has the first messages of the other, the length of
 * the shorter one.
 */
export async function firstDifference(objects: ObjectStore, a: ObjectId, b: ObjectId): Promise<number> {
  return (await compare(objects, a, b, '')).next
}

/** Compares the folders of one level; `differs` is false if `a` has no message that `b` lacks. */
async function compare(
  objects: ObjectStore,
  a: ObjectId,
  b: ObjectId,
  group: string,
): Promise<{ next: number; differs: boolean }> {
  const theirs = new Map((await foldersOf(objects, b, group)).map(({ name, id }) => [name, id]))
  let next = 0
  for (const { name, id, first, end } of await foldersOf(objects, a, group)) {
    if (theirs.get(name) !== id) {
      const found = isGroup(name)
        ? await compare(objects, a, b, name)
        : await compareItems(objects, a, b, { first, end })
      if (found.differs) return found
    }
    next = end
  }
  return { next, differs: false }
}

/** Folders may differ only in a page. */
async function compareItems(
  objects: ObjectStore,
  a: ObjectId,
  b: ObjectId,
  { first, end }: { first: number; end: number },
): Promise<{ next: number; differs: boolean }> {
  const [left, right] = [await itemsFrom(objects, a, first), await itemsFrom(objects, b, first)]
  let next = first
  while (left.has(next) && left.get(next) === right.get(next)) next++
  return { next, differs: next < end }
}

/**
 * The names and ids of a message's files in a tree, which identify its content; `undefined` if there is no such
 * message.
 */
export async function messageMark(
  objects: ObjectStore,
  tree: ObjectId,
  index: number,
): Promise<string | undefined> {
  return (await itemsFrom(objects, tree, index)).get(index)
}

async function foldersOf(objects: ObjectStore, tree: ObjectId, group: string): Promise<ItemFolder[]> {
  const folders = await folderAt(objects, tree, group === '' ? MESSAGES : `${MESSAGES}/${group}`)
  return folders === undefined ? [] : itemFolders(folders, group)
}

/** The same for each message of a folder. */
async function itemsFrom(objects: ObjectStore, tree: ObjectId, index: number): Promise<Map<number, string>> {
  const at = `${MESSAGES}/${folderName(index)}`
  const folder = await folderAt(objects, tree, at)
  const items = new Map<number, string>()
  for (const entry of folder === undefined ? [] : entriesOf(folder, `${at}/`)) {
    const index = itemOf(entry)
    if (index !== undefined) items.set(index, `${items.get(index) ?? ''}${entry.name} ${entry.id}\n`)
  }
  return items
}
