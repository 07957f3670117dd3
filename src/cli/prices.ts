/** Reads the prices of tokens from a file of the user. */
import { readNamedFile } from '../named-file.ts'
import { type Prices, readPrices } from '../view/cost.ts'
import { UsageError } from './exit-codes.ts'

/**
 * Returns the prices of the given file, else of the file in FORKPOINT_PRICES, else none.
 *
 * @throws NotFoundError, StorageError; UsageError if the file has no prices
 */
export function pricesOf(
  given: string | undefined,
  { FORKPOINT_PRICES }: Readonly<Record<string, string | undefined>>,
): Prices {
  const file = given ?? (FORKPOINT_PRICES || undefined)
  if (file === undefined) return {}
  const prices = readPrices(parsed(readNamedFile(file)))
  if (prices !== undefined) return prices
  throw new UsageError(
    `'${file}' has no prices: write { "<model>": { "input": 3, "output": 15 } }, for a million tokens.`,
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
