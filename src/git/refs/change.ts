/** A change of refs, as whoever asks for it describes it. It is made whole or not at all. */
import type { LockName, ObjectId, RefName } from '../../ids.ts'
import type { NewObject } from '../objects/object.ts'

/** What a change of refs is, once their values are known. */
export interface Plan<T> {
  objects: readonly NewObject[]
  /** Refs to move, each one of the change's `refs`; `null` deletes. */
  moves: ReadonlyMap<RefName, ObjectId | null>
  /** Symbolic refs to set, each one of the change's `refs`; `null` deletes. */
  symbolic?: readonly { ref: RefName; to: RefName | null }[]
  result: T
  /** Called when everything is in place, before the promise resolves. */
  placed?: () => void
}

export interface Change<T> {
  /** Refs (or other files of the store, relative to it) to lock. */
  refs: readonly LockName[]
  /**
   * Called under the locks with the refs' values. What it throws rejects this change alone. It may be called
   * again, with newer values, if the attempt before could not be finished.
   */
  prepare(current: ReadonlyMap<LockName, ObjectId | undefined>): Plan<T> | Promise<Plan<T>>
}
