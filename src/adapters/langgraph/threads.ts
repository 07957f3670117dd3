/** Keeps the recently used threads of a saver. */
import type { SessionId } from '../../ids.ts'
import { Thread, type ThreadParts } from './thread.ts'

const MOST_THREADS = 10_000
const MOST_COMMITS = 300_000

export class Threads {
  readonly #parts: ThreadParts
  readonly #threads = new Map<SessionId, Thread>()

  constructor(parts: ThreadParts) {
    this.#parts = parts
  }

  get(id: SessionId): Thread {
    let thread = this.#threads.get(id)
    if (thread === undefined) {
      this.#forgetOld()
      thread = new Thread(id, this.#parts)
    } else this.#threads.delete(id)
    this.#threads.set(id, thread)
    return thread
  }

  /** Returns the thread with an up-to-date index, even if the thread does not exist. */
  async open(id: SessionId): Promise<Thread> {
    const thread = this.get(id)
    if (await this.#parts.checkpoints.open()) await thread.index.sync()
    return thread
  }

  forget(id: SessionId): void {
    this.#threads.delete(id)
  }

  /** Forgets the least recently used threads. They are read again when needed. */
  #forgetOld(): void {
    // Counting the commits of many threads takes time.
    if (this.#threads.size < MOST_THREADS && this.#threads.size % 64 !== 0) return
    let commits = 0
    for (const { index } of this.#threads.values()) commits += index.size
    for (const [id, { index, isBusy }] of this.#threads) {
      if (this.#threads.size < MOST_THREADS && commits <= MOST_COMMITS) return
      if (isBusy) continue
      commits -= index.size
      this.#threads.delete(id)
    }
  }
}
