/**
 * HEAD of a repository that git made, or whose branch was deleted, names a branch that does not exist: a plain clone
 * checks nothing out. So the first new branch becomes HEAD's, in the same transaction.
 */
import { CorruptError } from '../../errors.ts'
import type { RefName } from '../../ids.ts'
import { type Change, nothing } from './change.ts'
import type { Refs } from './refs.ts'

/** The result of a change that was not made, because it has to be made together with HEAD. */
export const NEEDS_HEAD = Symbol('needs HEAD')

/**
 * Makes the change, unless it creates the branch `head` (or, with `always`, moves it) while HEAD names no existing
 * branch: then it returns NEEDS_HEAD and changes nothing.
 */
export const unlessHeadIsUnborn = <T>(
  refs: Refs,
  change: Change<T>,
  head: RefName,
  always: boolean,
): Change<T | typeof NEEDS_HEAD> => ({
  refs: change.refs,
  async prepare(current) {
    const plan = await change.prepare(current)
    const moves = typeof plan.moves.get(head) === 'string'
    if (!moves || !(always || current.get(head) === undefined) || !isUnborn(refs)) return plan
    return nothing(NEEDS_HEAD)
  },
})

/** Makes the change, and points HEAD at the branch that it creates. */
export const withHead = <T>(refs: Refs, change: Change<T>, head: RefName): Change<T> => ({
  refs: [...change.refs, HEAD],
  async prepare(current) {
    const plan = await change.prepare(current)
    if (typeof plan.moves.get(head) !== 'string' || !isUnborn(refs)) return plan
    return { ...plan, symbolic: [...(plan.symbolic ?? []), { ref: HEAD, to: head }] }
  },
})

/** An unreadable HEAD is left as it is; `verify` reports it. */
function isUnborn(refs: Refs): boolean {
  try {
    const value = refs.readValue(HEAD)
    return value !== undefined && 'symbolic' in value && refs.read(value.symbolic) === undefined
  } catch (error) {
    if (error instanceof CorruptError) return false
    throw error
  }
}

const HEAD = 'HEAD'
