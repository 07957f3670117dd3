/** The checkpoints behind a store, for adapters that write lines and trees of their own. Not part of the package's API. */
import type { Checkpoints } from './checkpoints.ts'

const known = new WeakMap<object, Checkpoints>()

/** Called by a store when it is made. */
export function registerCheckpoints(store: object, checkpoints: Checkpoints): void {
  known.set(store, checkpoints)
}

/** Throws TypeError for what does not keep its sessions in a git repository. */
export function checkpointsOf(store: object): Checkpoints {
  const checkpoints = known.get(store)
  if (checkpoints === undefined)
    throw new TypeError('This needs a GitSessionStore, or the path of its folder')
  return checkpoints
}
