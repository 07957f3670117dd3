/** What stands behind a git store, for adapters that write lines and trees of their own. Not part of the package's API. */

import type { History } from '../checkpoints/history.ts'
import type { Lifetime } from '../checkpoints/lifetime.ts'
import type { SessionRefs } from '../checkpoints/session-refs.ts'
import type { Repository } from '../git/repository.ts'
import type { DocumentRules } from './document.ts'

export interface GitDoor {
  repository: Repository
  history: History
  /** Deletes all of a session, reserved lines included, even where those are all there is of it. */
  refs: SessionRefs
  /** The store's options, `redact`, `author` and `now` among them: whoever writes keeps to them. */
  rules: DocumentRules
  /** Work that `close` has to wait for runs in `lifetime.use`. */
  lifetime: Lifetime
  /** Says that branches have gone, so that what is remembered of them goes too. */
  forget(refs: Iterable<string>): void
}

const doors = new WeakMap<object, GitDoor>()

export function openDoor(store: object, door: GitDoor): void {
  doors.set(store, door)
}

/** Throws TypeError for what is no `GitSessionStore`. */
export function doorOf(store: object): GitDoor {
  const door = doors.get(store)
  if (door === undefined) throw new TypeError('This needs a GitSessionStore, or the path of its folder')
  return door
}
