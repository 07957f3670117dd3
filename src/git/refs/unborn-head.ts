/**
 * HEAD of a repository that git made, or whose branch was deleted, names a branch that does not exist: a plain clone
 * checks nothing out. So the first new branch becomes HEAD's, in the same transaction.
 */
import { CorruptError } from '../../errors.ts'
import type { RefName } from '../../ids.ts'
import type { Change } from './change.ts'
import type { Refs } from './refs.ts'

/**
 * Makes the change point HEAD at the branch `head` if it creates that branch (or, with `always`, moves it) while HEAD
 * names no existing branch.
 */
export function withHead<T>(refs: Refs, change: Change<T>, head: RefName, always: boolean): Change<T> {
  const mayCreate = change.refs.includes(head) && (always || !refs.isLoose(head))
  if (!mayCreate || !isUnborn(refs)) return change
  return {
    refs: [...change.refs, HEAD],
    async prepare(current) {
      const plan = await change.prepare(current)
      const moves = typeof plan.moves.get(head) === 'string' && (always || current.get(head) === undefined)
      if (!moves || !isUnborn(refs)) return plan
      return { ...plan, symbolic: [...(plan.symbolic ?? []), { ref: HEAD, to: head }] }
    },
  }
}

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
