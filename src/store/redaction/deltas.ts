/** Redacts streamed texts, which are stored in pieces as events of a run: a secret may span several pieces. */

import { isJsonObject, type JsonObject } from '../../json-value.ts'
import { allKnown, onceKnown, type Redact } from '../../redaction/redact.ts'
import { RUNS } from '../addition/runs.ts'

/** The pieces of one text, by the indexes of their events. */
export interface DeltaGroup {
  readonly indexes: readonly number[]
  readonly field: string
  readonly text: string
}

/** The keys of an event under which its piece may stand. */
const FIELDS = ['text', 'delta', 'inputTextDelta', 'argsTextDelta', 'arguments']

/** Groups events whose texts belong together: those with the same type, step, call and id. */
export function deltaGroups(events: readonly unknown[]): readonly DeltaGroup[] {
  const groups = new Map<string, { indexes: number[]; field: string; texts: string[] }>()
  for (const [index, event] of events.entries()) {
    if (!isJsonObject(event) || typeof event.type !== 'string' || !/[-_.]delta$/.test(event.type)) continue
    const field = FIELDS.find((name) => typeof event[name] === 'string')
    if (field === undefined) continue
    const { type, step, call, id, toolCallId, item_id } = event
    const name = JSON.stringify([type, field, step, call, id, toolCallId, item_id])
    const group = groups.get(name) ?? { indexes: [], field, texts: [] }
    group.indexes.push(index)
    group.texts.push(event[field] as string)
    groups.set(name, group)
  }
  return [...groups.values()].map(({ indexes, field, texts }) => ({ indexes, field, text: texts.join('') }))
}

/**
 * Returns the redacted runs, or a promise of them. If `redact` changes a joined text, the whole result is put into the
 * first piece.
 */
export function redactDeltas(runs: readonly unknown[], redact: Redact): unknown {
  const made = runs.map((run, index) => {
    const { events } = isJsonObject(run) ? run : {}
    if (!Array.isArray(events)) return run
    const kept = redactPieces(events, redact, [RUNS, index, 'events'])
    return onceKnown(kept, (events) => ({ ...(run as JsonObject), events }))
  })
  return allKnown(made)
}

/** Redacts joined texts. Returns the events, or a promise of them. @param path the path of the events */
export function redactPieces(
  events: readonly unknown[],
  redact: Redact,
  path: readonly (string | number)[],
  from = 0,
): unknown {
  const groups = deltaGroups(events).filter(({ indexes }) => indexes.length > 1)
  if (groups.length === 0) return events
  const texts = groups.map(({ indexes, field, text }) => redact(text, [...path, from + indexes[0]!, field]))
  return onceKnown(allKnown(texts), (kept) => {
    const after = [...events]
    for (const [number, { indexes, field, text }] of groups.entries()) {
      if (kept[number] === text) continue
      for (const [nth, index] of indexes.entries())
        after[index] = { ...(events[index] as JsonObject), [field]: nth === 0 ? kept[number] : '' }
    }
    return after
  })
}
