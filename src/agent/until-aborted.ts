/**
 * Waits for work until the signal is aborted, since the work itself may ignore the signal. Then resolves to what
 * `instead` returns, or rejects if it throws.
 */
export function untilAborted<T, U>(work: Promise<T>, signal: AbortSignal, instead: () => U): Promise<T | U> {
  return new Promise((resolve, reject) => {
    const abort = () => Promise.resolve().then(instead).then(resolve, reject)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) void abort()
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
