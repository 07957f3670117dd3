/** What a push does to the refs of one session at a remote. Pure: from where they are to where they go. */
import type { CommitId, ObjectId } from '../../ids.ts'
import type { RefFacts } from './fetch-plan.ts'
import type { RefKey } from './names.ts'

export interface PushFacts {
  refs: readonly RefFacts[]
  gone: {
    local: CommitId | undefined
    remote: CommitId | undefined
  }
  /** What the tombstones name, by key: what else is deleted has to be named first. */
  named: ReadonlyMap<RefKey, ReadonlySet<ObjectId>>
  /** Whether the server lets nobody delete. */
  deniesDeletes: boolean
  /** Whether the server lets nobody replace what was rewritten: it is deleted and made again. */
  deniesReplacing: boolean
  /** Whether lines with files of a workspace go along. */
  workspace: boolean
}

export interface KeyMove {
  key: RefKey
  from: ObjectId | undefined
  to: ObjectId | undefined
  /** Whether it moves to another history, since that was rewritten. */
  replaces?: boolean
}

export interface PushPlan {
  moves: KeyMove[]
  /** Of the ref with the tombstones; where it is already what it should be, it is sent along as it is. */
  gone: { from: CommitId | undefined; to: CommitId } | undefined
  /** What is the same there, but was not known to be. */
  seen: Map<RefKey, ObjectId>
  /** Deleted values that no tombstone names yet: they have to be, before anything is sent. */
  unnamed: { key: RefKey; id: ObjectId }[]
  /** Ours that wait until a deletion at the remote is done. */
  again: boolean
  /** Ours that cannot be pushed before a fetch. */
  behind: RefKey[]
  kept: RefKey[]
  hidden: RefKey[]
  /** Rewritten, but the server lets nobody replace or delete what it has. */
  unreplaced: RefKey[]
  /** With work, on either side, on what was rewritten: none of the session is pushed. */
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
      // A new session under the name of a deleted one: the old ref goes first.
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
