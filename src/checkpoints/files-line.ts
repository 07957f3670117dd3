/**
 * The reserved line with the files of a branch: a commit for each checkpoint that changed one, whose tree is the workspace
 * as it was. Checkpoints name it in the trailer `Files`.
 */
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
  /** What `base` does not have. */
  objects: readonly NewObject[]
  /** What its commit says below the subject. */
  body: string
  /** The commit whose objects it counts on; `undefined`: on none. */
  base: CommitId | undefined
}

/** What a commit of the line says beside its files. */
export interface LineText {
  subject: string
  seq: number
  at?: number | undefined
  trailers: Readonly<Record<string, string>>
}

/** The snapshot that a checkpoint names. */
export function filesOf({ message }: Pick<CommitInfo, 'message'>): CommitId | undefined {
  const id = message.trailers?.get(FILES)
  return id !== undefined && isObjectId(id) ? (id as CommitId) : undefined
}

/** The commit, if it is there: a clone need not have the line. */
export async function storedFiles(
  history: History,
  id: CommitId | undefined,
): Promise<CommitInfo | undefined> {
  if (id === undefined) return undefined
  const object = await history.objects.tryRead(id)
  return object?.type === 'commit' ? history.info(id) : undefined
}

/**
 * Puts the files on the line of the branch, unless they are what its end has. Its ref is one of those that are locked.
 * Returns the commit that has them; `undefined` where what the snapshot counts on may be gone.
 *
 * @param parent the checkpoint below: a line that begins starts at its files
 */
export async function addFiles(
  history: History,
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

/** The branch whose files are written: that of the write, or of the line that is written by itself. */
const branchOf = ({ branch, ref }: Writing): BranchName =>
  (ref.includes('/_') ? branch.slice('workspace.'.length) : branch) as BranchName

/** Whether a line of the session still leads to the commit. */
async function isHeld(history: History, session: SessionId, id: CommitId): Promise<boolean> {
  const tips = [...history.lines(session)].flatMap(([name, tip]) => (isFilesLine(name) ? [tip] : []))
  return tips.includes(id) || (await history.reachable(tips, { until: (other) => other === id })).has(id)
}
