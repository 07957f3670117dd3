/** Reads token counts of every framework. */
import { isJsonObject } from '../json-value.ts'
import type { ReadUsage } from './block.ts'
import { numberOf, objectOf } from './fields.ts'

/** Returns the counts; `undefined` if there are none. */
export function readUsage(usage: unknown): ReadUsage | undefined {
  if (!isJsonObject(usage)) return undefined
  const { inputTokens, input_tokens, prompt_tokens, promptTokens } = usage
  const { outputTokens, output_tokens, completion_tokens, completionTokens } = usage
  const { cachedInputTokens, cache_read_input_tokens, input_token_details, inputTokensDetails } = usage
  const read = {
    input: first(inputTokens, input_tokens, prompt_tokens, promptTokens),
    output: first(outputTokens, output_tokens, completion_tokens, completionTokens),
    cached: first(
      cachedInputTokens,
      cache_read_input_tokens,
      objectOf(input_token_details).cache_read,
      objectOf(inputTokensDetails).cached_tokens,
    ),
    total: first(usage.totalTokens, usage.total_tokens),
  }
  return Object.values(read).every((count) => count === undefined) ? undefined : read
}

function first(...counts: readonly unknown[]): number | undefined {
  for (const count of counts) {
    const number = numberOf(count)
    if (number !== undefined) return number
  }
  return undefined
}
