/** Runs in an addition: fields are merged, events follow on in strict sequence. */
import { InvalidStateError } from '../../errors.ts'
import { deepEqual, isJsonObject, type JsonObject, without } from '../../json-value.ts'

/** Items with events: `append` merges them instead of replacing them. */
export const RUNS = 'runs'

/** A run that exists and gets fields, events, or both. */
export interface PlannedRun {
  index: number
  /** The merged fields, without `events`. */
  run: JsonObject
  /** The new events only. */
  events: readonly unknown[]
  /** Number of the first new event. */
  from: number
}

/** How far the events of a run have come. */
export interface EventCount {
  count: number
  /** Sequence of the last; `undefined` when there is none. */
  last: number | undefined
}

/** How far the events of a run have come that is all there. */
export function countEvents(run: unknown): EventCount {
  const events = isJsonObject(run) && Array.isArray(run.events) ? run.events : []
  return { count: events.length, last: sequenceOf(events.at(-1)) }
}

/**
 * What `incoming` changes in a run that exists; `undefined` when nothing. Throws InvalidStateError unless its events
 * follow on.
 */
export function planMerge(
  index: number,
  existing: JsonObject,
  count: EventCount,
  incoming: JsonObject,
): PlannedRun | undefined {
  const before = without(existing, EVENTS)
  const added = checkSequence(incoming, index, count)
  const run = { ...before, ...without(incoming, EVENTS) }
  if (added.length === 0 && deepEqual(run, before)) return undefined
  return { index, run, events: added, from: count.count }
}

/** The run as the plan leaves it. */
export function applyMerge(before: JsonObject, { run, events }: PlannedRun): Record<string, unknown> {
  if (!Object.hasOwn(before, 'events') && events.length === 0) return { ...run }
  const earlier = (before.events as readonly unknown[] | undefined) ?? []
  return { ...run, events: events.length === 0 ? earlier : [...earlier, ...events] }
}

/**
 * The new events of a run. Throws InvalidStateError unless the first has a sequence of one more than the last (0 or 1
 * when there is none) and each next one more.
 *
 * @param index of the run, for paths
 */
export function checkSequence(run: JsonObject, index: number, existing?: EventCount): readonly unknown[] {
  const { events } = run
  if (events === undefined) return []
  if (!Array.isArray(events)) {
    throw new InvalidStateError([{ path: [RUNS, index, 'events'], message: 'has to be an array' }])
  }
  let last = existing?.last
  for (const [i, event] of events.entries()) {
    const sequence = sequenceOf(event)
    if (sequence === undefined || !(last === undefined ? sequence <= 1 : sequence === last + 1)) {
      const path = [RUNS, index, 'events', (existing?.count ?? 0) + i, 'sequence']
      const message =
        last === undefined ? 'has to be 0 or 1' : `has to be ${last + 1}, the next sequence number`
      throw new InvalidStateError([{ path, message }])
    }
    last = sequence
  }
  return events
}

const EVENTS = new Set(['events'])

function sequenceOf(event: unknown): number | undefined {
  const sequence = isJsonObject(event) ? event.sequence : undefined
  return Number.isSafeInteger(sequence) && (sequence as number) >= 0 ? (sequence as number) : undefined
}
