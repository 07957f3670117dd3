/**
 * A channel's folder in the tree of a checkpoint, in format 1. A list of objects is a collection, with one file per
 * item and 100 items per folder; any other value is a collection with that value as its only item. Only list items that
 * the parent's folder does not have become new files.
 */
import type { AddedItem } from '../../../checkpoints/trees/edits.ts'
import { entriesOf, itemOf } from '../../../checkpoints/trees/files.ts'
import { itemFolders } from '../../../checkpoints/trees/item-folders.ts'
import {
  BIG_OBJECT,
  ByteCache,
  changeTree,
  entriesChanged,
  findEntry,
  type NewObject,
  NO_ENTRIES,
  newObject,
  newObjectInSlices,
  type ObjectStore,
  objectId,
  type Tree,
  type TreeChange,
} from '../../../checkpoints/trees/objects.ts'
import { folderName, ITEMS_PER_FOLDER, isGroup, numbered } from '../../../codec/index.ts'
import { CorruptError } from '../../../errors.ts'
import type { ObjectId } from '../../../ids.ts'
import { TimeSlice } from '../../../time-slice.ts'
import type { StoredItem } from './item-memory.ts'

/** A list to store. */
export interface NewItems {
  /** The stored form of each item; `undefined` for a new item. */
  readonly stored: readonly (StoredItem | undefined)[]
  /** Returns the files of the item at `index`, by path. */
  encode(index: number): Promise<Map<string, Uint8Array>>
  /** Called with the stored form of an item. */
  kept(index: number, stored: StoredItem): void
}

/** An empty list. */
export const NO_ITEMS: NewItems = { stored: [], encode: async () => new Map(), kept: () => undefined }

/** A channel's new folder. Without a tree, there is no folder. */
export interface NewFolder {
  tree: ObjectId | undefined
  objects: NewObject[]
  /** The new items; `undefined` if others were changed, moved or removed. */
  added: readonly AddedItem[] | undefined
}

/** Reads and writes the folders of channels, and caches their contents by tree id. */
export class ChannelTrees {
  readonly #objects: ObjectStore
  readonly #chunks = new ByteCache<ObjectId, readonly StoredItem[]>(8 * 1024 * 1024)

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  /** Returns the items of a channel's folder, in order. Throws CorruptError if one is missing. */
  async items(folder: ObjectId): Promise<StoredItem[]> {
    const items: StoredItem[] = []
    const chunks = await this.#chunkIds(folder)
    const count = await this.#countIn(chunks)
    for (let n = 0; items.length < count; n++) {
      const chunk = await this.#chunk(chunks[n], n)
      items.push(...chunk)
      if (items.length < Math.min(count, (n + 1) * ITEMS_PER_FOLDER)) throw missing(items.length, folder)
    }
    return items
  }

  /** Returns the number of items in a channel's folder. */
  async count(folder: ObjectId): Promise<number> {
    return this.#countIn(await this.#chunkIds(folder))
  }

