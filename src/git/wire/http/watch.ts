/** Stops a request that transfers no data for too long. */
export class Watch {
  /** Aborts when nothing has moved for too long, or when the caller aborts. */
  readonly signal: AbortSignal
  /** Rejects when `signal` aborts. */
  readonly over: Promise<never>
  /** Whether nothing has moved for too long. */
  isOver = false
  readonly #stop = new AbortController()
  readonly #timeout: number
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(timeout: number | undefined, signal: AbortSignal | undefined) {
    this.#timeout = timeout ?? 60_000
    this.signal = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal])
    this.over = new Promise((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true })
    })
    this.over.catch(() => undefined)
    this.#start()
  }

  /** Returns a stream that passes bytes on, and restarts the timer with each piece. */
  passing(): TransformStream<Uint8Array, Uint8Array> {
    return new TransformStream({
      transform: (piece, controller) => {
        this.#start()
        controller.enqueue(piece)
      },
    })
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.isOver = true
      this.#stop.abort(new Error('nothing moved'))
    }, this.#timeout)
  }
}
