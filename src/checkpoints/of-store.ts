/** Gives the checkpoints of a store to adapters that write their own lines and trees. Not part of the package's API. */
import type { Checkpoints } from './checkpoints.ts'

const known = new WeakMap<object, Checkpoints>()

/** Called by a store when it is made. */
export function registerCheckpoints(store: object, checkpoints: Checkpoints): void {
  known.set(store, checkpoints)
}

/** Returns the checkpoints of a store. Throws TypeError if it does not keep its sessions in a git repository. */
export function checkpointsOf(store: object): Checkpoints {
  const checkpoints = known.get(store)
  if (checkpoints === undefined)
    throw new TypeError('This needs a GitSessionStore, or the path of its folder')
  return checkpoints
}
