/** The messages of checkpoints compared by the names and ids of their files, without reading one. */

import { entriesOf, folderAt } from '../../checkpoints/trees/files.ts'
import type { ObjectStore } from '../../checkpoints/trees/objects.ts'
import { folderName, parseFolderName, parseItemName } from '../../codec/index.ts'
import type { ObjectId } from '../../ids.ts'

export const MESSAGES = 'messages'

/** Number of the first message that two trees do not share; as many as the shorter one has, if it begins the other. */
export async function firstDifference(objects: ObjectStore, a: ObjectId, b: ObjectId): Promise<number> {
  const [ours, theirs] = [await foldersOf(objects, a), await foldersOf(objects, b)]
  for (let folder = 0; ; folder++) {
    const [mine, other] = [ours.get(folder), theirs.get(folder)]
    if (mine !== undefined && mine === other) continue
    const [left, right] = [await itemsIn(objects, a, folder), await itemsIn(objects, b, folder)]
    for (let index = folder * PER_FOLDER; index < (folder + 1) * PER_FOLDER; index++) {
      if (!left.has(index) || left.get(index) !== right.get(index)) return index
    }
  }
}

/** What stands for the content of a message in a tree: its files by name and id; `undefined` when there is none. */
export async function messageMark(
  objects: ObjectStore,
  tree: ObjectId,
  index: number,
): Promise<string | undefined> {
  return (await itemsIn(objects, tree, Math.floor(index / PER_FOLDER))).get(index)
}

const PER_FOLDER = 100

async function foldersOf(objects: ObjectStore, tree: ObjectId): Promise<Map<number, string>> {
  const folders = await folderAt(objects, tree, MESSAGES)
  const found = new Map<number, string>()
  for (const { name, id } of folders === undefined ? [] : entriesOf(folders, `${MESSAGES}/`)) {
    const number = parseFolderName(name)
    if (number !== undefined) found.set(number, id)
  }
  return found
}

async function itemsIn(objects: ObjectStore, tree: ObjectId, number: number): Promise<Map<number, string>> {
  const at = `${MESSAGES}/${folderName(number * PER_FOLDER)}`
  const folder = await folderAt(objects, tree, at)
  const items = new Map<number, string>()
  for (const { name, id } of folder === undefined ? [] : entriesOf(folder, `${at}/`)) {
    const index = parseItemName(name)
    if (index !== undefined) items.set(index, `${items.get(index) ?? ''}${name} ${id}\n`)
  }
  return items
}
