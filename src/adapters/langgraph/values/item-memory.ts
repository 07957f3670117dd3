/**
 * Remembers which objects are stored, and as which files. A graph passes a whole list of messages at every step, and
 * most of them are the same objects as in the previous step. Unchanged objects need not be serialized again.
 *
 * An object's identity is not enough: what it contains is remembered as well, and compared each time, so that a message
 * that was changed in place is stored again.
 */
import { ITEMS_PER_FOLDER } from '../../../codec/index.ts'
import type { ObjectId } from '../../../ids.ts'
import { isUnchanged, type Trace } from './trace.ts'

/**
 * The files of one item, in the order of git's trees. The suffix is what follows the item's number in a file's name.
 */
export interface StoredItem {
  readonly files: readonly { readonly suffix: string; readonly id: ObjectId }[]
}

interface Memory {
  stored: StoredItem
  /** Where the item was stored, as far as `redact` depends on it. */
  readonly place: string
  readonly trace: Trace
}

/** A full folder of items that were all known. Compared as a whole, which is faster than one item after another. */
interface Folder {
  readonly items: readonly object[]
  /** Of the first item; it implies the other places. */
  readonly place: string
  readonly memories: readonly Memory[]
  /** Of all items together; made when the list is seen again. */
  trace: Trace | undefined
}

export class ItemMemory {
  readonly #items = new WeakMap<object, Memory>()
  /** The folders of the last list that begins with an item, by number. */
  readonly #lists = new WeakMap<object, (Folder | undefined)[]>()

  /**
   * Returns the stored form of each item; `undefined` if it is new or was changed.
   *
   * @param placeOf where the item of a number is to be stored
   */
  findAll(items: readonly object[], placeOf: (index: number) => string): (StoredItem | undefined)[] {
    const [first] = items
    if (first === undefined) return []
    const folders = this.#lists.get(first) ?? []
    this.#lists.set(first, folders)
    const found: (StoredItem | undefined)[] = []
    for (let from = 0; from < items.length; from += ITEMS_PER_FOLDER) {
      const inside = items.slice(from, from + ITEMS_PER_FOLDER)
      const number = from / ITEMS_PER_FOLDER
      const known = folders[number]
      if (known !== undefined && isAsKnown(known, inside, placeOf(from))) {
        for (const { stored } of known.memories) found.push(stored)
        continue
      }
      const memories = inside.map((item, index) => this.#find(item, placeOf(from + index)))
      for (const memory of memories) found.push(memory?.stored)
      folders[number] = folderOf(inside, placeOf(from), memories)
    }
    folders.length = Math.ceil(items.length / ITEMS_PER_FOLDER)
    return found
  }

  /** Replaces the remembered stored form of a found item by an equal object. */
  renew(item: object, stored: StoredItem): void {
    const memory = this.#items.get(item)
    if (memory !== undefined) memory.stored = stored
  }

  /** @param trace of the item when it was serialized; without one it is not remembered */
  keep(item: object, trace: Trace | undefined, stored: StoredItem, place: string): void {
    if (trace !== undefined) this.#items.set(item, { stored, place, trace })
  }

  #find(item: object, place: string): Memory | undefined {
    const memory = this.#items.get(item)
    return memory !== undefined && memory.place === place && isUnchanged(memory.trace) ? memory : undefined
  }
}

function isAsKnown(folder: Folder, items: readonly object[], place: string): boolean {
  const { items: before, memories } = folder
  if (items.length !== before.length || place !== folder.place) return false
  for (let n = 0; n < items.length; n++) if (items[n] !== before[n]) return false
  folder.trace ??= memories.flatMap(({ trace }) => trace)
  return isUnchanged(folder.trace)
}

function folderOf(
  items: readonly object[],
  place: string,
  memories: readonly (Memory | undefined)[],
): Folder | undefined {
  const isWhole = items.length === ITEMS_PER_FOLDER && memories.every((memory) => memory !== undefined)
  return isWhole ? { items, place, memories: memories as readonly Memory[], trace: undefined } : undefined
}
