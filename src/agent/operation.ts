/** The operation of a session: one at a time. A turn is an operation that can be cancelled. */
import { SessionBusyError } from '../errors.ts'

export class Operation {
  readonly #session: string
  #running: Promise<unknown> | undefined
  #abort: AbortController | undefined

  constructor(session: string) {
    this.#session = session
  }

  /** Throws SessionBusyError at once if another operation is running. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running !== undefined) throw new SessionBusyError(this.#session)
    const running = work()
    this.#running = running
    try {
      return await running
    } finally {
      this.#running = undefined
    }
  }

  /** As `run`; `signal` and `cancel` abort the signal that `work` gets. */
  turn<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.run(async () => {
      const abort = new AbortController()
      this.#abort = abort
      try {
        return await work(signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]))
      } finally {
        this.#abort = undefined
      }
    })
  }

  /** Cancels the running turn, and waits for its end. Returns `false` if no turn is running. */
  async cancel(): Promise<boolean> {
    if (this.#abort === undefined) return false
    this.#abort.abort()
    await this.end()
    return true
  }

  /** Waits until nothing is running. */
  async end(): Promise<void> {
    await this.#running?.catch(() => {})
  }
}
