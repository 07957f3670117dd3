/**
 * A reserved line of a thread. Tasks that run in parallel write in parallel: calls that arrive during a change share
 * the next change, with its lock and its sync. Each call makes its own commit.
 */

import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import type { Writing } from '../../checkpoints/writing.ts'
import type { IndexedCommit } from './thread-commit.ts'
import type { ThreadIndex } from './thread-index.ts'

/** The work of one call that adds to a line. */
export interface LineWork<T> {
  /** Calls with the same key never share a change, so that the second sees the result of the first. */
  key: string
  /** Called under the lock, when the index contains all earlier commits. Without `made`, nothing is changed. */
  make(writing: Writing, tip: CommitInfo | undefined): Promise<{ result: T; made?: Made }>
}

/** A commit that was added to the writing, and its entry in the index. */
export interface Made {
  commit: CommitInfo
  indexed: IndexedCommit
}

interface Waiting {
  work: LineWork<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

export class ReservedLine {
  readonly #checkpoints: Checkpoints
  readonly #index: ThreadIndex
  readonly #name: string
  #queue: Waiting[] = []
  #running = false

  constructor(checkpoints: Checkpoints, index: ThreadIndex, name: string) {
    this.#checkpoints = checkpoints
    this.#index = index
    this.#name = name
  }

  /** Whether a change is in progress. */
  get isBusy(): boolean {
    return this.#running
  }

  /** Adds work. Resolves when the result is durable. Throws the errors of `make` and of writing. */
  add<T>(work: LineWork<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject })
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#queue.length > 0) await this.#change()
    this.#running = false
  }

  /** Makes one change. Never throws: every waiting call gets its result or error. */
  async #change(): Promise<void> {
    let batch: Waiting[] | undefined
    try {
      const answers = await this.#checkpoints.write({
        session: this.#index.thread,
        onto: { line: this.#name },
        decide: async (writing) => {
          batch ??= this.#take()
          await this.#index.sync()
          return this.#decide(batch, writing)
        },
      })
      for (const answer of answers) answer()
    } catch (error) {
      for (const { reject } of batch ?? this.#queue.splice(0)) reject(error)
    }
  }

  async #decide(batch: readonly Waiting[], writing: Writing): Promise<(() => void)[]> {
    let { tip } = writing
    const answers: (() => void)[] = []
    const commits: IndexedCommit[] = []
    for (const { work, resolve, reject } of batch) {
      try {
        const { result, made } = await work.make(writing, tip)
        answers.push(() => resolve(result))
        if (made === undefined) continue
        commits.push(made.indexed)
        tip = made.commit
      } catch (error) {
        answers.push(() => reject(error))
      }
    }
    writing.onPlaced(() => this.#index.learn(writing.ref, commits))
    return answers
  }

  /** Takes the first waiting call of each key, up to `MOST`. */
  #take(): Waiting[] {
    const keys = new Set<string>()
    const batch: Waiting[] = []
    const later: Waiting[] = []
    for (const waiting of this.#queue) {
      const { key } = waiting.work
      if (keys.has(key) || batch.length >= MOST) later.push(waiting)
      else batch.push(waiting)
      keys.add(key)
    }
    this.#queue = later
    return batch
  }
}

const MOST = 64
