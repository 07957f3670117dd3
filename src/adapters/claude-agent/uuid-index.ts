/**
 * Which entry has which `uuid`, without reading entries: the name of an entry's file ends in a short hash of its uuid,
 * so the listings of the folders are the index. Entries that share a hash are read and compared.
 */

import { entriesOf, folderAt } from '../../checkpoints/trees/files.ts'
import { itemFolders } from '../../checkpoints/trees/item-folders.ts'
import { type ObjectStore, parseTree, type Tree } from '../../checkpoints/trees/objects.ts'
import type { ObjectId } from '../../ids.ts'
import { hashOf, PAGE, pageOf, parseEntryName } from './entry-files.ts'

/** Folders of entries by id, with the first number of their page. */
type Folders = Map<ObjectId, number>

export class UuidIndex {
  readonly #numbers = new Map<string, number | readonly number[]>()

  get size(): number {
    return this.#numbers.size
  }

  /** Numbers of the entries that may have this uuid. */
  find(uuid: string): readonly number[] {
    const found = this.#numbers.get(hashOf(uuid))
    return found === undefined ? [] : typeof found === 'number' ? [found] : found
  }

  add(uuid: string, number: number): void {
    this.#add(hashOf(uuid), number)
  }

  /** Reads the listings of all folders of a tree. */
  static async of(objects: ObjectStore, tree: ObjectId): Promise<UuidIndex> {
    const index = new UuidIndex()
    await readFolders(objects, await foldersOf(objects, tree), (hash, number) => index.#add(hash, number))
    return index
  }

  /** Updates an index from the tree `from` to the tree `to`, reading only the folders that differ. */
  async follow(objects: ObjectStore, from: ObjectId, to: ObjectId): Promise<void> {
    const [before, after] = [await foldersOf(objects, from), await foldersOf(objects, to)]
    for (const id of [...before.keys()]) if (after.has(id)) before.delete(id) && after.delete(id)
    const [gone, come]: [[string, number][], [string, number][]] = [[], []]
    await readFolders(objects, before, (...one) => gone.push(one))
    await readFolders(objects, after, (...one) => come.push(one))
    for (const [hash, number] of gone) this.#delete(hash, number)
    for (const [hash, number] of come) this.#add(hash, number)
  }

  #add(hash: string, number: number): void {
    const known = this.#numbers.get(hash)
    if (known === undefined) this.#numbers.set(hash, number)
    else if (known !== number) this.#numbers.set(hash, [...new Set([known].flat()), number])
  }

  #delete(hash: string, number: number): void {
    const left = [this.#numbers.get(hash) ?? []].flat().filter((other) => other !== number)
    if (left.length === 0) this.#numbers.delete(hash)
    else this.#numbers.set(hash, left)
  }
}

async function readFolders(
  objects: ObjectStore,
  folders: Folders,
  visit: (hash: string, number: number) => void,
): Promise<void> {
  const each = ({ keys }: Tree, start: number) => {
    for (const name of keys) {
      const found = parseEntryName(name)
      if (found !== undefined) visit(found.hash, start + found.number)
    }
  }
  await objects.readMany(folders.keys(), (id, { data }) => each(parseTree(data, id), folders.get(id)!))
}

async function foldersOf(objects: ObjectStore, tree: ObjectId): Promise<Folders> {
  const folders: Folders = new Map()
  for (const { name } of entriesOf(await objects.readTree(tree))) {
    const page = pageOf(name)
    const top = page === undefined ? undefined : await folderAt(objects, tree, name)
    if (page === undefined || top === undefined) continue
    for (const { id } of itemFolders(top)) folders.set(id, page * PAGE)
  }
  return folders
}
