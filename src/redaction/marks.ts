/** Marks, which replace secrets: `[redacted:<rule>:<8 hex>]`. */

import { hash, randomBytes } from 'node:crypto'
import { onceKnown, type Redact } from './redact.ts'
import type { Finding } from './rule.ts'

/** The key of marks: equal secrets get equal marks, and without the key nobody can test guesses against a mark. */
type MarkKey = Uint8Array

/** Called when the first secret is found. */
export type KeySource = () => MarkKey | Promise<MarkKey>

/** The key if none is given: equal secrets get equal marks within one process only. */
let ofProcess: MarkKey | undefined

/** How each `redact` without a given key was made, so that a store can make it again with the store's key. */
const makers = new WeakMap<Redact, (key: KeySource) => Redact>()

/** Makes a `redact` with the given key, else with the key of the process until `withKey` replaces it. */
export function keyed(given: MarkKey | string | undefined, make: (key: KeySource) => Redact): Redact {
  if (given !== undefined) {
    const key = typeof given === 'string' ? Buffer.from(given) : given
    return make(() => key)
  }
  const redact = make(keyOfProcess)
  makers.set(redact, make)
  return redact
}

/** Returns the key that is used if there is no other. */
export const keyOfProcess: KeySource = () => (ofProcess ??= randomBytes(32))

/** Returns the `redact` with this key if `keyed` made it without one, else unchanged. */
export function withKey(redact: Redact, source: KeySource): Redact {
  let known: MarkKey | undefined
  const remember = (key: MarkKey): MarkKey => {
    known = key
    return key
  }
  const key = () => known ?? (onceKnown(source(), remember) as MarkKey | Promise<MarkKey>)
  return makers.get(redact)?.(key) ?? redact
}

/**
 * Hex digits of a mark. The key is one whole block of SHA-256 before the secret. The seven eighths of the result that a mark
 * leaves out are what an attack on such a hash needs, so this is as safe as an HMAC, and takes a quarter of its time.
 */
const CODE = 8

/** Replaces each finding by a mark. Findings must be sorted and must not overlap. */
export function mark(text: string, findings: readonly Finding[], key: MarkKey): string {
  const block = hash('sha256', key)
  // All codes first: a hash leaves garbage, and collecting it among the parts of the text takes twice as long.
  const codes: string[] = []
  for (const { secret } of findings) codes.push(hash('sha256', block + secret).slice(0, CODE))
  let marked = ''
  let from = 0
  for (const [index, { rule, start, end }] of findings.entries()) {
    marked += `${text.slice(from, start)}[redacted:${rule}:${codes[index]}]`
    from = end
  }
  return marked + text.slice(from)
}

const MARK = /\[redacted:[a-z0-9-]{1,64}:[0-9a-f]{8}\]/

/** Whether the value contains a mark, so is not what the caller gave. */
export function hasMark(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('[redacted:') && MARK.test(value)
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) ? value.some(hasMark) : Object.entries(value).some(hasMark)
}
