/** The changes that a write makes in a tree. */
import type { EncodedPage } from '../../codec/index.ts'
import type { ObjectId } from '../../ids.ts'
import type { EditedTree } from './objects.ts'

/** Changed files by path; `null`: removed. */
export type Edits = Map<string, Uint8Array | null>

/** A new item: the edited tree has no file of its number, or the same edits remove that file. */
export interface AddedItem {
  readonly collection: string
  readonly index: number
  readonly files: ReadonlyMap<string, Uint8Array>
  /** The item as `decodeItem` returns it, if known. Must not be changed. */
  readonly known: unknown
}

/** Edits that know which files are those of new items, so that pages need neither search nor decode them. */
export class ItemEdits extends Map<string, Uint8Array | null> {
  /** New items by the path of each of their files. */
  readonly added = new Map<string, AddedItem>()
  /** The page of all these items, if it was made ahead. */
  page: EncodedPage | undefined

  /** Adds the files of a new item. */
  add(item: AddedItem): void {
    for (const [path, bytes] of item.files) {
      super.set(path, bytes)
      this.added.set(path, item)
    }
  }

  override set(path: string, bytes: Uint8Array | null): this {
    this.added.delete(path)
    return super.set(path, bytes)
  }
}

/** A finished tree, for which it is known what it changed. */
export interface ChangedTree extends EditedTree {
  /** The tree that was changed. */
  from: ObjectId | undefined
  /** The new items of each changed collection; `undefined` if more was changed than adding items. */
  added: ReadonlyMap<string, readonly AddedItem[] | undefined>
}
