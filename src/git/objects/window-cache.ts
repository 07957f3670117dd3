/**
 * The most recently used parts of files, in memory. The memory of an evicted part is reused, because reading a part
 * again from the system's cache costs less than new memory. So a window must not be kept across an `await`.
 */
export class WindowCache {
  readonly #kept = new Map<number, Buffer>()
  readonly #free: Buffer[] = []
  readonly #most: number

  /** Keeps up to `most` windows of WINDOW bytes. */
  constructor(most = 24) {
    this.#most = most
  }

  get(key: number): Buffer | undefined {
    const bytes = this.#kept.get(key)
    if (bytes === undefined) return undefined
    this.#kept.delete(key)
    this.#kept.set(key, bytes)
    return bytes
  }

  /** Keeps what `fill` writes into the given memory; `fill` returns the number of bytes. */
  load(key: number, fill: (memory: Buffer) => number): Buffer {
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < this.#most) break
      this.delete(oldest)
    }
    const memory = this.#free.pop() ?? Buffer.allocUnsafeSlow(WINDOW)
    let length = 0
    try {
      length = fill(memory)
    } catch (error) {
      this.#free.push(memory)
      throw error
    }
    const bytes = length === WINDOW ? memory : memory.subarray(0, length)
    this.#kept.set(key, bytes)
    return bytes
  }

  delete(key: number): void {
    const bytes = this.#kept.get(key)
    if (bytes === undefined) return
    this.#kept.delete(key)
    this.#free.push(Buffer.from(bytes.buffer))
  }

  clear(): void {
    for (const key of this.#kept.keys()) this.delete(key)
  }
}

/** Bytes of a window. */
export const WINDOW = 128 * 1024
