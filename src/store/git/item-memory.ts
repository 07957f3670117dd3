/**
 * Items of states as they were encoded, so that a save encodes only what is new. An item is known by its object, and only
 * while it is as it was: items are not frozen, and may be changed in place.
 */
import type { ObjectId } from '../../ids.ts'
import { isCopyOf } from '../../json-value.ts'

/** An item with the ids of its files. */
export interface EncodedItem {
  readonly collection: string
  readonly index: number
  /** The item as it was encoded: its objects are copied, its texts are shared. */
  readonly copy: unknown
  readonly ids: ReadonlyMap<string, ObjectId>
  /** A tree that holds, of a document's files, exactly those of so many items, and of this one among them. */
  foundIn?: { readonly tree: ObjectId; readonly items: number }
}

export class ItemMemory {
  readonly #known = new WeakMap<object, EncodedItem>()

  /** The item as it was encoded; `undefined` when it is new, another, or at another place. */
  find(collection: string, index: number, item: unknown): EncodedItem | undefined {
    const known = typeof item === 'object' && item !== null ? this.#known.get(item) : undefined
    if (known?.index !== index || known.collection !== collection) return undefined
    return isCopyOf(item, known.copy) ? known : undefined
  }

  keep(item: unknown, encoded: EncodedItem): void {
    if (typeof item === 'object' && item !== null) this.#known.set(item, encoded)
  }
}
