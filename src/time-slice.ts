import { setImmediate as queueImmediate } from 'node:timers'
import { setImmediate } from 'node:timers/promises'

/** When work in slices began in this turn of the event loop; `undefined`: not yet. */
let began: number | undefined

/**
 * Long work in slices, so that timers and sockets get their turn:
 *
 *     const slice = new TimeSlice()
 *     for (const item of items) {
 *       work(item)
 *       if (slice.isOver()) await slice.next()
 *     }
 *
 * All slices share the time of one turn of the event loop: what follows long work without a pause does not begin to count
 * anew, nor does what works beside it.
 */
export class TimeSlice {
  readonly #length: number

  /** `length` in milliseconds, from the first slice that began in the same turn of the event loop. */
  constructor(length = 4) {
    this.#length = length
    turnStart()
  }

  isOver(): boolean {
    return performance.now() >= turnStart() + this.#length
  }

  /** Lets everything else that waits run first. */
  async next(): Promise<void> {
    await setImmediate()
  }
}

function turnStart(): number {
  if (began === undefined) {
    began = performance.now()
    queueImmediate(endTurn)
  }
  return began
}

function endTurn(): void {
  began = undefined
}
