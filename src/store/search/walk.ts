/** Walks the turns of many branches, each once, ordered by time. */
import type { CommitInfo, History } from '../../checkpoints/commits/history.ts'
import { Heap } from '../../heap.ts'
import type { CommitId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'

export class Walk {
  readonly #history: History
  readonly #tips: readonly CommitId[]
  readonly #oldestFirst: boolean
  readonly #since: number

  constructor(
    history: History,
    tips: readonly (readonly [ref: string, tip: CommitId])[],
    { oldestFirst = false, since = 0 }: { oldestFirst?: boolean; since?: number },
  ) {
    this.#history = history
    this.#tips = tips.map(([, tip]) => tip)
    this.#oldestFirst = oldestFirst
    this.#since = since
  }

  /** Yields commits newest first, as they are read. With `oldestFirst`, all are read before the first is yielded. */
  async *commits(): AsyncGenerator<CommitInfo> {
    if (!this.#oldestFirst) {
      yield* this.#newestFirst()
      return
    }
    const ids: { id: CommitId; time: number }[] = []
    for await (const { id, time } of this.#newestFirst()) ids.push({ id, time })
    for (const { id } of ids.reverse()) yield await this.#history.info(id)
  }

  /**
   * A commit's committer date is never earlier than those of its parents, so the newest unread commit is always in
   * `waiting`.
   */
  async *#newestFirst(): AsyncGenerator<CommitInfo> {
    const waiting = new Heap<Timed>((a, b) => a.time > b.time)
    const seen = new Set<CommitId>()
    const slice = new TimeSlice()
    const add = async (id: CommitId | undefined): Promise<void> => {
      if (id === undefined || seen.has(id)) return
      seen.add(id)
      const { committed } = await this.#history.info(id)
      if (committed >= this.#since - 1000) waiting.push({ id, time: committed })
      if (slice.isOver()) await slice.next()
    }
    for (const tip of this.#tips) await add(tip)
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const commit = await this.#history.info(next.id)
      if (commit.time >= this.#since) yield commit
      // A turn contains what its steps added, so its first parent is enough. A merge by another tool has several
      // histories.
      const { parents } = commit
      for (const parent of commit.kind === 'foreign' ? parents : parents.slice(0, 1)) await add(parent)
    }
  }
}

interface Timed {
  id: CommitId
  time: number
}
