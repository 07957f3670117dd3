/** Reads from a store what the page shows. Results are cached by checkpoint id, since checkpoints never change. */
import { NotFoundError } from '../../errors.ts'
import { isJsonObject } from '../../json-value.ts'
import type { Checkpoint, SessionStore, StoredDocument } from '../../store/session-store.ts'
import type { Prices } from '../../view/cost.ts'
import { itemsOf } from '../../view/turn.ts'

export type AnyStore = SessionStore<StoredDocument>

/** The stores that sessions are read from. */
export interface Stores {
  /** For everything that does not depend on the type of documents. */
  store: AnyStore
  /** Returns a store for documents of the session's type. */
  storeOf(session: string): Promise<AnyStore>
  /** Prices of tokens. */
  prices?: Prices | undefined
}

/** A document at a checkpoint. */
export interface Loaded {
  document: StoredDocument
  items: readonly unknown[]
  runs: readonly Readonly<Record<string, unknown>>[]
}

export class Source {
  readonly store: AnyStore
  readonly prices: Prices | undefined
  readonly #storeOf: (session: string) => Promise<AnyStore>
  readonly #stores = new Recent<Promise<AnyStore>>(64)
  readonly #documents = new Recent<Promise<Loaded>>(4)
  readonly #logs = new Recent<Promise<readonly Checkpoint[]>>(16)

  constructor({ store, storeOf, prices }: Stores) {
    this.store = store
    this.prices = prices
    this.#storeOf = storeOf
  }

  /** Loads the document at a checkpoint. Throws NotFoundError. */
  load(session: string, checkpoint: string): Promise<Loaded> {
    return this.#documents.get(`${session} ${checkpoint}`, async () => {
      const store = await this.typed(session)
      const document = await store.load(session, { at: checkpoint })
      if (document === undefined) throw new NotFoundError({ kind: 'session', id: session })
      return { document, items: itemsOf(document), runs: listOf(document, 'runs') }
    })
  }

  /** Returns the line of checkpoints that ends at this one, newest first. */
  log(session: string, tip: string): Promise<readonly Checkpoint[]> {
    return this.#logs.get(`${session} ${tip}`, async () => {
      const log: Checkpoint[] = []
      for await (const checkpoint of this.store.log(session, { at: tip, limit: LONGEST_LOG }))
        log.push(checkpoint)
      return log
    })
  }

  typed(session: string): Promise<AnyStore> {
    return this.#stores.get(session, () => this.#storeOf(session))
  }
}

/** Most checkpoints of one line. */
const LONGEST_LOG = 20_000

const listOf = (document: StoredDocument, name: string): Readonly<Record<string, unknown>>[] => {
  const list = (document as unknown as Record<string, unknown>)[name]
  return Array.isArray(list) ? list.filter(isJsonObject) : []
}

/** Caches the most recently used values. Failures are not cached. */
class Recent<T extends Promise<unknown>> {
  readonly #most: number
  readonly #values = new Map<string, T>()

  constructor(most: number) {
    this.#most = most
  }

  get(key: string, make: () => T): T {
    const known = this.#values.get(key)
    this.#values.delete(key)
    const value = known ?? make()
    this.#values.set(key, value)
    if (known === undefined) value.catch(() => this.#values.delete(key))
    const [oldest] = this.#values.keys()
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest)
    return value
  }
}