  /**
   * Remembers that two trees, and the folders below them, differ only in pages: what is known of the items of one is
   * known of the other.
   */
  learn(made: ObjectId, stored: ObjectId): void {
    const [before, after] = [this.#objects.cachedTree(made), this.#objects.cachedTree(stored)]
    if (before === undefined || after === undefined) return
    for (const { was, is } of entriesChanged(before, after)) {
      if (was?.mode !== FOLDER || is?.mode !== FOLDER) continue
      const items = this.#chunks.get(was.id)
      if (items === undefined) this.learn(was.id, is.id)
      else this.#remember(is.id, items)
    }
  }

  /**
   * Makes the folder with exactly these items, and with the foreign files of the previous folder.
   *
   * @param before the parent's folder, if there is one
   * @param folder name of the folder
   */
  async write(before: ObjectId | undefined, folder: string, items: NewItems): Promise<NewFolder> {
    const { stored } = items
    const objects: NewObject[] = []
    const added: AddedItem[] = []
    let onlyAdds = true
    const oldChunks = before === undefined ? [] : await this.#chunkIds(before)
    let elsewhere: Promise<ReadonlySet<ObjectId>> | undefined
    const isThere = async (id: ObjectId): Promise<boolean> => {
      elsewhere ??= this.#blobs(before)
      return (await elsewhere).has(id)
    }
    const slice = new TimeSlice()
    const changes: TreeChange[] = []
    const chunks = Math.ceil(stored.length / ITEMS_PER_FOLDER)
    for (let n = 0; n < Math.max(chunks, oldChunks.length); n++) {
      const first = n * ITEMS_PER_FOLDER
      const count = Math.max(0, Math.min(ITEMS_PER_FOLDER, stored.length - first))
      const oldId = oldChunks[n]
      const old = await this.#chunk(oldId, n)
      const same = startOf(old, stored, first, count)
      if (same.length === count && old.length === count) continue
      const chunk = [...same]
      for (let j = chunk.length; j < count; j++) {
        const place = { folder, index: first + j, was: old[j] }
        const { item, files } = await this.#place(place, items, objects, isThere)
        chunk.push(item)
        if (old[j] !== undefined) onlyAdds &&= item === old[j]
        else if (files === undefined) onlyAdds = false
        else added.push({ collection: folder, index: first + j, files, known: undefined })
        if (slice.isOver()) await slice.next()
      }
      if (chunk.length === old.length && chunk.every((item, j) => item === old[j])) continue
      onlyAdds &&= chunk.length >= old.length
      const entry = await this.#writeChunk(oldId, first, old, chunk, objects)
      changes.push({ name: folderName(first), entry })
    }
    if (changes.length === 0) return { tree: before, objects: [], added }
    const top = await this.#tree(before)
    const direct = changes.filter(({ name }) => !name.includes('/'))
    for (const [group, inside] of byGroup(changes)) {
      const old = findEntry(top, group)
      const tree = changeTree(await this.#tree(old?.id), inside)
      direct.push({ name: group, entry: this.#folder(tree, objects) })
    }
    const tree = this.#folder(changeTree(top, direct), objects)?.id
    return { tree, objects, added: onlyAdds ? added : undefined }
  }

  /** Places an item. Returns its stored form, and its files if they were made. */
  async #place(
    { folder, index, was }: { folder: string; index: number; was: StoredItem | undefined },
    items: NewItems,
    objects: NewObject[],
    isThere: (id: ObjectId) => Promise<boolean>,
  ): Promise<{ item: StoredItem; files?: Map<string, Uint8Array> }> {
    const stored = items.stored[index]
    if (stored !== undefined && was !== undefined && isSame(stored, was)) {
      items.kept(index, was)
      return { item: was }
    }
    // The item only moved. An item with several files is rewritten instead, because their names contain its number.
    if (stored?.files.length === 1 && (await isThere(stored.files[0]!.id))) return { item: stored }
    const start = `${folder}/${folderName(index)}/${numbered(index)}`
    const blobs: { suffix: string; blob: NewObject }[] = []
    const files = await items.encode(index)
    for (const [path, bytes] of files) {
      const blob =
        bytes.length > BIG_OBJECT ? await newObjectInSlices('blob', bytes) : newObject('blob', bytes)
      blobs.push({ suffix: path.slice(start.length), blob })
    }
    blobs.sort((a, b) => (a.suffix < b.suffix ? -1 : 1))
    const made: StoredItem = { files: blobs.map(({ suffix, blob }) => ({ suffix, id: blob.id })) }
    if (was !== undefined && isSame(made, was)) {
      items.kept(index, was)
      return { item: was }
    }
    objects.push(...blobs.map(({ blob }) => blob))
    items.kept(index, made)
    return { item: made, files }
  }

  async #writeChunk(
    oldId: ObjectId | undefined,
    first: number,
    old: readonly StoredItem[],
    chunk: readonly StoredItem[],
    objects: NewObject[],
  ): Promise<TreeChange['entry']> {
    const changes = new Map<string, TreeChange>()
    for (let j = 0; j < Math.max(old.length, chunk.length); j++) {
      if (old[j] === chunk[j]) continue
      const number = numbered(first + j)
      for (const { suffix } of old[j]?.files ?? [])
        changes.set(number + suffix, { name: number + suffix, entry: null })
      for (const { suffix, id } of chunk[j]?.files ?? [])
        changes.set(number + suffix, { name: number + suffix, entry: { mode: '100644', id } })
    }
    const entry = this.#folder(changeTree(await this.#tree(oldId), [...changes.values()]), objects)
    if (entry !== null) this.#remember(entry.id, chunk)
    return entry
  }

  /** Returns the tree entry of a folder; null if the folder is empty. */
  #folder(tree: Tree, objects: NewObject[]): TreeChange['entry'] {
    if (tree.keys.length === 0) return null
    const id = objectId('tree', tree.data)
    objects.push({ id, type: 'tree', data: tree.data })
    this.#objects.keepTree(id, tree)
    return { mode: FOLDER, id }
  }

  async #blobs(folder: ObjectId | undefined): Promise<ReadonlySet<ObjectId>> {
    const items = folder === undefined ? [] : await this.items(folder)
    return new Set(items.flatMap(({ files }) => files.map(({ id }) => id)))
  }

