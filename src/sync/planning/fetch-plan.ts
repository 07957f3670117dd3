/** Plans what a fetch does to the refs of one session. Pure: computes new values from current ones. */
import type { ObjectId } from '../../ids.ts'
import type { RefKey, RefKind } from './names.ts'

/** How the local value relates to the remote one. */
export type Relation = 'same' | 'ahead' | 'behind' | 'diverged'

/**
 * What tombstones mean for the local value. `dead`: it is deleted. `newer`: it has work that the deletion did not
 * cover. `unknown`: that cannot be decided.
 */
export type Fate = 'alive' | 'dead' | 'newer' | 'unknown'

export interface RefFacts {
  key: RefKey
  kind: RefKind
  local: ObjectId | undefined
  seen: ObjectId | undefined
  /**
   * The remote value or, if it was rewritten, its replacement; `undefined` also if the replacement is not stored here.
   */
  remote: ObjectId | undefined
  /** The actual remote value. */
  there: ObjectId | undefined
  /** How `local` relates to `remote`; `undefined` if one of them is missing or the remote's was not fetched. */
  relation: Relation | undefined
  fate: Fate
  /** Whether the remote value is deleted, although the remote still has it. */
  isRemoteDead: boolean
  /** Whether the local value has work on checkpoints that were rewritten elsewhere: it stays, and is not pushed. */
  isOutdated: boolean
  /** Whether the remote value has work on checkpoints that were rewritten here: it is not taken over unchanged. */
  isRemoteOutdated: boolean
  /** The new name of the local ref if it diverged. */
  aside: RefKey
}

export interface FetchPlan {
  /** New values of local refs; `undefined`: deleted. */
  local: Map<RefKey, ObjectId | undefined>
  /** New values of last-seen refs. */
  seen: Map<RefKey, ObjectId | undefined>
  /** Local refs that were renamed because the remote's ref takes the name. */
  diverged: { from: RefKey; to: RefKey }[]
  deleted: RefKey[]
  /** Local refs with work that a deletion did not cover: they stay, and are not pushed. */
  kept: RefKey[]
  /** Refs that are deleted or rewritten, but that the remote still has. */
  hidden: RefKey[]
  /**
   * Local refs with work on checkpoints that were rewritten elsewhere: the session stays as it is, and is not pushed.
   */
  outdated: RefKey[]
  changed: RefKey[]
}

/**
 * Plans a fetch. Branches only move forward. If both sides have new checkpoints, the remote's ref takes the name and
 * the local one is renamed. A session with lines of an adapter is renamed as a whole, because its refs belong together.
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
    // The value from before a rewrite must still be replaced at the remote, so it does not count as seen.
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

/** Returns whether a local value has work that a deletion did not cover, or may have. */
export const isBlocked = ({ local, fate }: RefFacts): boolean =>
  local !== undefined && (fate === 'newer' || fate === 'unknown')

/** Returns whether both sides have new checkpoints. */
const isApart = ({ local, remote, isRemoteDead, fate, relation }: RefFacts): boolean =>
  local !== undefined && remote !== undefined && !isRemoteDead && fate !== 'dead' && relation === 'diverged'

function goAside(plan: FetchPlan, { key, local, aside }: RefFacts, remote: ObjectId | undefined): void {
  plan.local.set(aside, local)
  plan.local.set(key, remote)
  plan.diverged.push({ from: key, to: aside })
}
