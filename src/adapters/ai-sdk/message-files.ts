/** The messages of checkpoints compared by the names and ids of their files, without reading one. */

import { type BlobIds, entriesOf, folderAt } from '../../checkpoints/trees/files.ts'
import { type ItemFolder, itemFolders } from '../../checkpoints/trees/item-folders.ts'
import type { ObjectStore } from '../../checkpoints/trees/objects.ts'
import { folderName, isGroup, parseItemName } from '../../codec/index.ts'
import type { ObjectId } from '../../ids.ts'

export const MESSAGES = 'messages'

/** Number of the first message that two trees do not share; as many as the shorter one has, if it begins the other. */
export async function firstDifference(objects: ObjectStore, a: ObjectId, b: ObjectId): Promise<number> {
  let next = 0
  for (let group = ''; ; ) {
    const ours = await foldersOf(objects, a, group)
    const theirs = new Map((await foldersOf(objects, b, group)).map(({ name, id }) => [name, id]))
    const different = ours.find(({ name, id }) => theirs.get(name) !== id)
    next = different?.first ?? ours.at(-1)?.end ?? next
    if (different === undefined || !isGroup(different.name)) break
    group = different.name
  }
  const [left, right] = [await itemsFrom(objects, a, next), await itemsFrom(objects, b, next)]
  while (left.has(next) && left.get(next) === right.get(next)) next++
  return next
}

/** What stands for the content of a message in a tree: its files by name and id; `undefined` when there is none. */
export async function messageMark(
  objects: ObjectStore,
  tree: ObjectId,
  index: number,
): Promise<string | undefined> {
  return (await itemsFrom(objects, tree, index)).get(index)
}

/** The files of a message: ids by path. */
export async function filesOf(objects: ObjectStore, tree: ObjectId, index: number): Promise<BlobIds> {
  const at = `${MESSAGES}/${folderName(index)}`
  const folder = await folderAt(objects, tree, at)
  const files: BlobIds = new Map()
  for (const { name, id } of folder === undefined ? [] : entriesOf(folder, `${at}/`)) {
    if (parseItemName(name) === index) files.set(`${at}/${name}`, id)
  }
  return files
}

async function foldersOf(objects: ObjectStore, tree: ObjectId, group: string): Promise<ItemFolder[]> {
  const folders = await folderAt(objects, tree, group === '' ? MESSAGES : `${MESSAGES}/${group}`)
  return folders === undefined ? [] : itemFolders(folders, group)
}

/** What stands for each message of the folder that one lies in. */
async function itemsFrom(objects: ObjectStore, tree: ObjectId, index: number): Promise<Map<number, string>> {
  const at = `${MESSAGES}/${folderName(index)}`
  const folder = await folderAt(objects, tree, at)
  const items = new Map<number, string>()
  for (const { name, id } of folder === undefined ? [] : entriesOf(folder, `${at}/`)) {
    const index = parseItemName(name)
    if (index !== undefined) items.set(index, `${items.get(index) ?? ''}${name} ${id}\n`)
  }
  return items
}
