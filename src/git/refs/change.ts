/** A change of refs, as a caller describes it. It is made as a whole or not at all. */
import type { LockName, ObjectId, RefName } from '../../ids.ts'
import type { NewObject } from '../objects/object.ts'

/** The change, decided when the refs' values are known. */
export interface Plan<T> {
  objects: readonly NewObject[]
  /** Refs to move, each one of the change's `refs`; `null` deletes. */
  moves: ReadonlyMap<RefName, ObjectId | null>
  /** Symbolic refs to set, each one of the change's `refs`; `null` deletes. */
  symbolic?: readonly { ref: RefName; to: RefName | null }[]
  result: T
  /** Called when everything is in place, before the change's promise resolves. */
  placed?: () => void
}

/** A plan that changes nothing. */
export const nothing = <T>(result: T): Plan<T> => ({ objects: [], moves: new Map(), result })

export interface Change<T> {
  /** Refs (or other files of the store, relative to it) to lock. */
  refs: readonly LockName[]
  /**
   * Called under the locks with the refs' values. An error that it throws rejects only this change. It may be called
   * again, with newer values, if the attempt before could not be finished.
   */
  prepare(current: ReadonlyMap<LockName, ObjectId | undefined>): Plan<T> | Promise<Plan<T>>
}
