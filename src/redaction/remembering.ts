/** A `redact` that remembers its answers, so that they can be computed before a lock is taken. */

import { isPromise, type Redact } from './redact.ts'

/** Characters of keys in the young half of the memory; the old half has about as many. */
const MOST = 4 << 20

/** Answers by value and path. The older half is dropped when there are too many. */
class Answers {
  #young = new Map<string, unknown>()
  #old = new Map<string, unknown>()
  #length = 0

  /** Returns the answer in an array, since the answer itself may be `undefined`. */
  get(key: string): readonly [unknown] | undefined {
    for (const known of [this.#young, this.#old]) if (known.has(key)) return [known.get(key)]
    return undefined
  }

  set(key: string, answer: unknown): void {
    if (this.#length > MOST) {
      this.#old = this.#young
      this.#young = new Map()
      this.#length = 0
    }
    this.#young.set(key, answer)
    this.#length += key.length
  }

  delete(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }
}

/** Wraps `redact` so that the same value at the same path gets the same answer at once. */
export function remembering(redact: Redact): Redact {
  const leaves = new Answers()
  const objects = new WeakMap<object, Map<string, unknown>>()
  return (value, path) => {
    const place = path.join('\0')
    if (typeof value === 'object' && value !== null) {
      const known = objects.get(value) ?? new Map<string, unknown>()
      objects.set(value, known)
      return known.has(place) ? known.get(place) : remember(known, place, redact(value, path))
    }
    const key = `${place}\0${typeof value}\0${value}`
    const found = leaves.get(key)
    return found === undefined ? remember(leaves, key, redact(value, path)) : found[0]
  }
}

interface Memory {
  set(key: string, answer: unknown): unknown
  delete(key: string): unknown
}

/** Remembers the answer. A promise is replaced by its value when it resolves, and forgotten when it rejects. */
function remember(known: Memory, key: string, answer: unknown): unknown {
  known.set(key, answer)
  if (isPromise(answer))
    answer.then(
      (value) => known.set(key, value),
      () => known.delete(key),
    )
  return answer
}
