/** Finds the folders of a collection that hold items, or folders of items. */
import { type ItemRange, itemsIn } from '../../codec/index.ts'
import type { Tree } from '../../git/objects/tree.ts'
import type { ObjectId } from '../../ids.ts'
import { entriesOf } from './files.ts'

/** A folder of items, or of folders of items. */
export interface ItemFolder extends ItemRange {
  readonly name: string
  readonly id: ObjectId
}

/**
 * Returns the folders of a collection's tree, in the order of their items. Leaves out foreign ones.
 *
 * @param group the name of the folder of 10,000 items to which the tree belongs, inside its collection
 */
export function itemFolders(tree: Tree, group = ''): ItemFolder[] {
  return [...entriesOf(tree)].flatMap(({ name, mode, id }) => {
    const items = mode === '40000' ? itemsIn(group === '' ? name : `${group}/${name}`) : undefined
    return items === undefined ? [] : [{ name, id, ...items }]
  })
}
