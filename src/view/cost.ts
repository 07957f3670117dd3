/** The cost of tokens, at prices that the user gave. */
import type { ReadUsage } from './block.ts'
import { numberOf, objectOf } from './fields.ts'

/** The prices of a million tokens of a model. */
export interface ModelPrice {
  input: number
  output: number
  /** Price of cached input. Default: as `input`. */
  cached?: number
}

/** Prices by the model's name in sessions. */
export type Prices = Readonly<Record<string, ModelPrice>>

/** Reads prices from a JSON value; `undefined` if it has none. */
export function readPrices(value: unknown): Prices | undefined {
  const all = Object.values(objectOf(value))
  const isPrice = (one: unknown): boolean => {
    const { input, output, cached = 0 } = objectOf(one)
    return [input, output, cached].every((price) => (numberOf(price) ?? -1) >= 0)
  }
  return all.length > 0 && all.every(isPrice) ? (value as Prices) : undefined
}

/** Returns the cost; `undefined` if the model has no price, or the usage is unknown. */
export function costOf(
  usage: Partial<ReadUsage> | undefined,
  model: string | undefined,
  prices: Prices,
): number | undefined {
  if (usage === undefined || model === undefined || !Object.hasOwn(prices, model)) return undefined
  const { input: price, output: outputPrice, cached: cachedPrice = price } = prices[model]!
  const { input = 0, output = 0, cached = 0 } = usage
  // Some providers do not count cached tokens as part of the input.
  const fresh = cached > input ? input : input - cached
  return (fresh * price + cached * cachedPrice + output * outputPrice) / 1e6
}
