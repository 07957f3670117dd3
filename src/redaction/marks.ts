/** What stands where a secret was: `[redacted:<rule>:<8 hex>]`. */

import { createHmac, randomBytes } from 'node:crypto'
import type { Finding } from './scanner.ts'

/** What a mark is made with: the same secret gets the same mark, and nobody without it can try secrets out. */
type MarkKey = Uint8Array

/** Where no key is given, marks of one process are alike, those of two are not. */
let ofProcess: MarkKey | undefined
export function keyOf(given: MarkKey | string | undefined): MarkKey {
  ofProcess ??= randomBytes(32)
  if (given === undefined) return ofProcess
  return typeof given === 'string' ? Buffer.from(given) : given
}

/** The text with a mark in the place of each finding, which are in order and apart. */
export function mark(text: string, findings: readonly Finding[], key: MarkKey): string {
  let marked = ''
  let from = 0
  for (const { rule, start, end, secret } of findings) {
    const code = createHmac('sha256', key).update(secret).digest('hex').slice(0, 8)
    marked += `${text.slice(from, start)}[redacted:${rule}:${code}]`
    from = end
  }
  return marked + text.slice(from)
}
