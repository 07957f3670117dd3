/** Walks over commits. Dates only order them: what is reached is decided by parents alone. */
import { Heap } from '../../heap.ts'
import type { ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { Commit } from '../objects/commit.ts'
import type { ObjectStore } from './object-store.ts'

/**
 * The commits and all their ancestors, each once, newest committer date first; at most `limit` of them. Throws
 * CorruptError where one is missing or broken.
 */
export async function* ancestors(
  store: ObjectStore,
  ids: readonly ObjectId[],
  { limit = Number.POSITIVE_INFINITY }: { limit?: number } = {},
): AsyncGenerator<[id: ObjectId, commit: Commit]> {
  const seen = new Set<ObjectId>()
  const queue = new NewestFirst()
  const add = async (id: ObjectId): Promise<void> => {
    if (seen.has(id)) return
    seen.add(id)
    queue.push({ id, commit: await store.readCommit(id) })
  }
  for (const id of ids) await add(id)
  const slice = new TimeSlice()
  for (let count = 0; count < limit; count++) {
    const next = queue.pop()
    if (next === undefined) return
    yield [next.id, next.commit]
    for (const parent of next.commit.parents) await add(parent)
    if (slice.isOver()) await slice.next()
  }
}

/**
 * Whether `ancestor` is `descendant` or one of the commits it descends from. Before it answers `false` it has looked at
 * all ancestors: dates of other tools may go backwards, so a date never ends the search. Throws CorruptError where one
 * is missing.
 */
export async function isAncestor(
  store: ObjectStore,
  ancestor: ObjectId,
  descendant: ObjectId,
): Promise<boolean> {
  for await (const [id, { parents }] of ancestors(store, [descendant])) {
    if (id === ancestor || parents.includes(ancestor)) return true
  }
  return false
}

/**
 * The ancestors of the tips that are not ancestors of known commits, newest first, and the known commits directly below
 * them. If dates go backwards, as other tools allow, some known commits can be among the new ones. Known commits that
 * are not in this store are ignored. Throws CorruptError where one is missing.
 */
export async function newCommits(
  store: ObjectStore,
  tips: readonly ObjectId[],
  known: Iterable<ObjectId>,
): Promise<{ commits: [id: ObjectId, commit: Commit][]; below: Commit[] }> {
  const met = new Map<ObjectId, { commit: Commit; isOld: boolean; isQueued: boolean }>()
  const queue = new NewestFirst()
  let waiting = 0
  const add = async (id: ObjectId, isOld: boolean): Promise<void> => {
    const one = met.get(id)
    const commit = one?.commit ?? (await store.readCommit(id))
    if (one === undefined) {
      met.set(id, { commit, isOld, isQueued: true })
      if (!isOld) waiting += 1
    } else if (isOld && !one.isOld) {
      one.isOld = true
      if (one.isQueued) waiting -= 1
    } else return
    if (one?.isQueued !== true) queue.push({ id, commit })
    if (one !== undefined) one.isQueued = true
  }
  for (const id of known) if (await store.has(id)) await add(id, true)
  for (const id of tips) await add(id, false)
  const found = new Map<ObjectId, Commit>()
  const slice = new TimeSlice()
  while (waiting > 0) {
    const { id, commit } = queue.pop()!
    const one = met.get(id)!
    one.isQueued = false
    if (!one.isOld) {
      waiting -= 1
      found.set(id, commit)
    }
    for (const parent of commit.parents) await add(parent, one.isOld)
    if (slice.isOver()) await slice.next()
  }
  const isOld = (id: ObjectId): boolean => met.get(id)?.isOld === true
  const commits = [...found].filter(([id]) => !isOld(id))
  const below = new Set(commits.flatMap(([, { parents }]) => parents.filter(isOld)))
  return { commits, below: [...below].map((id) => met.get(id)!.commit) }
}

interface Waiting {
  id: ObjectId
  commit: Commit
}

/** Commits of one second come out in the order they went in. */
class NewestFirst {
  readonly #heap = new Heap<Waiting & { nth: number }>(isBefore)
  #count = 0

  push(waiting: Waiting): void {
    this.#heap.push({ ...waiting, nth: this.#count++ })
  }

  pop(): Waiting | undefined {
    return this.#heap.pop()
  }
}

const isBefore = (a: Waiting & { nth: number }, b: Waiting & { nth: number }): boolean =>
  a.commit.committer.at > b.commit.committer.at ||
  (a.commit.committer.at === b.commit.committer.at && a.nth < b.nth)
