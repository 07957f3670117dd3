/** A store of sessions without history, on top of any key-value storage. */
import type { Session } from '../../state/index.ts'
import { documentRules } from '../document.ts'
import { StoreFront } from '../front.ts'
import { registerKey, rulesWithKey } from '../redaction/key.ts'
import type { StoredDocument, StoreOptions } from '../session-store.ts'
import { BlobBackend } from './backend.ts'
import type { Blobs } from './blobs.ts'

/**
 * Keeps each session as one value under a key, in any `Blobs`: a table, a bucket, a map. There is no history: a session
 * has one checkpoint, and its id is a fingerprint of the value. Branches, tags and keys throw UnsupportedError. A save
 * writes the whole session.
 *
 *     const store = new BlobSessionStore(new MyTable(database))
 */
export class BlobSessionStore<S extends StoredDocument = Session> extends StoreFront<S> {
  constructor(blobs: Blobs, options: StoreOptions<S> = {}) {
    const given = documentRules(options)
    const rules = blobs.markKey === undefined ? given : rulesWithKey(given, () => blobs.markKey!())
    super(new BlobBackend(blobs, rules), rules)
    if (blobs.markKey !== undefined) registerKey(this, () => blobs.markKey!())
  }
}
