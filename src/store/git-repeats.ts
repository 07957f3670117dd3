/** Whether a write repeats, with the same content, what the same key made before. */
import { InvalidStateError } from '../errors.ts'
import { objectId } from '../git/object.ts'
import type { ObjectStore } from '../git/object-store.ts'
import type { AdditionPlan } from './addition-plan.ts'
import { changedFields, type GitChanges } from './git-changes.ts'
import { type EncodedFiles, editsTo } from './git-encoding.ts'
import { blobAt, blobsChanged } from './git-files.ts'
import type { CommitInfo } from './git-history.ts'
import type { GitLine } from './git-line.ts'
import type { JsonObject } from './json-value.ts'

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

/**
 * Whether the items that a tree brought are now what they were before it, or gone as they were; of a tree that brought
 * none, its other files.
 */
export async function isTakenBack(
  objects: ObjectStore,
  { before, made, now }: { before: string | undefined; made: string; now: string },
): Promise<boolean> {
  const changed = [...(await blobsChanged(objects, before, made)).keys()]
  const items = changed.filter(isItem)
  for (const path of items.length > 0 ? items : changed) {
    const was = before === undefined ? undefined : await blobAt(objects, before, path)
    if ((await blobAt(objects, now, path)) !== was) return false
  }
  return changed.length > 0
}

const isItem = (path: string): boolean => path.includes('/')
