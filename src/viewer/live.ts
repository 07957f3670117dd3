/** Notifies pages of saves, by polling: any process may save, to any kind of store. */
import type { ServerResponse } from 'node:http'
import type { AnyStore } from './answers/source.ts'

export interface LiveOptions {
  /** Milliseconds between two polls. */
  every?: number
}

export class Live {
  readonly #store: AnyStore
  readonly #every: number
  readonly #open = new Set<ServerResponse>()

  constructor(store: AnyStore, { every = 1000 }: LiveOptions = {}) {
    this.#store = store
    this.#every = every
  }

  /** Whether one more page can be notified. */
  get hasRoom(): boolean {
    return this.#open.size < MOST_PAGES
  }

  /**
   * Sends the server-sent event `changed` after each save of the session (of any session if `undefined`), until the
   * connection closes.
   */
  follow(response: ServerResponse, session: string | undefined): void {
    this.#open.add(response)
    response.write('retry: 2000\n\n')
    let known: string | undefined
    let timer: NodeJS.Timeout
    const look = async (): Promise<void> => {
      const now = await this.#mark(session).catch((error: unknown) => `failed: ${error}`)
      if (!this.#open.has(response)) return
      response.write(known === undefined || now === known ? ': \n\n' : 'event: changed\ndata: {}\n\n')
      known = now
      timer = setTimeout(() => void look(), this.#every)
    }
    response.once('close', () => {
      clearTimeout(timer)
      this.#open.delete(response)
    })
    void look()
  }

  close(): void {
    for (const response of this.#open) response.end()
    this.#open.clear()
  }

  /** Returns a text that differs after each save. */
  async #mark(session: string | undefined): Promise<string> {
    if (session !== undefined)
      return JSON.stringify([await this.#store.branches(session), await this.#store.tags(session)])
    const newest: string[] = []
    for await (const { id, head, activeBranch } of this.#store.list({ limit: NEWEST }))
      newest.push(`${id} ${head} ${activeBranch}`)
    return newest.join('\n')
  }
}

const MOST_PAGES = 16
/** How many sessions are polled: a saved session is among the newest. */
const NEWEST = 50
