/** A store of sessions in memory, with history. */
import type { Session } from '../../state/index.ts'
import { documentRules } from '../document.ts'
import { StoreFront } from '../front.ts'
import { registerKey, rulesWithKey } from '../redaction/key.ts'
import type { StoredDocument, StoreOptions } from '../session-store.ts'
import { MemoryBackend } from './backend.ts'
import { MemoryHistory } from './history.ts'

export interface MemoryStoreOptions<S extends StoredDocument = Session> extends StoreOptions<S> {
  /** Another memory store whose sessions this one shares, as two git stores share a folder. */
  // biome-ignore lint/suspicious/noExplicitAny: a store of any documents will do.
  share?: MemorySessionStore<any>
}

/**
 * Keeps sessions in memory, with branches, steps, tags, forks and keys, as a git store does. They are lost when the
 * process ends. For tests and short-lived agents.
 */
export class MemorySessionStore<S extends StoredDocument = Session> extends StoreFront<S> {
  readonly #history: MemoryHistory

  constructor(options: MemoryStoreOptions<S> = {}) {
    const history = options.share === undefined ? new MemoryHistory() : options.share.#history
    const key = () => history.markKey
    const rules = rulesWithKey(documentRules(options), key)
    super(new MemoryBackend(history, rules), rules)
    this.#history = history
    registerKey(this, key)
  }
}
