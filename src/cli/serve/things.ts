/** Things that a client refers to by an id of the server: stores, handles, positions, cursors, agents, sessions. */
import type { Agent, AgentSession } from '../../agent/index.ts'
import { NotFoundError } from '../../errors.ts'
import type { SessionHandle, SessionStore, StoredDocument } from '../../store/session-store.ts'

export type AnyStore = SessionStore<StoredDocument>

/** A state that the store has returned or saved: the object by which the store recognizes it, without its content. */
export class Position {
  readonly #state: StoredDocument
  #last: Promise<unknown> = Promise.resolve()

  constructor(state: StoredDocument) {
    this.#state = state
    clear(state)
  }

  /** Runs `work` on the object with new content. Calls run one after the other. */
  use<T>(content: StoredDocument, work: (state: StoredDocument) => Promise<T>): Promise<T> {
    const done = this.#last.then(async () => {
      for (const [key, value] of Object.entries(content)) {
        Object.defineProperty(this.#state, key, {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        })
      }
      try {
        return await work(this.#state)
      } finally {
        clear(this.#state)
      }
    })
    this.#last = done.catch(() => {})
    return done
  }
}

const clear = (state: StoredDocument): void => {
  for (const key of Object.keys(state)) Reflect.deleteProperty(state, key)
}

interface Kinds {
  store: AnyStore
  handle: SessionHandle<StoredDocument>
  position: Position
  cursor: AsyncIterator<unknown>
  agent: Agent
  session: AgentSession
}
type Kind = keyof Kinds

interface Entry {
  value: Kinds[Kind]
  /** The store or agent that it came from, with which it is dropped. */
  owner: string | undefined
}

export class Things {
  readonly #entries = new Map<string, Entry>()
  #next = 1

  /** Adds a thing. Returns its id, such as `store:1`, which is never reused. */
  add<K extends Kind>(kind: K, value: Kinds[K], owner?: string): string {
    const id = `${kind}:${this.#next++}`
    this.#entries.set(id, { value, owner })
    return id
  }

  /** Returns a thing. Throws NotFoundError if it was closed, or never existed. */
  get<K extends Kind>(kind: K, id: string): Kinds[K] {
    const entry = this.#entries.get(id)
    if (entry !== undefined && id.startsWith(`${kind}:`)) return entry.value as Kinds[K]
    throw new NotFoundError(
      { kind: kind as never, id },
      `There is no ${kind} '${id}' here: it was closed, or never opened.`,
    )
  }

  ownerOf(id: string): string | undefined {
    return this.#entries.get(id)?.owner
  }

  /** Drops a thing and everything that came from it. */
  drop(id: string): void {
    this.#entries.delete(id)
    for (const [other, { owner }] of this.#entries) if (owner === id) this.drop(other)
  }

  all<K extends Kind>(kind: K): Kinds[K][] {
    return [...this.#entries]
      .filter(([id]) => id.startsWith(`${kind}:`))
      .map(([, { value }]) => value as Kinds[K])
  }
}
