/**
 * Threads of an import. One that has read a file reads the next one: by then its code is compiled, which takes as long as
 * reading several MB.
 */
import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

/** What runs in a thread. It is there only in the built package: from the sources, files are read in this thread. */
const THREAD = new URL('../importers/aside/thread.js', import.meta.url)
/**
 * Megabytes for young objects. Most of what a thread makes of a line is gone soon; the default of Node lets a part of it
 * grow old.
 */
const YOUNG = 96

export class ReadingThreads {
  readonly #file: URL
  #idle: Worker | undefined
  readonly #forget = () => {
    this.#idle = undefined
  }

  constructor(file = THREAD) {
    this.#file = file
  }

  /** Returns a thread without a file; `undefined` if there is nothing to run in it, or if the process may not start threads. */
  take(): Worker | undefined {
    return this.#takeIdle() ?? this.#start()
  }

  /** Takes back a thread that is done with its file. */
  async giveBack(thread: Worker): Promise<void> {
    await this.close()
    this.#idle = thread.on('error', this.#forget).on('exit', this.#forget)
  }

  /** Ends the thread that has no file. Another one can be taken after that. */
  async close(): Promise<void> {
    await this.#takeIdle()?.terminate()
  }

  #takeIdle(): Worker | undefined {
    const idle = this.#idle?.off('error', this.#forget).off('exit', this.#forget)
    this.#idle = undefined
    return idle
  }

  #start(): Worker | undefined {
    if (!existsSync(this.#file)) return undefined
    try {
      return new Worker(this.#file, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG } })
    } catch {
      return undefined
    }
  }
}
