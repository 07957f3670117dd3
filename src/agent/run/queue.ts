/** Events on their way from their source to one reader. */

/** Keeps pushed events until they are read; ends or fails after them. */
export class EventQueue<T> implements AsyncIterable<T> {
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
