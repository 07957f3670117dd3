/** Events on their way from their source to one reader. */

/**
 * Yields what `work` pushes, then ends or throws as `work` does. If the reader stops early, `stopped` aborts, and this
 * waits for the end of `work`.
 */
export async function* eventsOf<T>(
  work: (push: (event: T) => void, stopped: AbortSignal) => Promise<void>,
): AsyncGenerator<T, void, undefined> {
  const queue = new EventQueue<T>()
  const stop = new AbortController()
  const ended = work((event) => queue.push(event), stop.signal).then(
    () => queue.end(),
    (error) => queue.fail(error),
  )
  let over = false
  try {
    yield* queue
    over = true
  } finally {
    if (!over) stop.abort()
    await ended
  }
}

/** Keeps pushed events until they are read; ends or fails after them. */
class EventQueue<T> implements AsyncIterable<T> {
  #events: T[] = []
  #end: { error?: unknown } | undefined
  #wake: () => void = () => {}

  push(event: T): void {
    this.#events.push(event)
    this.#wake()
  }

  end(): void {
    this.#end ??= {}
    this.#wake()
  }

  fail(error: unknown): void {
    this.#end ??= { error }
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const events = this.#events
      this.#events = []
      yield* events
      if (this.#events.length > 0) continue
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error
        return
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
