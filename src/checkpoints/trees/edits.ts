/** What a write changes in a tree. */

/** Files that change, by path; `null`: gone. */
export type Edits = Map<string, Uint8Array | null>

/** Edits that know what some of their files hold, so that nobody has to decode those. */
export class ItemEdits extends Map<string, Uint8Array | null> {
  /** By the path of an item's JSON file, what `decodeItem` would give; that of a log may be as well. Nobody changes it. */
  readonly items = new Map<string, unknown>()

  /** @param item a copy of the store's own; `undefined`: not known */
  setItem(files: ReadonlyMap<string, Uint8Array>, item: unknown): void {
    let isFirst = true
    for (const [path, bytes] of files) {
      this.set(path, bytes)
      if (isFirst && item !== undefined) this.items.set(path, item)
      isFirst = false
    }
  }
}
