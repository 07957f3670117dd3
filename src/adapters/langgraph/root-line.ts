/**
 * Decides where a checkpoint of the root namespace is stored: on the branch whose tip is its parent, or on a new branch
 * if the parent is not a tip any more and branching is intended. This is decided before the locks are taken, and again
 * under them.
 */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import type { History } from '../../checkpoints/commits/history.ts'
import { ConflictError } from '../../errors.ts'
import { type BranchName, type CommitId, MAIN } from '../../ids.ts'
import type { NewCheckpoint, Thread } from './thread.ts'
import type { Entry } from './thread-commit.ts'

/** Describes a new branch, for `onBranch`. */
export interface NewBranch {
  threadId: string
  /** Name of the branch in the session's history. */
  branch: string
  /** The first checkpoint of the branch. */
  checkpointId: string
  /** The parent of that checkpoint; `undefined` if it has none. */
  parentCheckpointId: string | undefined
  /** `source` of the checkpoint's metadata, such as `fork`, `update`, `input` or `loop`. */
  source: string
  /** Id of the checkpoint's commit. */
  commit: string
}

/** What the caller knew about the thread. */
export interface Knowledge {
  /** Whether the parent was not the tip of a branch when it was loaded: then branching is intended. */
  parentIsOld: boolean
  /** Whether the thread had no checkpoint. */
  threadIsNew: boolean
  /** Whether a step that conflicts with another run gets a new branch as well. */
  mayBranch: boolean
}

interface Aim {
  branch: BranchName
  /** Parent of the new commit. */
  onto: CommitId | undefined
  /** Whether the branch is new. */
  starts: boolean
  /** Whether it becomes the active one. */
  activates: boolean
  /** The checkpoint's parent. */
  base: Entry | undefined
  /** The stored version of the checkpoint, if there is one. */
  same: Entry | undefined
}

/**
 * Stores a checkpoint. Returns the branch that it started, if any, except the first of a thread. Throws ConflictError
 * if another run has continued from its parent.
 */
export function putRoot(
  checkpoints: Checkpoints,
  thread: Thread,
  checkpoint: NewCheckpoint,
  knowledge: Knowledge,
): Promise<NewBranch | undefined> {
  const { history } = checkpoints
  const { index } = thread
  let aim: Aim
  return checkpoints.write<NewBranch | undefined>({
    session: thread.id,
    onto: async () => {
      aim = aimAt(history, await index.sync(), checkpoint, knowledge)
      return aim
    },
    decide: async (writing) => {
      const { branch, starts, base, same } = aim
      const onto = aim.onto === undefined ? undefined : await history.info(aim.onto)
      const tree = await thread.writeTree(checkpoint, base, onto)
      if (same !== undefined && same.parent === checkpoint.parent && (await thread.isSame(same, tree)))
        return undefined
      const place = { branch, onto, after: same?.at }
      const { commit, indexed } = await thread.commit(writing, checkpoint, tree, place)
      const isFirst = index.branches().size === 0
      writing.onPlaced(() => index.learn(writing.ref, [indexed]))
      if (!starts || isFirst) return undefined
      return {
        threadId: thread.id,
        branch,
        checkpointId: checkpoint.id,
        parentCheckpointId: checkpoint.parent,
        source: String(checkpoint.prepared.metadata?.source),
        commit: commit.id,
      }
    },
  })
}

function aimAt(
  history: History,
  index: Thread['index'],
  checkpoint: NewCheckpoint,
  knowledge: Knowledge,
): Aim {
  const { id, parent, prepared } = checkpoint
  const branches = index.branches()
  const active = history.active(index.thread)
  const base = parent === undefined ? undefined : index.checkpoint('', parent)
  const same = index.checkpoint('', id)
  const newest = index.newest('')
  const activates = (branch: BranchName) => branch !== active && (newest === undefined || id >= newest.id)
  // A checkpoint that is stored again follows its stored version.
  const standing = same !== undefined && index.branchesAt(id).length > 0 ? same : base
  if (standing !== undefined) {
    const tips = index.branchesAt(standing.id)
    const found = tips.find(({ branch }) => branch === active) ?? tips[0]
    if (found !== undefined) {
      const { branch, tip } = found
      return { branch, onto: tip, starts: false, activates: activates(branch), base, same }
    }
  }
  if (branches.size === 0) {
    return { branch: MAIN, onto: undefined, starts: true, activates: active !== MAIN, base, same }
  }
  const source = prepared.metadata?.source
  const isStep = source !== 'fork' && source !== 'update'
  const isStale = base === undefined ? parent === undefined && knowledge.threadIsNew : !knowledge.parentIsOld
  if (isStep && isStale && same === undefined && !knowledge.mayBranch) throw conflict(index, base, active)
  const branch = freeName(typeof source === 'string' ? source : '', branches)
  return { branch, onto: base?.commit, starts: true, activates: activates(branch), base, same }
}

/** Returns a name such as `fork-2`: the source, and the number after the highest one in use. */
function freeName(source: string, branches: ReadonlyMap<BranchName, CommitId>): BranchName {
  const kind = /^[a-z]{1,20}$/.test(source) ? source : 'branch'
  let last = 0
  for (const name of branches.keys()) {
    const number = name.startsWith(`${kind}-`) ? name.slice(kind.length + 1) : ''
    if (/^\d{1,9}$/.test(number)) last = Math.max(last, Number(number))
  }
  return `${kind}-${last + 1}` as BranchName
}

function conflict(index: Thread['index'], base: Entry | undefined, active: BranchName): ConflictError {
  const branches = index.branches()
  const branch =
    base !== undefined && branches.has(base.branch as BranchName) ? (base.branch as BranchName) : active
  const actual = branches.get(branch) ?? null
  const newest = index.newest('')?.id ?? 'none'
  const what =
    base === undefined
      ? `Thread '${index.thread}' got its first checkpoint after this run had loaded it`
      : `Thread '${index.thread}' has moved on since checkpoint ${base.id} was loaded`
  return new ConflictError(
    { session: index.thread, branch, expected: base?.commit ?? null, actual },
    `${what} (its newest is ${newest}): another run writes to it. Run again to continue from there, use another thread, or pass onConflict: 'branch' to the saver.`,
  )
}
