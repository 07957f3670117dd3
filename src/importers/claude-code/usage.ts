/** Converts the provider's token counts to ours. */

import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { Usage } from '../../state/index.ts'
import type { Entry } from './entry.ts'

/** Token counts of a reply. `inputTokens` includes the tokens read from the cache and those written to it. */
export interface ReplyUsage extends Usage {
  cacheCreationInputTokens?: number
}

/**
 * Returns the tokens of a reply from its entry; `undefined` if it contains none. All lines of a reply repeat them:
 * count them once per reply. `inputTokens` is everything that the model read, including the cached tokens.
 */
export function usageOf(entry: Entry): ReplyUsage | undefined {
  const raw = isJsonObject(entry.message) ? entry.message.usage : undefined
  if (!isJsonObject(raw)) return undefined
  const cached = count(raw, 'cache_read_input_tokens')
  const created = count(raw, 'cache_creation_input_tokens')
  const inputTokens = count(raw, 'input_tokens') + created + cached
  const outputTokens = count(raw, 'output_tokens')
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    ...(cached === 0 ? {} : { cachedInputTokens: cached }),
    ...(created === 0 ? {} : { cacheCreationInputTokens: created }),
  }
}

/**
 * Returns the tokens as an entry usually contains them. The result is part of the storage format, see
 * `source-lines.ts`.
 */
export function rawUsage(usage: ReplyUsage | undefined): JsonObject | undefined {
  if (usage === undefined) return undefined
  const { inputTokens = 0, outputTokens = 0, cachedInputTokens = 0, cacheCreationInputTokens = 0 } = usage
  const counts = {
    input_tokens: inputTokens - cachedInputTokens - cacheCreationInputTokens,
    cache_creation_input_tokens: cacheCreationInputTokens,
    cache_read_input_tokens: cachedInputTokens,
    output_tokens: outputTokens,
    cache_creation: { ephemeral_5m_input_tokens: cacheCreationInputTokens, ephemeral_1h_input_tokens: 0 },
  }
  return {
    ...counts,
    server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
    service_tier: 'standard',
    inference_geo: 'not_available',
    speed: 'standard',
    iterations: [{ ...counts, type: 'message' }],
  }
}

function count(raw: JsonObject, key: string): number {
  const value = raw[key]
  return typeof value === 'number' && value > 0 ? value : 0
}
