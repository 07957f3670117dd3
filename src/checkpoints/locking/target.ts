/** Determines the branch or line of a write, and the refs that the write must lock. */
import type { AnyRepository } from '../../git/any-repository.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  goneRef,
  type LockName,
  MAIN,
  type RefName,
  reservedRef,
  type SessionId,
} from '../../ids.ts'
import type { History } from '../commits/history.ts'
import type { Aim } from './locking.ts'

/** Where a write goes: a branch (default: the active one), or a reserved line. */
export interface Onto {
  branch?: BranchName | undefined
  line?: string
  /** Whether this write creates the branch. Default: whether it is missing. */
  starts?: boolean
  /** Whether the branch becomes the active one. Default: only if this write creates the session. */
  activates?: boolean
  /** Other refs to lock, so that `Writing.move` can move them. */
  also?: readonly LockName[]
}

export interface Target extends Aim {
  ref: RefName
  /** Name of the branch or line. */
  name: string
  starts: boolean
  /** Whether the write creates the session. */
  isNew: boolean
  activates: boolean
  /** Where HEAD points in a repository that the write creates. */
  head: RefName
}

/**
 * Returns the target of a write. It has to be determined again under the locks.
 *
 * @param there whether the repository exists
 * @param existed returns whether the ref existed a moment ago
 */
export function targetOf(
  history: History<AnyRepository>,
  session: SessionId,
  onto: Onto,
  { there, existed }: { there: boolean; existed: (ref: RefName) => boolean },
): Target {
  const { line, also = [] } = onto
  const branch = onto.branch ?? (there ? history.active(session) : MAIN)
  const ref = line === undefined ? branchRef(session, branch) : reservedRef(session, line)
  const isMissing = () => !existed(ref) && (!there || history.tip(ref) === undefined)
  const starts = onto.starts ?? isMissing()
  const isNew = starts && (!there || !history.exists(session))
  const activates = line === undefined && (onto.activates ?? (isNew && branch !== MAIN))
  const grave = goneRef(session)
  const hasGrave = starts && there && history.repository.refs.read(grave) !== undefined
  return {
    refs: [ref, ...(activates ? [activeRef(session)] : []), ...also, ...(hasGrave ? [grave] : [])],
    reaches: starts && line === undefined,
    ref,
    name: line ?? branch,
    starts,
    isNew,
    activates,
    head: branchRef(session, branch),
  }
}

/** Returns whether the refs locked for one target are enough for another. */
export const covers = (locked: Target, now: Target): boolean =>
  now.ref === locked.ref && now.starts === locked.starts && now.refs.every((ref) => locked.refs.includes(ref))
