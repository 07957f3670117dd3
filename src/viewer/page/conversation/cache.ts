/**
 * Caches loaded messages by number. Messages of an older checkpoint are kept until those of the newer one are loaded.
 */
import type { ShownMessage } from '../../wire.ts'
import { data } from '../data.ts'

export class MessageCache {
  readonly #session: string
  readonly #messages = new Map<number, { tip: string; message: ShownMessage }>()

  constructor(session: string) {
    this.#session = session
  }

  /** Returns the loaded messages, of any checkpoint. */
  known(from: number, to: number): ShownMessage[] {
    const known: ShownMessage[] = []
    for (let index = from; index < to; index++) {
      const found = this.#messages.get(index)
      if (found !== undefined) known.push(found.message)
    }
    return known
  }

  isFresh(tip: string, from: number, to: number): boolean {
    for (let index = from; index < to; index++) if (this.#messages.get(index)?.tip !== tip) return false
    return true
  }

  /** Loads the missing messages of this checkpoint; a long answer comes in pieces. */
  async load(tip: string, from: number, to: number): Promise<void> {
    let next = from
    while (next < to && !this.isFresh(tip, next, to)) {
      const { messages } = await data.messages(this.#session, tip, next, to)
      if (messages.length === 0) return
      for (const message of messages) this.#messages.set(message.index, { tip, message })
      next += messages.length
    }
    this.#forget(from, to)
  }

  /** Drops distant messages, so that a long conversation does not fill the memory. */
  #forget(from: number, to: number): void {
    if (this.#messages.size <= MOST) return
    for (const index of this.#messages.keys())
      if (index < from - MOST / 3 || index > to + MOST / 3) this.#messages.delete(index)
  }
}

const MOST = 3000
