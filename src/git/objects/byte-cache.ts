/** Keeps the most recently used values, up to a number of bytes. A value larger than a quarter of that is not kept. */
export class ByteCache<Key, Value> {
  readonly #kept = new Map<Key, { value: Value; bytes: number }>()
  readonly #budget: number
  #bytes = 0

  /** `budget` in bytes. */
  constructor(budget: number) {
    this.#budget = budget
  }

  get(key: Key): Value | undefined {
    const found = this.#kept.get(key)
    if (found === undefined) return undefined
    this.#kept.delete(key)
    this.#kept.set(key, found)
    return found.value
  }

  set(key: Key, value: Value, bytes: number): void {
    this.delete(key)
    if (bytes > this.#budget / 4) return
    this.#kept.set(key, { value, bytes })
    this.#bytes += bytes
    if (this.#bytes <= this.#budget) return
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#budget) break
      this.delete(oldest)
    }
  }

  delete(key: Key): void {
    const found = this.#kept.get(key)
    if (found === undefined) return
    this.#kept.delete(key)
    this.#bytes -= found.bytes
  }

  clear(): void {
    this.#kept.clear()
    this.#bytes = 0
  }
}
