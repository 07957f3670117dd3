/** A `redact` that can be asked before a lock is taken: under the lock it knows its answer. */

import { isPromise, type Redact } from './redact.ts'

/** Characters of texts that are remembered, and so many again of those before. */
const MOST = 4 << 20

/** What it answers by value and place: the older half goes when there is too much. */
class Answers {
  #young = new Map<string, unknown>()
  #old = new Map<string, unknown>()
  #length = 0

  /** The answer in an array, since it may be `undefined`. */
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

/** The same `redact`; asked again for the same value at the same place it gives the same answer, at once. */
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

/** An answer that comes later is a promise until it is there; one that fails is asked for again. */
function remember(known: Memory, key: string, answer: unknown): unknown {
  known.set(key, answer)
  if (isPromise(answer))
    answer.then(
      (value) => known.set(key, value),
      () => known.delete(key),
    )
  return answer
}
