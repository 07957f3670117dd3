/** What a fetch does to the refs of one session. Pure: from where they are to where they go. */
import type { ObjectId } from '../../ids.ts'
import type { RefKey, RefKind } from './names.ts'

/** How ours stands to theirs. */
export type Relation = 'same' | 'ahead' | 'behind' | 'diverged'

/**
 * What tombstones mean for ours. `dead`: it is deleted. `newer`: work that the deletion did not know. `unknown`: it
 * cannot be told.
 */
export type Fate = 'alive' | 'dead' | 'newer' | 'unknown'

export interface RefFacts {
  key: RefKey
  kind: RefKind
  local: ObjectId | undefined
  seen: ObjectId | undefined
  /** What theirs means: where it was rewritten, what it has become; `undefined` also where that is not here. */
  remote: ObjectId | undefined
  /** What is there, word for word. */
  there: ObjectId | undefined
  /** Where both are there; `undefined` also where it cannot be told, since theirs was not fetched. */
  relation: Relation | undefined
  fate: Fate
  /** Whether theirs is deleted, although it is still there. */
  isRemoteDead: boolean
  /** Whether ours has work on what was rewritten elsewhere: it stays, and is not pushed. */
  isOutdated: boolean
  /** Whether theirs has work on what was rewritten here: it is not taken over as it is. */
  isRemoteOutdated: boolean
  /** Where ours goes if it diverges. */
  aside: RefKey
}

export interface FetchPlan {
  /** Where our refs go; `undefined`: they are deleted. */
  local: Map<RefKey, ObjectId | undefined>
  /** What is now seen of the remote. */
  seen: Map<RefKey, ObjectId | undefined>
  /** Ours that made room for theirs. */
  diverged: { from: RefKey; to: RefKey }[]
  deleted: RefKey[]
  /** Ours that a deletion did not know: they stay, and are not pushed. */
  kept: RefKey[]
  /** Theirs that are deleted or rewritten, but still there. */
  hidden: RefKey[]
  /** Ours with work on what was rewritten elsewhere: the session stays as it is, and is not pushed. */
  outdated: RefKey[]
  changed: RefKey[]
}

/**
 * Branches move forward only. Where both sides went on, theirs takes the name and ours gets another one; a session with
 * lines of an adapter goes aside as a whole, since its refs belong together.
 */
export function planFetch(facts: readonly RefFacts[]): FetchPlan {
  const plan: FetchPlan = {
    local: new Map(),
    seen: new Map(),
    diverged: [],
    deleted: [],
    kept: [],
    hidden: [],
    outdated: [],
    changed: [],
  }
  const isHeld = facts.some(waits)
  const isWhole = facts.some(({ kind }) => kind === 'line') && facts.some(isApart)
  for (const fact of facts) {
    const { key, local, seen } = fact
    const remote = fact.isRemoteDead ? undefined : fact.remote
    if (fact.there !== undefined && (fact.isRemoteDead || fact.there !== fact.remote)) plan.hidden.push(key)
    if (waits(fact)) plan.outdated.push(key)
    if ((isHeld || fact.isRemoteOutdated) && fact.fate !== 'dead') continue
    // What is there as it was before a rewrite has still to be replaced.
    const now = fact.there === fact.remote ? remote : undefined
    if (seen !== now && !(isBlocked(fact) && remote === undefined)) plan.seen.set(key, now)
    if (local !== undefined && fact.fate === 'dead') {
      plan.deleted.push(key)
      plan.local.set(key, remote)
    } else if (isBlocked(fact) && remote === undefined) plan.kept.push(key)
    else if (isWhole && local !== undefined) goAside(plan, fact, remote)
    else if (remote === undefined) continue
    else if (local === undefined || fact.relation === 'behind') {
      plan.local.set(key, remote)
      plan.changed.push(key)
    } else if (isApart(fact)) goAside(plan, fact, remote)
  }
  return plan
}

const waits = ({ isOutdated, fate }: RefFacts): boolean => isOutdated && fate !== 'dead'

const isBlocked = ({ local, fate }: RefFacts): boolean =>
  local !== undefined && (fate === 'newer' || fate === 'unknown')

/** Whether both sides have gone on. */
const isApart = ({ local, remote, isRemoteDead, fate, relation }: RefFacts): boolean =>
  local !== undefined && remote !== undefined && !isRemoteDead && fate !== 'dead' && relation === 'diverged'

function goAside(plan: FetchPlan, { key, local, aside }: RefFacts, remote: ObjectId | undefined): void {
  plan.local.set(aside, local)
  plan.local.set(key, remote)
  plan.diverged.push({ from: key, to: aside })
}
