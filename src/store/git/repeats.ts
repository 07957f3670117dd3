/** Tells whether a write has the same content as the checkpoint that its key made before. */

import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import { blobAt, blobsChanged, isItem, type ObjectReader } from '../../checkpoints/trees/files.ts'
import type { Edits } from '../../checkpoints/writing.ts'
import { objectId } from '../../git/objects/object.ts'
import type { ObjectId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { changedFields, type GitChanges } from './changes.ts'

/**
 * Whether these edits of the parent's tree result in the checkpoint's state, apart from `updatedAt`.
 *
 * @param base the tree of the checkpoint's parent
 */
export async function isResultOf(
  { objects, changes }: { objects: ObjectReader; changes: GitChanges },
  made: CommitInfo,
  session: string,
  { base, edits, fields }: { base: ObjectId; edits: Edits; fields: JsonObject },
): Promise<boolean> {
  const changed = await blobsChanged(objects, base, made.tree)
  for (const [path, bytes] of edits) {
    const now = bytes === null ? undefined : objectId('blob', bytes)
    if (!isItem(path) || now === (await blobAt(objects, base, path))) continue
    if (!changed.has(path) || changed.get(path) !== now) return false
    changed.delete(path)
  }
  if ([...changed.keys()].some(isItem)) return false
  return changedFields(fields, await changes.fieldsAt(made.tree, session)).length === 0
}
