/** What differs between two documents, as data: what a store finds, and what a person reads of it. */

export interface FieldChange {
  /** Path inside the item; for `fields`, path inside the document. */
  path: readonly (string | number)[]
  /** Absent when the field was added. */
  before?: unknown
  /** Absent when the field was removed. */
  after?: unknown
}

export interface ItemChange {
  index: number
  id: string | undefined
  before: unknown
  after: unknown
  changes: readonly FieldChange[]
}

/** What differs between two documents: their fields, and the items of their collections by name. */
export interface Difference {
  fields: readonly FieldChange[]
  collections: Readonly<Record<string, CollectionDiff>>
}

export interface CollectionDiff {
  added: readonly { index: number; id: string | undefined; item: unknown }[]
  removed: readonly { index: number; id: string | undefined; item: unknown }[]
  changed: readonly ItemChange[]
}
