/** Parts of a state, for callers who do not need the whole state. */
import { NotFoundError } from '../../errors.ts'
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import { idOf } from '../addition/plan.ts'
import { RUNS } from '../addition/runs.ts'
import type { LoadOptions } from '../session-store.ts'

/** Whether the options ask for less than the whole state. Such a state must not be saved. */
export const isPartial = ({ last, events }: LoadOptions): boolean => last !== undefined || events === false

/** Returns the part that the options ask for. */
export function partOf(state: JsonObject, options: LoadOptions, collections: readonly string[]): JsonObject {
  const [first] = collections
  const { last } = options
  const part: Record<string, unknown> = { ...state }
  if (last !== undefined && first !== undefined && Array.isArray(state[first])) {
    part[first] = last === 0 ? [] : state[first].slice(-last)
  }
  if (options.events === false && collections.includes(RUNS) && Array.isArray(part[RUNS])) {
    part[RUNS] = part[RUNS].map((run) => (isJsonObject(run) ? { ...run, events: [] } : run))
  }
  return part
}

/** Returns the option `after`. Throws TypeError unless it is a number. */
export function parseAfter(after: unknown = Number.NEGATIVE_INFINITY): number {
  if (typeof after === 'number' && !Number.isNaN(after)) return after
  throw new TypeError("'after' has to be a number")
}

/**
 * Returns the events of a run with a sequence number greater than `after`. Throws NotFoundError if the run does not
 * exist.
 */
export function eventsOf(state: JsonObject, session: string, run: string, after: number): readonly unknown[] {
  const runs = Array.isArray(state[RUNS]) ? state[RUNS] : []
  const found = runs.find((one) => idOf(one) === run)
  if (found === undefined) throw new NotFoundError({ kind: 'run', id: run, session })
  const events = Array.isArray(found.events) ? found.events : []
  return events.filter((event: unknown) => {
    const sequence = isJsonObject(event) ? event.sequence : undefined
    return typeof sequence !== 'number' || sequence > after
  })
}
