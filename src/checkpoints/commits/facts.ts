/** Facts about a checkpoint's state, stored as trailers so that tools need not read the state. */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { Checkpoint } from './checkpoint.ts'

export type CheckpointFacts = Pick<
  Checkpoint,
  'messages' | 'run' | 'status' | 'model' | 'tokens' | 'forkedFrom' | 'key'
>

/**
 * Returns the facts for a checkpoint's trailers.
 *
 * @param changes the new items of the first collection, the number of the first of them, and the last run that changed
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

/** Returns the facts that the top-level values of a state give. */
export function factsOf(fields: JsonObject): Pick<CheckpointFacts, 'status' | 'model' | 'tokens'> {
  const tokens = tokensOf(fields.usage)
  return {
    ...(isText(fields.status) && { status: fields.status }),
    ...(isText(fields.model) && { model: fields.model }),
    ...(tokens !== undefined && { tokens }),
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** Returns `totalTokens` if given, else the sum of input and output tokens. */
function tokensOf(usage: unknown): number | undefined {
  if (!isJsonObject(usage)) return undefined
  const { totalTokens, inputTokens, outputTokens } = usage
  const given = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
  if (given(totalTokens)) return totalTokens
  if (!given(inputTokens) && !given(outputTokens)) return undefined
  return (given(inputTokens) ? inputTokens : 0) + (given(outputTokens) ? outputTokens : 0)
}
