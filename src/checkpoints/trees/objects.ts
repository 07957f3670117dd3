/** Exports trees and objects to adapters that read and make their own trees. */

export type { ObjectStore } from '../../git/database/object-store.ts'
export { ByteCache } from '../../git/objects/byte-cache.ts'
export type { StoredCommit } from '../../git/objects/commit.ts'
export {
  BIG_OBJECT,
  type NewObject,
  newObject,
  newObjectInSlices,
  objectId,
} from '../../git/objects/object.ts'
export {
  changeTree,
  entriesChanged,
  entriesOf,
  entriesWith,
  findEntry,
  NO_ENTRIES,
  parseTree,
  type Tree,
  type TreeChange,
} from '../../git/objects/tree.ts'
export { type EditedTree, editTree, type TreeStore } from '../../git/objects/tree-edit.ts'