  /** Returns the ids of the folders of 100, by number. Some may contain only foreign files. */
  async #chunkIds(folder: ObjectId): Promise<(ObjectId | undefined)[]> {
    const chunks: (ObjectId | undefined)[] = []
    const add = async (tree: ObjectId, group = ''): Promise<void> => {
      for (const { name, id, first } of itemFolders(await this.#tree(tree), group)) {
        if (isGroup(name)) await add(id, name)
        else chunks[first / ITEMS_PER_FOLDER] = id
      }
    }
    await add(folder)
    return chunks
  }

  async #countIn(chunks: readonly (ObjectId | undefined)[]): Promise<number> {
    for (let n = chunks.length - 1; n >= 0; n--) {
      const { length } = await this.#chunk(chunks[n], n)
      if (length > 0) return n * ITEMS_PER_FOLDER + length
    }
    return 0
  }

  /** Returns the items of the folder of 100 with this number. */
  async #chunk(id: ObjectId | undefined, n: number): Promise<readonly StoredItem[]> {
    if (id === undefined) return []
    const known = this.#chunks.get(id)
    if (known !== undefined) return known
    const byNumber = new Map<number, { suffix: string; id: ObjectId }[]>()
    for (const entry of entriesOf(await this.#tree(id))) {
      const number = entry.mode === '100644' ? itemOf(entry) : undefined
      if (number === undefined) continue
      const files = byNumber.get(number) ?? []
      files.push({ suffix: entry.name.slice(numbered(number).length), id: entry.id })
      byNumber.set(number, files)
    }
    const items: StoredItem[] = []
    for (let number = n * ITEMS_PER_FOLDER; items.length < byNumber.size; number++) {
      const files = byNumber.get(number)
      if (files === undefined) throw missing(number, id)
      items.push({ files })
    }
    this.#remember(id, items)
    return items
  }

  #remember(id: ObjectId, items: readonly StoredItem[]): void {
    this.#chunks.set(id, items, 200 + items.length * 180)
  }

  #tree(id: ObjectId | undefined): Tree | Promise<Tree> {
    return id === undefined ? NO_ENTRIES : (this.#objects.cachedTree(id) ?? this.#objects.readTree(id))
  }
}

const FOLDER = '40000'

/** Returns the unchanged items at the start of a folder of 100: `old` itself, or a part of it. */
function startOf(
  old: readonly StoredItem[],
  stored: readonly (StoredItem | undefined)[],
  first: number,
  count: number,
): readonly StoredItem[] {
  const most = Math.min(old.length, count)
  let same = 0
  while (same < most && stored[first + same] === old[same]) same++
  return same === old.length ? old : old.slice(0, same)
}

/** Returns the changes of folders inside a folder of 10,000 items, by the name of the latter. */
function byGroup(changes: readonly TreeChange[]): Map<string, TreeChange[]> {
  const groups = new Map<string, TreeChange[]>()
  for (const { name: path, entry } of changes) {
    const [group = '', name] = path.split('/')
    if (name !== undefined) groups.set(group, [...(groups.get(group) ?? []), { name, entry }])
  }
  return groups
}

const isSame = (a: StoredItem, b: StoredItem): boolean =>
  a === b ||
  (a.files.length === b.files.length &&
    a.files.every(({ suffix, id }, n) => suffix === b.files[n]!.suffix && id === b.files[n]!.id))

const missing = (item: number, tree: ObjectId): CorruptError =>
  new CorruptError(`Item ${item} of a channel is missing, although later ones exist.`, { object: tree })
