/** Runs in an addition: fields are merged, and events are appended in strict sequence. */
import { InvalidStateError } from '../../errors.ts'
import { deepEqual, isJsonObject, type JsonObject, without } from '../../json-value.ts'

/** Items with events: `append` merges them instead of replacing them. */
export const RUNS = 'runs'

/** An existing run that gets fields, events, or both. */
export interface PlannedRun {
  index: number
  /** The merged fields, without `events`. */
  run: JsonObject
  /** The new events only. */
  events: readonly unknown[]
  /** Number of the first new event. */
  from: number
}

/** How many events a run has, and the last sequence number. */
export interface EventCount {
  count: number
  /** Sequence number of the last event; `undefined` if there is none. */
  last: number | undefined
}

/** Counts the events of a run that is given as a whole. */
export function countEvents(run: unknown): EventCount {
  const events = isJsonObject(run) && Array.isArray(run.events) ? run.events : []
  return { count: events.length, last: sequenceOf(events.at(-1)) }
}

/**
 * Returns what `incoming` changes in an existing run; `undefined` if nothing. Throws InvalidStateError as
 * `checkSequence` does.
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

/** Returns the run after the plan. */
export function applyMerge(before: JsonObject, { run, events }: PlannedRun): Record<string, unknown> {
  if (!Object.hasOwn(before, 'events') && events.length === 0) return { ...run }
  const earlier = (before.events as readonly unknown[] | undefined) ?? []
  return { ...run, events: events.length === 0 ? earlier : [...earlier, ...events] }
}

/**
 * Returns the new events of a run. Throws InvalidStateError unless the first has the next sequence number (0 or 1 in a
 * run without events), and each further event the next one.
 *
 * @param index the run's index, for paths of issues
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
