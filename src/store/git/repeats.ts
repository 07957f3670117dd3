/** Whether a write repeats, with the same content, what the same key made before. */

import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import { blobAt, blobsChanged, isItem } from '../../checkpoints/trees/files.ts'
import { InvalidStateError } from '../../errors.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { objectId } from '../../git/objects/object.ts'
import type { JsonObject } from '../../json-value.ts'
import type { AdditionPlan } from '../addition/plan.ts'
import { changedFields, type GitChanges } from './changes.ts'
import { type EncodedFiles, editsTo } from './encoding.ts'
import type { GitLine } from './line.ts'

/** Whether a document is what the checkpoint holds, apart from `updatedAt`. `fields`: what is in no collection. */
export async function isContentOf(
  { objects, changes }: { objects: ObjectStore; changes: GitChanges },
  made: CommitInfo,
  session: string,
  document: { fields: JsonObject; files: EncodedFiles },
): Promise<boolean> {
  const edits = await editsTo(objects, made.tree, document.files)
  if ([...edits.keys()].some(isItem)) return false
  return changedFields(await changes.fieldsAt(made.tree, session), document.fields).length === 0
}

/**
 * Whether a plan, put on what the checkpoint was put on, gives the checkpoint, apart from `updatedAt`.
 *
 * @param base the tree below the checkpoint, which `line` is of
 */
export async function isResultOf(
  { objects, changes }: { objects: ObjectStore; changes: GitChanges },
  made: CommitInfo,
  session: string,
  { base, line, plan }: { base: string; line: GitLine; plan: () => AdditionPlan },
): Promise<boolean> {
  try {
    const { edits, fields } = await line.change(plan())
    const changed = await blobsChanged(objects, base, made.tree)
    for (const [path, bytes] of edits) {
      const now = bytes === null ? undefined : objectId('blob', bytes)
      if (!isItem(path) || now === (await blobAt(objects, base, path))) continue
      if (!changed.has(path) || changed.get(path) !== now) return false
      changed.delete(path)
    }
    if ([...changed.keys()].some(isItem)) return false
    return changedFields(fields, await changes.fieldsAt(made.tree, session)).length === 0
  } catch (error) {
    // What cannot be put there now was not put there then.
    if (error instanceof InvalidStateError) return false
    throw error
  }
}
