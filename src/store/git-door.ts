/** What stands behind a git store, for adapters that write lines and trees of their own. Not part of the package's API. */
import type { History } from '../checkpoints/history.ts'
import type { Lifetime } from '../checkpoints/lifetime.ts'
import { checkpointsOf } from '../checkpoints/of-store.ts'
import type { SessionRefs } from '../checkpoints/session-refs.ts'
import type { Repository } from '../git/repository.ts'
import type { DocumentRules } from './document.ts'

export interface GitDoor {
  repository: Repository
  history: History
  refs: SessionRefs
  rules: DocumentRules
  lifetime: Lifetime
}

/** Throws TypeError for what is no `GitSessionStore`. */
export function doorOf(store: object): GitDoor {
  const { history, refs, rules, lifetime } = checkpointsOf(store)
  return { repository: history.repository, history, refs, rules: rules as DocumentRules, lifetime }
}
