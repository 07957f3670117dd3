import { setImmediate } from 'node:timers/promises'

/**
 * Long work in slices, so that timers and sockets get their turn:
 *
 *     const slice = new TimeSlice()
 *     for (const item of items) {
 *       work(item)
 *       if (slice.isOver()) await slice.next()
 *     }
 */
export class TimeSlice {
  readonly #length: number
  #end: number

  /** `length` in milliseconds. */
  constructor(length = 6) {
    this.#length = length
    this.#end = performance.now() + length
  }

  isOver(): boolean {
    return performance.now() >= this.#end
  }

  /** Lets everything else that waits run first. */
  async next(): Promise<void> {
    await setImmediate()
    this.#end = performance.now() + this.#length
  }
}
