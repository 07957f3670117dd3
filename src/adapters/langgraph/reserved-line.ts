/**
 * A line beside the branches of a thread. Tasks that run at the same time write at the same time: what arrives while
 * one change is under way goes into the next one together, a commit each, and shares its lock and its sync.
 */

import type { CommitInfo } from '../../checkpoints/history.ts'
import type { NewObject } from '../../git/object.ts'
import type { Repository } from '../../git/repository.ts'
import { branchRef, type CommitId, MAIN, type ObjectId, reservedRef } from '../../ids.ts'
import type { IndexedCommit } from './thread-commit.ts'
import type { ThreadIndex } from './thread-index.ts'

/** What one call adds to a line. */
export interface LineWork<T> {
  /** Calls with one key never share a change, so that the second sees what the first did. */
  key: string
  /**
   * Called under the lock, when the index knows all that was written before. A result without a commit changes
   * nothing.
   */
  make(tip: Tip | undefined): Promise<{ result: T; made?: Made }>
}

export interface Made {
  objects: readonly NewObject[]
  commit: CommitInfo
  /** The commit itself, which comes last. */
  object: NewObject
  indexed: IndexedCommit
}

/** The commit that the next one stands on. */
export interface Tip {
  id: CommitId
  seq: number
  time: number
}

interface Waiting {
  work: LineWork<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

export class ReservedLine {
  readonly #repository: Repository
  readonly #index: ThreadIndex
  readonly #ref: string
  readonly #tipOf: (id: CommitId) => Promise<Tip>
  #queue: Waiting[] = []
  #running = false

  /** @param tipOf reads a commit */
  constructor(
    repository: Repository,
    index: ThreadIndex,
    name: string,
    tipOf: (id: CommitId) => Promise<Tip>,
  ) {
    this.#repository = repository
    this.#index = index
    this.#ref = reservedRef(index.thread, name)
    this.#tipOf = tipOf
  }

  /** Whether anything is under way. */
  get isBusy(): boolean {
    return this.#running
  }

  /** Resolves when it is durable. Throws what `make` throws, and what the repository does. */
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

  /** Never throws: everyone who waits gets an answer. */
  async #change(): Promise<void> {
    let batch: Waiting[] | undefined
    try {
      const answers = await this.#repository.change(
        {
          refs: [this.#ref],
          prepare: async (current) => {
            batch ??= this.#take()
            await this.#index.sync()
            return this.#prepare(batch, current.get(this.#ref) as CommitId | undefined)
          },
        },
        branchRef(this.#index.thread, MAIN),
      )
      for (const answer of answers) answer()
    } catch (error) {
      for (const { reject } of batch ?? this.#queue.splice(0)) reject(error)
    }
  }

  async #prepare(batch: readonly Waiting[], before: CommitId | undefined) {
    let tip = before === undefined ? undefined : await this.#tipOf(before)
    const answers: (() => void)[] = []
    const objects: NewObject[] = []
    const commits: IndexedCommit[] = []
    for (const { work, resolve, reject } of batch) {
      try {
        const { result, made } = await work.make(tip)
        answers.push(() => resolve(result))
        if (made === undefined) continue
        objects.push(...made.objects, made.object)
        commits.push(made.indexed)
        tip = made.commit
      } catch (error) {
        answers.push(() => reject(error))
      }
    }
    const moves = new Map<string, ObjectId>()
    if (tip !== undefined && commits.length > 0) moves.set(this.#ref, tip.id)
    return { objects, moves, result: answers, placed: () => this.#index.learn(this.#ref, commits) }
  }

  /** The first of each key among those that wait. */
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
