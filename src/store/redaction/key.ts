/** The key for the marks of redacted secrets: that of the store, if it has one. */

import { type KeySource, keyOfProcess, withKey } from '../../redaction/marks.ts'
import { remembering } from '../../redaction/remembering.ts'
import type { Redact } from '../session-store.ts'

const sources = new WeakMap<object, KeySource>()

/** Called in the constructor of a store that has a key. */
export function registerKey(store: object, source: KeySource): void {
  sources.set(store, source)
}

/** Returns `redact` with the store's key, unless `redact` has its own key or the store has none. */
export function withKeyOf(store: object, redact: Redact): Redact {
  const source = sources.get(store)
  return source === undefined ? redact : withKey(redact, source)
}

/** Returns the key that `withKeyOf` gives to a `redact` without one. */
export const keyOf = (store: object): KeySource => sources.get(store) ?? keyOfProcess

/** Returns the rules with this key for `redact`. It remembers results, so it can run before a lock is taken. */
export const rulesWithKey = <R extends { redact: Redact | undefined }>(rules: R, source: KeySource): R =>
  rules.redact === undefined ? rules : { ...rules, redact: remembering(withKey(rules.redact, source)) }
