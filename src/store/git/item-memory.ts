/**
 * Remembers the encoded items of states, so that a save encodes only new items. An item is identified by its object and
 * compared with a copy, because callers may change items in place.
 */
import type { ObjectId } from '../../ids.ts'
import { isCopyOf } from '../../json-value.ts'

/** An item with the ids of its files. */
export interface EncodedItem {
  readonly collection: string
  readonly index: number
  /** The item when it was encoded: a copy that shares only texts. */
  readonly copy: unknown
  readonly ids: ReadonlyMap<string, ObjectId>
  /** A tree that contains exactly `items` items of the document, this one among them, and no other file of it. */
  foundIn?: { readonly tree: ObjectId; readonly items: number }
}

export class ItemMemory {
  readonly #known = new WeakMap<object, EncodedItem>()

  /** Returns the encoded item; `undefined` if the item is new, was changed, or has another index. */
  find(collection: string, index: number, item: unknown): EncodedItem | undefined {
    const known = typeof item === 'object' && item !== null ? this.#known.get(item) : undefined
    if (known?.index !== index || known.collection !== collection) return undefined
    return isCopyOf(item, known.copy) ? known : undefined
  }

  keep(item: unknown, encoded: EncodedItem): void {
    if (typeof item === 'object' && item !== null) this.#known.set(item, encoded)
  }
}
