/** What tokens cost, by prices that the user gave. */
import type { ReadUsage } from './block.ts'
import { numberOf, objectOf } from './fields.ts'

/** What a million tokens of a model cost. */
export interface ModelPrice {
  input: number
  output: number
  /** Of input that the provider had already; default: as `input`. */
  cached?: number
}

/** By the model's name, as sessions have it. */
export type Prices = Readonly<Record<string, ModelPrice>>

/** The prices that a JSON value states; `undefined` where it states none. */
export function readPrices(value: unknown): Prices | undefined {
  const all = Object.values(objectOf(value))
  const isPrice = (one: unknown): boolean => {
    const { input, output, cached = 0 } = objectOf(one)
    return [input, output, cached].every((price) => (numberOf(price) ?? -1) >= 0)
  }
  return all.length > 0 && all.every(isPrice) ? (value as Prices) : undefined
}

/** `undefined` where the model has no price, or nothing was counted. */
export function costOf(
  usage: Partial<ReadUsage> | undefined,
  model: string | undefined,
  prices: Prices,
): number | undefined {
  if (usage === undefined || model === undefined || !Object.hasOwn(prices, model)) return undefined
  const { input: price, output: outputPrice, cached: cachedPrice = price } = prices[model]!
  const { input = 0, output = 0, cached = 0 } = usage
  // Some providers count what was cached beside the input, not in it.
  const fresh = cached > input ? input : input - cached
  return (fresh * price + cached * cachedPrice + output * outputPrice) / 1e6
}
