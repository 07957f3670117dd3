/** What checkpoints are made of, for adapters that read and make trees of their own. */
export { ByteCache } from '../git/byte-cache.ts'
export {
  asBuffer,
  BIG_OBJECT,
  expectType,
  type NewObject,
  newObject,
  newObjectInSlices,
  objectId,
} from '../git/object.ts'
export type { ObjectStore } from '../git/object-store.ts'
export {
  changeTree,
  entriesOf,
  findEntry,
  NO_ENTRIES,
  parseTree,
  type Tree,
  type TreeChange,
} from '../git/tree.ts'
export { type EditedTree, editTree, type TreeStore } from '../git/tree-edit.ts'
