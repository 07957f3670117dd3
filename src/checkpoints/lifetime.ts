/** One thing after another, and an end to it. */
import { SessionClosedError } from '../errors.ts'

/** Runs what it is given one after the other, in the order it was given. A failure fails only its own caller. */
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

  /** Throws SessionClosedError once the store is closed, or closing. */
  check(): void {
    if (this.#closed) throw new SessionClosedError('store')
  }

  /** Does the work, which `close` will wait for. */
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

  /** Resolves when all that is under way has ended, well or not. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#underWay)
  }
}
