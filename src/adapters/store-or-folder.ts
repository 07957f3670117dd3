/** What every adapter is given: a store that somebody has open, or the folder of one. */

import { GitSessionStore } from '../store/git/git-session-store.ts'
import type { StoredDocument, StoreOptions } from '../store/session-store.ts'

/** A `GitSessionStore` of any type, or the path of its folder. */
export type StoreOrFolder = string | GitSessionStore<StoredDocument>

/**
 * The store as an adapter sees it: its sessions are of the adapter's own type. Of a store that was given, closing
 * this leaves it open; one opened from a folder is closed. Throws TypeError for anything else.
 */
export function adapterStore<S extends StoredDocument>(
  storeOrFolder: StoreOrFolder,
  options: StoreOptions<S> & { type: string },
): GitSessionStore<S> {
  if (typeof storeOrFolder === 'string') return new GitSessionStore<S>(storeOrFolder, options)
  if (storeOrFolder instanceof GitSessionStore) return storeOrFolder.view<S>(options)
  throw new TypeError(
    'An adapter needs a store (an option, or its first argument): a GitSessionStore, or the path of its folder',
  )
}
