/** The folders of a collection that hold its items, or folders of them. */
import { type ItemRange, itemsIn } from '../../codec/index.ts'
import type { Tree } from '../../git/objects/tree.ts'
import type { ObjectId } from '../../ids.ts'
import { entriesOf } from './files.ts'

/** One of them. */
export interface ItemFolder extends ItemRange {
  readonly name: string
  readonly id: ObjectId
}

/**
 * The folders that a collection's tree has, in the order of their items; what is foreign is left out.
 *
 * @param group the folder of 10,000 items that the tree is of, inside its collection
 */
export function itemFolders(tree: Tree, group = ''): ItemFolder[] {
  return [...entriesOf(tree)].flatMap(({ name, mode, id }) => {
    const items = mode === '40000' ? itemsIn(group === '' ? name : `${group}/${name}`) : undefined
    return items === undefined ? [] : [{ name, id, ...items }]
  })
}
