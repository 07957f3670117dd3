/** Trees as lists of entries. */

import {
  changeTree,
  entriesOf,
  NO_ENTRIES,
  parseTree,
  type TreeEntry,
} from '../../../src/git/objects/tree.ts'
import type { ObjectId } from '../../../src/ids.ts'

/** The bytes of a tree with these entries, given in any order. */
export const encodeTree = (entries: readonly TreeEntry[]): Buffer =>
  changeTree(
    NO_ENTRIES,
    entries.map(({ name, mode, id }) => ({ name, entry: { mode, id } })),
  ).data

/** All entries in git's order. */
export const decodeTree = (data: Uint8Array, id?: ObjectId): TreeEntry[] => entriesOf(parseTree(data, id))
