/** Redacts whole states and additions. */

import type { JsonObject } from '../../json-value.ts'
import { onceKnown, redactInside, snapshot } from '../../redaction/redact.ts'
import { RUNS } from '../addition/runs.ts'
import type { Addition, Redact } from '../session-store.ts'
import { redactDeltas } from './deltas.ts'

/** Returns the redacted document, or a promise of it: a copy that is taken now. */
export function redactWhole(document: JsonObject, redact: Redact): JsonObject | PromiseLike<JsonObject> {
  const copy = snapshot(document) as JsonObject
  const runs = copy[RUNS]
  const joined = Array.isArray(runs)
    ? onceKnown(redactDeltas(runs, redact), (runs) => ({ ...copy, runs }))
    : copy
  return onceKnown(joined as JsonObject, (document) => redactInside(document, redact)) as JsonObject
}

/** Redacts an addition for a store that does not redact. The indexes in paths are those of the addition's own items. */
export async function redactAddition(addition: Addition, redact: Redact): Promise<Addition> {
  const { set, unset, ...items } = addition
  const [kept, fields] = await Promise.all([redactWhole(items, redact), redactWhole(set ?? {}, redact)])
  return { ...kept, ...(set && { set: fields }), ...(unset && { unset }) } as Addition
}
