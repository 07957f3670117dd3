/** `redact`, applied: every new value passes through it before anything is encoded. */

import { InvalidStateError } from '../errors.ts'
import { fromEntries, MAX_DEPTH } from '../json-value.ts'

/**
 * Receives each new value before it is stored: a container before the values inside it, with the path in the whole
 * document, such as `['messages', 1, 'content']`. A value that it removes never reaches the disk.
 */
export type Redact = (value: unknown, path: readonly (string | number)[]) => unknown

type Path = readonly (string | number)[]

const TOO_DEEP = `contains a value more than ${MAX_DEPTH} levels deep, or contains itself`

/**
 * The value as `redact` leaves it. It is called with every container and every leaf, containers before what is in
 * them, and with the path from the top of the document; what it returns is walked on, not what came in. `undefined`
 * removes a key, in an array it becomes `null`. The value itself is never changed, and is returned as it is when
 * nothing in it was. Throws InvalidStateError for a value that is too deep, or contains itself.
 *
 * @returns `undefined` when the value itself was removed
 */
export function redactValue(value: unknown, redact: Redact, path: Path): unknown {
  if (path.length > MAX_DEPTH) throw new InvalidStateError([{ path: path.slice(0, 8), message: TOO_DEEP }])
  const kept = redact(value, path)
  return typeof kept === 'object' && kept !== null ? redactInside(kept, redact, path) : kept
}

/** As `redactValue`, but `redact` does not see the value itself: for a whole document. */
export function redactInside(value: object, redact: Redact, path: Path = []): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item, index) => redactValue(item, redact, [...path, index]) ?? null)
    return items.every((item, index) => Object.is(item, value[index])) ? value : items
  }
  const before = Object.entries(value)
  const after = before.map(([key, inner]) => [key, redactValue(inner, redact, [...path, key])] as const)
  if (after.every(([, inner], index) => Object.is(inner, before[index]![1]))) return value
  return fromEntries(after.filter(([, inner]) => inner !== undefined))
}
