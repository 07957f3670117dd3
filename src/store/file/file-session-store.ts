/** Sessions as plain files: one JSON file each, and no history. */
import type { Session } from '../../state/index.ts'
import { BlobSessionStore } from '../blob/blob-session-store.ts'
import type { StoredDocument, StoreOptions } from '../session-store.ts'
import { SessionFolder } from './session-folder.ts'

export interface FileStoreOptions<S extends StoredDocument = Session> extends StoreOptions<S> {
  /** How long another process's lock is waited for, in milliseconds. Default 10,000. */
  lockTimeout?: number
}

/**
 * Keeps each session in one JSON file of a folder, replaced atomically and synced by every save. There is no history:
 * a session is at one checkpoint, whose id is a fingerprint of the file, and steps, turns and forks are of that one.
 * Branches, tags and keys throw UnsupportedError. Saving costs what the session costs; for long sessions, and to go
 * back, there is `GitSessionStore`.
 *
 *     const store = new FileSessionStore('./sessions')
 *     await store.save(state)                               // ./sessions/<id>.json
 */
export class FileSessionStore<S extends StoredDocument = Session> extends BlobSessionStore<S> {
  /** The folder, as an absolute path. */
  readonly folder: string

  constructor(folder: string, options: FileStoreOptions<S> = {}) {
    if (typeof folder !== 'string' || folder === '')
      throw new TypeError('A file store needs the path of its folder')
    const { lockTimeout } = options
    const files = new SessionFolder(folder, lockTimeout === undefined ? {} : { lockTimeout })
    super(files, options)
    this.folder = files.path
  }
}
