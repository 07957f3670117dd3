/** What marks of redacted secrets are made with: the key of the store, where it has one. */

import { type KeySource, withKey } from '../../redaction/marks.ts'
import { remembering } from '../../redaction/remembering.ts'
import type { Redact } from '../session-store.ts'

const sources = new WeakMap<object, KeySource>()

/** Called by a store that has a key, when it is made. */
export function registerKey(store: object, source: KeySource): void {
  sources.set(store, source)
}

/** The `redact` with the key of the store, unless it was given one of its own, or the store has none. */
export function withKeyOf(store: object, redact: Redact): Redact {
  const source = sources.get(store)
  return source === undefined ? redact : withKey(redact, source)
}

/** The rules of a store with this key, whose `redact` can be asked before a lock is taken. */
export const rulesWithKey = <R extends { redact: Redact | undefined }>(rules: R, source: KeySource): R =>
  rules.redact === undefined ? rules : { ...rules, redact: remembering(withKey(rules.redact, source)) }
