import { setImmediate as queueImmediate } from 'node:timers'
import { setImmediate } from 'node:timers/promises'

/** When the first slice of this turn of the event loop began; `undefined`: there was none yet. */
let began: number | undefined

/**
 * Divides long work into slices, so that timers and sockets are served in between:
 *
 *     const slice = new TimeSlice()
 *     for (const item of items) {
 *       work(item)
 *       if (slice.isOver()) await slice.next()
 *     }
 *
 * All slices of one turn of the event loop share its time, so work that follows other long work without a pause does
 * not get a new slice, nor does concurrent work.
 */
export class TimeSlice {
  readonly #length: number

  /** @param length milliseconds, from the start of the first slice in the same turn of the event loop */
  constructor(length = 2) {
    this.#length = length
    turnStart()
  }

  isOver(): boolean {
    return performance.now() >= turnStart() + this.#length
  }

  /** Lets all other pending work run first. */
  async next(): Promise<void> {
    await setImmediate()
    // What follows belongs to this turn, also before it asks whether its time is over.
    turnStart()
  }
}

/** Runs all steps of long work without a pause. */
export function atOnce<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Runs long work that yields wherever it may pause. */
export async function inSlices<T>(steps: Generator<void, T>, slice: TimeSlice): Promise<T> {
  for (;;) {
    if (slice.isOver()) await slice.next()
    const step = steps.next()
    if (step.done) return step.value
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
