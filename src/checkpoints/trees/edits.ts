/** The changes that a write makes in a tree. */
import type { EncodedPage } from '../../codec/index.ts'

/** Changed files by path; `null`: removed. */
export type Edits = Map<string, Uint8Array | null>

/** Edits that keep the decoded items of some files, so that these need not be decoded again. */
export class ItemEdits extends Map<string, Uint8Array | null> {
  /**
   * Decoded items, as `decodeItem` returns them, by the path of the item's JSON file and perhaps of files of its log.
   * Must not be changed.
   */
  readonly items = new Map<string, unknown>()
  /** The page of all these items, if it was made ahead. */
  page: EncodedPage | undefined

  /** @param item a copy that only the store uses; `undefined`: not known */
  setItem(files: ReadonlyMap<string, Uint8Array>, item: unknown): void {
    let isFirst = true
    for (const [path, bytes] of files) {
      this.set(path, bytes)
      if (isFirst && item !== undefined) this.items.set(path, item)
      isFirst = false
    }
  }
}
