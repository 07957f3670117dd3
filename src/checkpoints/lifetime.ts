/** Runs work in order, and waits for it when a store is closed. */
import { SessionClosedError } from '../errors.ts'

/**
 * Runs functions one after another, in the order given. An error reaches only the caller of the function that threw it.
 */
export class Exclusive {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }
}

/** The time in which a store can be used. */
export class Lifetime {
  readonly #underWay = new Set<Promise<unknown>>()
  #closed = false

  /** Throws SessionClosedError if the store is closed or closing. */
  check(): void {
    if (this.#closed) throw new SessionClosedError('store')
  }

  /** Runs work that `close` waits for. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    this.check()
    const result = work()
    this.#underWay.add(result)
    try {
      return await result
    } finally {
      this.#underWay.delete(result)
    }
  }

  /** Runs work for which no caller waits, but `close` does. Its errors are ignored; a closed store skips it. */
  later(work: () => Promise<void>): void {
    this.use(work).catch(() => undefined)
  }

  /** Resolves when all running work has ended, successfully or not. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#underWay)
  }
}
