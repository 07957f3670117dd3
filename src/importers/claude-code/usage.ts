/** Tokens, from the provider's words to ours. */
import type { Usage } from '../../state/index.ts'
import { isObject, type JsonObject } from '../remainder.ts'
import type { Entry } from './entry.ts'

/**
 * Tokens of a reply as its entry gives them; `undefined` when it gives none. All lines of a reply repeat them: count
 * a reply once. `inputTokens` is all that the model read, whether it came from the cache or not.
 */
export function usageOf(entry: Entry): Usage | undefined {
  const raw = isObject(entry.message) ? entry.message.usage : undefined
  if (!isObject(raw)) return undefined
  const cached = count(raw, 'cache_read_input_tokens')
  const inputTokens = count(raw, 'input_tokens') + count(raw, 'cache_creation_input_tokens') + cached
  const outputTokens = count(raw, 'output_tokens')
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    ...(cached === 0 ? {} : { cachedInputTokens: cached }),
  }
}

/** The sum; `sign` -1 for the difference. */
export function addUsage(a: Usage, b: Usage | undefined, sign: 1 | -1 = 1): Usage {
  if (b === undefined) return a
  const sum: Record<string, number> = {}
  for (const key of ['inputTokens', 'outputTokens', 'totalTokens', 'cachedInputTokens'] as const) {
    if (a[key] === undefined && b[key] === undefined) continue
    sum[key] = Math.max(0, (a[key] ?? 0) + sign * (b[key] ?? 0))
  }
  return { ...a, ...sum }
}

function count(raw: JsonObject, key: string): number {
  const value = raw[key]
  return typeof value === 'number' && value > 0 ? value : 0
}
