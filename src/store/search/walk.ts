/** Walks the turns of many branches, each once, ordered by time. */
import type { CommitInfo, History } from '../../checkpoints/commits/history.ts'
import { Heap } from '../../heap.ts'
import type { CommitId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'

/** Yields commits newest first, as they are read. With `oldestFirst`, all are read before the first is yielded. */
export async function* turnsByTime(
  history: History,
  tips: readonly CommitId[],
  { oldestFirst = false, since = 0 }: { oldestFirst?: boolean; since?: number },
): AsyncGenerator<CommitInfo> {
  if (!oldestFirst) {
    yield* newestFirst(history, tips, since)
    return
  }
  const ids: CommitId[] = []
  for await (const { id } of newestFirst(history, tips, since)) ids.push(id)
  for (const id of ids.reverse()) yield await history.info(id)
}

/**
 * A commit's committer date is never earlier than those of its parents, so the newest unread commit is always in
 * `waiting`.
 */
async function* newestFirst(
  history: History,
  tips: readonly CommitId[],
  since: number,
): AsyncGenerator<CommitInfo> {
  const waiting = new Heap<{ id: CommitId; time: number }>((a, b) => a.time > b.time)
  const seen = new Set<CommitId>()
  const slice = new TimeSlice()
  const add = async (id: CommitId): Promise<void> => {
    if (seen.has(id)) return
    seen.add(id)
    const { committed } = await history.info(id)
    if (committed >= since - 1000) waiting.push({ id, time: committed })
    if (slice.isOver()) await slice.next()
  }
  for (const tip of tips) await add(tip)
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const commit = await history.info(next.id)
    if (commit.time >= since) yield commit
    // A turn contains what its steps added, so its first parent is enough. A merge by another tool has several
    // histories.
    const { parents } = commit
    for (const parent of commit.kind === 'foreign' ? parents : parents.slice(0, 1)) await add(parent)
  }
}
