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
  /** Whether lines with files of a workspace go along. */
  workspace: boolean
}

export interface KeyMove {
  key: RefKey
  from: ObjectId | undefined
  to: ObjectId | undefined
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
}

export function planPush({ refs, gone, named, deniesDeletes, workspace }: PushFacts): PushPlan {
  const plan: PushPlan = {
    moves: [],
    gone: undefined,
    seen: new Map(),
    unnamed: [],
    again: false,
    behind: [],
    kept: [],
    hidden: [],
  }
  for (const { key, kind, local, seen, remote, relation, fate, isRemoteDead } of refs) {
    if (remote !== undefined && isRemoteDead) {
      if (!named.get(key)?.has(remote)) plan.unnamed.push({ key, id: remote })
      if (deniesDeletes) plan.hidden.push(key)
      else plan.moves.push({ key, from: remote, to: undefined })
      // A new session under the name of a deleted one: the old ref goes first.
      if (local !== undefined && fate === 'alive') plan.again = true
    } else if (local === undefined || (kind === 'workspace' && !workspace)) continue
    else if (fate !== 'alive') {
      if (remote !== local) plan.kept.push(key)
    } else if (remote === undefined || relation === 'ahead') plan.moves.push({ key, from: remote, to: local })
    else if (relation !== 'same') plan.behind.push(key)
    else if (seen !== remote) plan.seen.set(key, remote)
  }
  const isDeleting = plan.moves.some(({ to }) => to === undefined)
  if (gone.local !== undefined && (gone.local !== gone.remote || isDeleting))
    plan.gone = { from: gone.remote, to: gone.local }
  return plan
}
