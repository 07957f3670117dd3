/** Events on their way from their source to one reader. */

/**
 * Yields what `work` pushes, then ends or throws as `work` does. If the reader stops early, `stopped` aborts, and this
 * waits for the end of `work`.
 */
export async function* eventsOf<T>(
  work: (push: (event: T) => void, stopped: AbortSignal) => Promise<void>,
): AsyncGenerator<T, void, undefined> {
  const events: T[] = []
  const stop = new AbortController()
  let isOver = false
  let wake = (): void => {}
  const push = (event: T): void => {
    events.push(event)
    wake()
  }
  const ended = work(push, stop.signal).finally(() => {
    isOver = true
    wake()
  })
  // The reader may still have events to read.
  ended.catch(() => {})
  try {
    for (;;) {
      yield* events.splice(0)
      if (events.length > 0) continue
      if (isOver) return await ended
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  } finally {
    stop.abort()
    await ended.catch(() => {})
  }
}
