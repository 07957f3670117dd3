/** What a checkpoint says of its state beside its subject: trailers that tools read without reading the state. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { Checkpoint } from './checkpoint.ts'

export type CheckpointFacts = Pick<
  Checkpoint,
  'messages' | 'run' | 'status' | 'model' | 'tokens' | 'forkedFrom' | 'key'
>

/**
 * What a checkpoint says of its state beside the subject.
 *
 * @param changes items of the first collection that are new, and the number of the first; the last run that changed
 * @param fields the top-level values after the change; collections may be missing
 */
export function checkpointFacts(
  changes: { added: readonly unknown[]; from: number; run?: string | undefined },
  fields: JsonObject,
): CheckpointFacts {
  const { added, from, run } = changes
  return {
    ...(added.length > 0 && { messages: { from, to: from + added.length - 1 } }),
    ...(run !== undefined && { run }),
    ...factsOf(fields),
  }
}

/** What the top-level values of a state say. */
export function factsOf(fields: JsonObject): Pick<CheckpointFacts, 'status' | 'model' | 'tokens'> {
  const tokens = tokensOf(fields.usage)
  return {
    ...(isText(fields.status) && { status: fields.status }),
    ...(isText(fields.model) && { model: fields.model }),
    ...(tokens !== undefined && { tokens }),
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** `totalTokens` where it is given, else input and output together. */
function tokensOf(usage: unknown): number | undefined {
  if (!isJsonObject(usage)) return undefined
  const { totalTokens, inputTokens, outputTokens } = usage
  const given = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
  if (given(totalTokens)) return totalTokens
  if (!given(inputTokens) && !given(outputTokens)) return undefined
  return (given(inputTokens) ? inputTokens : 0) + (given(outputTokens) ? outputTokens : 0)
}
