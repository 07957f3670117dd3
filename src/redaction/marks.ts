/** What stands where a secret was: `[redacted:<rule>:<8 hex>]`. */

import { createHmac, randomBytes } from 'node:crypto'
import { onceKnown, type Redact } from './redact.ts'
import type { Finding } from './scanner.ts'

/** What a mark is made with: the same secret gets the same mark, and nobody without it can try secrets out. */
type MarkKey = Uint8Array

/** Asked when the first secret is found. */
export type KeySource = () => MarkKey | Promise<MarkKey>

/** Where no key is given, marks of one process are alike, those of two are not. */
let ofProcess: MarkKey | undefined

/** What makes a `redact` that was given no key: a store with a key of its own makes another one of it. */
const makers = new WeakMap<Redact, (key: KeySource) => Redact>()

/** The `redact` that `make` makes with the given key, else with that of the process, until `withKey` gives one. */
export function keyed(given: MarkKey | string | undefined, make: (key: KeySource) => Redact): Redact {
  if (given !== undefined) {
    const key = typeof given === 'string' ? Buffer.from(given) : given
    return make(() => key)
  }
  const redact = make(() => (ofProcess ??= randomBytes(32)))
  makers.set(redact, make)
  return redact
}

/** The same `redact` with this key, if it was made here and has no key yet; else as it is. */
export function withKey(redact: Redact, source: KeySource): Redact {
  let known: MarkKey | undefined
  const remember = (key: MarkKey): MarkKey => {
    known = key
    return key
  }
  const key = () => known ?? (onceKnown(source(), remember) as MarkKey | Promise<MarkKey>)
  return makers.get(redact)?.(key) ?? redact
}

/** The text with a mark in the place of each finding, which are in order and apart. */
export function mark(text: string, findings: readonly Finding[], key: MarkKey): string {
  let marked = ''
  let from = 0
  // Making one takes as long as finding one, and the same secret often stands many times in a text.
  const codes = new Map<string, string>()
  for (const { rule, start, end, secret } of findings) {
    let code = codes.get(secret)
    if (code === undefined) {
      code = createHmac('sha256', key).update(secret).digest('hex').slice(0, 8)
      codes.set(secret, code)
    }
    marked += `${text.slice(from, start)}[redacted:${rule}:${code}]`
    from = end
  }
  return marked + text.slice(from)
}

const MARK = /\[redacted:[a-z0-9-]{1,64}:[0-9a-f]{8}\]/

/** Whether a mark stands in the value: it is not what it was. */
export function hasMark(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('[redacted:') && MARK.test(value)
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) ? value.some(hasMark) : Object.entries(value).some(hasMark)
}
