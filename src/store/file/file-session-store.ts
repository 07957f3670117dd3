/** Sessions as plain files: one JSON file each, and no history. */
import type { Session } from '../../state/index.ts'
import { BlobSessionStore } from '../blob/blob-session-store.ts'
import type { StoredDocument, StoreOptions } from '../session-store.ts'
import { SessionFolder } from './session-folder.ts'

export interface FileStoreOptions<S extends StoredDocument = Session> extends StoreOptions<S> {
  /** How long to wait for the lock of another process, in milliseconds. Default 10,000. */
  lockTimeout?: number
}

/**
 * Keeps each session in one JSON file in a folder. Every save replaces the file atomically and syncs it. There is no
 * history: a session has one checkpoint, and its id is a fingerprint of the file. Branches, tags and keys throw
 * UnsupportedError. A save writes the whole session; for long sessions, or to go back, use `GitSessionStore`.
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
