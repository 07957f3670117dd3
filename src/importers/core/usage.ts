/** Adds up the tokens of several runs. */
import type { Usage } from '../../state/index.ts'

/** Returns the sum, or the difference with `sign` -1. */
export function addUsage(a: Usage, b: Usage | undefined, sign: 1 | -1 = 1): Usage {
  if (b === undefined) return a
  const sum: Record<string, number> = {}
  for (const key of COUNTED) {
    if (a[key] === undefined && b[key] === undefined) continue
    sum[key] = Math.max(0, numberAt(a, key) + sign * numberAt(b, key))
  }
  return { ...a, ...sum }
}

const COUNTED = [
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'reasoningTokens',
  'cachedInputTokens',
  'cacheCreationInputTokens',
]

const numberAt = (usage: Usage, key: string): number => {
  const value = usage[key]
  return typeof value === 'number' ? value : 0
}
