/** Plans what a push does to the refs of one session at a remote. Pure: computes new values from current ones. */
import type { CommitId, ObjectId } from '../../ids.ts'
import type { RefFacts } from './fetch-plan.ts'
import type { RefKey } from './names.ts'

export interface PushFacts {
  refs: readonly RefFacts[]
  gone: {
    local: CommitId | undefined
    remote: CommitId | undefined
  }
  /** The ids that tombstones name, by key: other values must be named before they are deleted. */
  named: ReadonlyMap<RefKey, ReadonlySet<ObjectId>>
  /** Whether the server refuses deletions. */
  deniesDeletes: boolean
  /** Whether the server refuses to replace rewritten refs: they are deleted and created again. */
  deniesReplacing: boolean
  /** Whether lines with the files of a workspace are pushed, too. */
  workspace: boolean
}

export interface KeyMove {
  key: RefKey
  from: ObjectId | undefined
  to: ObjectId | undefined
  /** Whether the ref moves to another history, because it was rewritten. */
  replaces?: boolean
}

export interface PushPlan {
  moves: KeyMove[]
  /** The move of the ref with the tombstones; with deletions, it is sent even if it does not change. */
  gone: { from: CommitId | undefined; to: CommitId } | undefined
  /** Refs that are the same at the remote, but are not recorded as seen. */
  seen: Map<RefKey, ObjectId>
  /** Deleted values that no tombstone names yet: they must be named before anything is sent. */
  unnamed: { key: RefKey; id: ObjectId }[]
  /** Whether local refs wait for a deletion at the remote, so that another push is needed. */
  again: boolean
  /** Local refs that cannot be pushed before a fetch. */
  behind: RefKey[]
  kept: RefKey[]
  hidden: RefKey[]
  /** Rewritten refs that the server refuses to replace or delete. */
  unreplaced: RefKey[]
  /** Refs with work, on either side, on rewritten checkpoints: nothing of the session is pushed. */
  outdated: RefKey[]
}

export function planPush({
  refs,
  gone,
  named,
  deniesDeletes,
  deniesReplacing,
  workspace,
}: PushFacts): PushPlan {
  const plan: PushPlan = {
    moves: [],
    gone: undefined,
    seen: new Map(),
    unnamed: [],
    again: false,
    behind: [],
    kept: [],
    hidden: [],
    unreplaced: [],
    outdated: [],
  }
  for (const fact of refs) {
    const { key, kind, local, seen, remote, there, relation, fate, isRemoteDead } = fact
    const isOld = there !== remote
    if (there !== undefined && isRemoteDead) {
      if (!named.get(key)?.has(there)) plan.unnamed.push({ key, id: there })
      if (deniesDeletes) plan.hidden.push(key)
      else plan.moves.push({ key, from: there, to: undefined })
      // A new session has the name of a deleted one: the old ref is deleted first.
      if (local !== undefined && fate === 'alive') plan.again = true
    } else if (fact.isOutdated || fact.isRemoteOutdated) plan.outdated.push(key)
    else if (local === undefined || (kind === 'workspace' && !workspace && !isOld)) continue
    else if (fate !== 'alive') {
      if (remote !== local) plan.kept.push(key)
    } else if (isOld && (relation === 'same' || relation === 'ahead')) {
      if (!deniesReplacing) plan.moves.push({ key, from: there, to: local, replaces: true })
      else if (deniesDeletes) plan.unreplaced.push(key)
      else {
        plan.moves.push({ key, from: there, to: undefined })
        plan.again = true
      }
    } else if (remote === undefined || relation === 'ahead') plan.moves.push({ key, from: remote, to: local })
    else if (relation !== 'same') plan.behind.push(key)
    else if (seen !== remote) plan.seen.set(key, remote)
  }
  const isDeleting = plan.moves.some(({ to }) => to === undefined)
  if (gone.local !== undefined && (gone.local !== gone.remote || isDeleting))
    plan.gone = { from: gone.remote, to: gone.local }
  return plan
}
