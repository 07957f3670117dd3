/** Applies `redact`: every new value passes through it before it is encoded. */

import { InvalidStateError } from '../errors.ts'
import { fromEntries, isJsonObject, MAX_DEPTH } from '../json-value.ts'

/**
 * Receives each new value before it is stored, and returns the value to store, or a promise of it. A container comes
 * before the values inside it. The path leads from the top of the document, such as `['messages', 1, 'content']`. A
 * removed value never reaches the disk.
 */
export type Redact = (value: unknown, path: Path) => unknown

/** Path from the top of a document to a value. */
export type Path = readonly (string | number)[]

const TOO_DEEP = `contains a value more than ${MAX_DEPTH} levels deep, or contains itself`

/**
 * Returns the redacted value, or a promise of it if `redact` returned one. `redact` is called with every container and
 * every leaf, containers before their contents, and with the path from the top of the document. The walk continues in
 * what `redact` returned. `undefined` removes a key; in an array it becomes `null`. The given value is never modified,
 * and is itself returned if nothing changed. Throws InvalidStateError for a value that is too deep, or contains itself.
 *
 * @returns `undefined` when the value itself was removed
 */
export function redactValue(value: unknown, redact: Redact, path: Path): unknown {
  if (path.length > MAX_DEPTH) throw new InvalidStateError([{ path: path.slice(0, 8), message: TOO_DEEP }])
  return onceKnown(redact(value, path), (kept) =>
    typeof kept === 'object' && kept !== null ? redactInside(kept, redact, path) : kept,
  )
}

/** As `redactValue`, but does not call `redact` with the value itself: for a whole document. */
export function redactInside(value: object, redact: Redact, path: Path = []): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item, index) => redactValue(item, redact, [...path, index]))
    return onceKnown(allKnown(items), (given) => {
      const kept = given.map((item) => item ?? null)
      return kept.every((item, index) => Object.is(item, value[index])) ? value : kept
    })
  }
  const before = Object.entries(value)
  const inner = before.map(([key, member]) => redactValue(member, redact, [...path, key]))
  return onceKnown(allKnown(inner), (kept) => {
    if (kept.every((member, index) => Object.is(member, before[index]![1]))) return value
    const entries = before.map(([key], index) => [key, kept[index]] as const)
    return fromEntries(entries.filter(([, member]) => member !== undefined))
  })
}

/** Calls `next` with the value: at once, or when the promise resolves. */
export function onceKnown<T>(value: T | PromiseLike<T>, next: (value: T) => unknown): unknown {
  return isPromise(value) ? (value as PromiseLike<T>).then(next) : next(value as T)
}

/** Returns the values, or a promise of them if one of them is a promise. */
export function allKnown(values: readonly unknown[]): readonly unknown[] | Promise<readonly unknown[]> {
  return values.some(isPromise) ? Promise.all(values) : values
}

/** Whether the value is a promise. */
export const isPromise = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

/**
 * Copies arrays and plain objects, so that later changes by the caller have no effect while `redact` is pending. Other
 * values are not copied. Throws InvalidStateError as `redactValue` does.
 */
export function snapshot(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw new InvalidStateError([{ path: [], message: TOO_DEEP }])
  if (Array.isArray(value)) return value.map((item) => snapshot(item, depth + 1))
  if (!isJsonObject(value)) return value
  return fromEntries(Object.entries(value).map(([key, inner]) => [key, snapshot(inner, depth + 1)]))
}
