/** Which objects an object names. */
import type { ObjectId } from '../../ids.ts'
import { decodeCommit } from './commit.ts'
import type { GitObject } from './object.ts'
import { targetOf } from './tag.ts'
import { entryAt, entryCount, parseTree } from './tree.ts'

export interface NamedObject {
  id: ObjectId
  /** A blob, which names nothing. */
  isFile: boolean
}

/**
 * What the object leads to: tree and parents of a commit, entries of a tree, the target of a tag. `shallow`: commits
 * whose parents are left out. Throws CorruptError for a broken object.
 */
export function* namedIn(
  id: ObjectId,
  { type, data }: GitObject,
  shallow?: ReadonlySet<ObjectId>,
): Generator<NamedObject> {
  if (type === 'commit') {
    const { tree, parents } = decodeCommit(data, id)
    yield { id: tree, isFile: false }
    if (shallow?.has(id) !== true) for (const parent of parents) yield { id: parent, isFile: false }
  } else if (type === 'tag') {
    yield { id: targetOf(id, data), isFile: false }
  } else if (type === 'tree') {
    const tree = parseTree(data, id)
    for (let n = 0; n < entryCount(tree); n++) {
      const { mode, id } = entryAt(tree, n)
      // A submodule's commit is in another repository.
      if (mode !== '160000') yield { id, isFile: mode !== '40000' }
    }
  }
}
