/** Parses and copies what `appendAll` is given. */
import { copyAddition, parseAddition } from '../addition/addition.ts'
import type { ParsedAddition } from '../addition/plan.ts'
import type { DocumentRules } from '../document.ts'
import type { NextAddition, WriteOptions } from '../session-store.ts'
import { parseWrite } from './said.ts'
import type { WriteRequest } from './write-options.ts'

/**
 * Returns the additions with their options; the first has the `branch` and `expected` of all. Values are copied before
 * this returns. Throws what `append` throws for one of them, and TypeError for an option that is not of one addition.
 */
export async function parseAppends(
  additions: readonly NextAddition[],
  { branch, expected }: Pick<WriteOptions, 'branch' | 'expected'>,
  rules: DocumentRules,
): Promise<{ addition: ParsedAddition; options: WriteRequest }[]> {
  const parsed = additions.map(({ addition, options = {} }, n) => {
    for (const key of ['branch', 'expected', 'tag', 'files'])
      if (Object.hasOwn(options, key))
        throw new TypeError(`'${key}' cannot be an option of one of several additions`)
    const own = n > 0 ? options : { ...options, ...(branch !== undefined && { branch }), expected }
    return {
      options: parseWrite(own as WriteOptions, rules),
      addition: copyAddition(parseAddition(addition, rules.collections)),
    }
  })
  return Promise.all(parsed.map(async ({ addition, options }) => ({ addition, options: await options })))
}
