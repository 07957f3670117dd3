/** Keeps an attempt at a model call within its limits. */
import { OutOfTime, TooMuch } from './failure.ts'

/** Times in milliseconds. */
export interface ModelLimits {
  /** Most attempts per step. Default 4. */
  attempts: number
  /** First wait before a retry; doubles each time. Default 500. */
  baseDelay: number
  /** Longest wait. If a provider's `Retry-After` is longer, the call fails at once. Default 60,000. */
  maxDelay: number
  /** Longest silence, before the first byte and between any two. Default 120,000. */
  idle: number
  /** Longest time of one attempt. Default 600,000. */
  step: number
  /** Most characters of text, reasoning and tool input in one step. Default 4,000,000. */
  characters: number
}

export const MODEL_LIMITS: Readonly<ModelLimits> = {
  attempts: 4,
  baseDelay: 500,
  maxDelay: 60_000,
  idle: 120_000,
  step: 600_000,
  characters: 4_000_000,
}

/** The call was cancelled; `text` is what had arrived. */
export class Cancelled extends Error {
  readonly text: string

  constructor(text = '') {
    super('Cancelled')
    this.text = text
  }
}

/** Ends an attempt that is cancelled, silent for too long, too long, or too large. */
export class Guard {
  readonly #abort = new AbortController()
  readonly #limits: ModelLimits
  readonly #signal: AbortSignal
  readonly #stopped: Promise<never>
  readonly #cancel = () => this.#end(new Cancelled())
  readonly #total: NodeJS.Timeout
  #idle: NodeJS.Timeout
  #reject: (reason: unknown) => void = () => {}
  #characters = 0
  reason: unknown
  onStop: () => void = () => {}

  constructor(limits: ModelLimits, signal: AbortSignal) {
    this.#limits = limits
    this.#signal = signal
    this.#stopped = new Promise((_, reject) => {
      this.#reject = reject
    })
    this.#stopped.catch(() => {})
    this.#total = setTimeout(() => this.#end(new OutOfTime('step', limits.step)), limits.step)
    this.#idle = setTimeout(() => this.#end(new OutOfTime('idle', limits.idle)), limits.idle)
    signal.addEventListener('abort', this.#cancel, { once: true })
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  touch(): void {
    this.#idle.refresh()
  }

  count(characters: number): void {
    this.#characters += characters
    if (this.#characters > this.#limits.characters) this.#end(new TooMuch(this.#limits.characters))
    if (this.reason !== undefined) throw this.reason
  }

  /** The result of `work`, unless the attempt ends first: a model may ignore its signal. */
  race<T>(work: PromiseLike<T>): Promise<T> {
    return Promise.race([work, this.#stopped])
  }

  stop(): void {
    clearTimeout(this.#total)
    clearTimeout(this.#idle)
    this.#signal.removeEventListener('abort', this.#cancel)
    this.#abort.abort()
    this.onStop()
  }

  #end(reason: unknown): void {
    this.reason ??= reason
    this.#abort.abort(reason)
    this.#reject(reason)
  }
}
