/**
 * The reserved line with the workspace files of a branch: one commit for each checkpoint that changed a file, with the
 * workspace as its tree. Checkpoints name the commit in the trailer `Files`.
 */
import type { AnyRepository } from '../git/any-repository.ts'
import type { NewObject } from '../git/objects/object.ts'
import {
  type BranchName,
  type CommitId,
  filesLine,
  filesRef,
  isFilesLine,
  isObjectId,
  type ObjectId,
  type SessionId,
} from '../ids.ts'
import type { CommitInfo, History } from './commits/history.ts'
import type { Writing } from './writing.ts'

/** The `Type` of its commits. */
export const FILES_TYPE = 'workspace'
export const FILES = 'Files'

/** Files that are about to be stored. */
export interface Snapshot {
  tree: ObjectId
  /** Objects that `base` does not have. */
  objects: readonly NewObject[]
  /** The body of its commit. */
  body: string
  /** The commit whose objects need not be stored again; `undefined`: none. */
  base: CommitId | undefined
}

/** The message of a commit of the line. */
export interface LineText {
  subject: string
  seq: number
  at?: number | undefined
  trailers: Readonly<Record<string, string>>
}

/** Returns the commit of the snapshot that a checkpoint names. */
export function filesOf({ message }: Pick<CommitInfo, 'message'>): CommitId | undefined {
  const id = message.trailers?.get(FILES)
  return id !== undefined && isObjectId(id) ? (id as CommitId) : undefined
}

/** Returns the commit, if it is stored: a clone may lack the line. */
export async function storedFiles(
  history: History<AnyRepository>,
  id: CommitId | undefined,
): Promise<CommitInfo | undefined> {
  if (id === undefined) return undefined
  const object = await history.objects.tryRead(id)
  return object?.type === 'commit' ? history.info(id) : undefined
}

/**
 * Adds the files to the line of the branch, unless its tip has the same files. The line's ref must be locked. Returns
 * the commit with the files; `undefined` if the objects of the snapshot's `base` may have been purged.
 *
 * @param parent the parent of the checkpoint: a new line starts at its files
 */
export async function addFiles(
  history: History<AnyRepository>,
  writing: Writing,
  snapshot: Snapshot,
  text: LineText,
  parent: CommitInfo | undefined,
): Promise<CommitInfo | undefined> {
  const { session } = writing
  const branch = branchOf(writing)
  const ref = filesRef(session, branch)
  const tip = history.tip(ref)
  const from = await storedFiles(history, tip ?? (parent && filesOf(parent)))
  const { base, tree, objects, body } = snapshot
  if (base !== undefined && base !== from?.id && !(await isHeld(history, session, base))) return undefined
  if (from?.tree === tree) {
    if (tip === undefined) writing.move(ref, from.id)
    return from
  }
  return writing.commit({
    parent: from,
    parents: from === undefined ? [] : [from.id],
    files: { tree, objects: [...objects] },
    kind: 'files',
    type: FILES_TYPE,
    branch: `_${filesLine(branch)}`,
    beside: ref,
    body,
    ...text,
  })
}

/**
 * Returns the branch whose files are written: the branch of the write, or that of the files line if this is written
 * itself.
 */
const branchOf = ({ branch, ref }: Writing): BranchName =>
  (ref.includes('/_') ? branch.slice('workspace.'.length) : branch) as BranchName

/** Returns whether the commit is reachable from a files line of the session. */
async function isHeld(history: History<AnyRepository>, session: SessionId, id: CommitId): Promise<boolean> {
  const tips = [...history.lines(session)].flatMap(([name, tip]) => (isFilesLine(name) ? [tip] : []))
  return tips.includes(id) || (await history.reachable(tips, { until: (other) => other === id })).has(id)
}
