/** The difference of two documents as data, as stores return it and as it is shown. */

export interface FieldChange {
  /** Path inside the item; in `fields`, path inside the document. */
  path: readonly (string | number)[]
  /** Absent if the field was added. */
  before?: unknown
  /** Absent if the field was removed. */
  after?: unknown
}

export interface ItemChange {
  index: number
  id: string | undefined
  before: unknown
  after: unknown
  changes: readonly FieldChange[]
}

/** The difference of two documents: their fields, and the items of their collections, by name. */
export interface Difference {
  fields: readonly FieldChange[]
  collections: Readonly<Record<string, CollectionDiff>>
}

export interface CollectionDiff {
  added: readonly { index: number; id: string | undefined; item: unknown }[]
  removed: readonly { index: number; id: string | undefined; item: unknown }[]
  changed: readonly ItemChange[]
}
