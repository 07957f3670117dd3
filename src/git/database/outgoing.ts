/** Which objects a receiver lacks that has some commits and wants others. */
import type { ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { targetOf } from '../objects/tag.ts'
import { entriesChanged, findEntry, NO_ENTRIES, type Tree } from '../objects/tree.ts'
import { newCommits } from './ancestry.ts'
import type { ObjectStore } from './object-store.ts'

export interface OutgoingRequest {
  /** Commits, tags or any other objects. */
  wants: readonly ObjectId[]
  /** Commits that the receiver has, with all they lead to. Those that are not in this store are ignored. */
  has: readonly ObjectId[]
}

/**
 * Ids of the objects that `wants` lead to and `has` do not, each once: commits from the oldest to the newest, each
 * followed by its trees and files. Some that the receiver has may be among them. Throws CorruptError where one is
 * missing or broken.
 */
export async function outgoingObjects(
  store: ObjectStore,
  { wants, has }: OutgoingRequest,
): Promise<ObjectId[]> {
  const found = new Set<ObjectId>()
  const commits: ObjectId[] = []
  for (const want of wants) await follow(store, want, found, commits)
  const known: ObjectId[] = []
  for (const id of has) if (await isCommit(store, id)) known.push(id)
  const fresh = (await newCommits(store, commits, known)).commits
  const slice = new TimeSlice()
  for (const [id, { tree, parents }] of fresh.reverse()) {
    found.add(id)
    const bases: Tree[] = []
    for (const parent of parents) bases.push(await store.readTree((await store.readCommit(parent)).tree))
    await addTree(store, tree, bases, found)
    if (slice.isOver()) await slice.next()
  }
  return [...found]
}

/** Adds a tree and its content, except what earlier trees at the same path have too. */
async function addTree(
  store: ObjectStore,
  id: ObjectId,
  bases: readonly Tree[],
  found: Set<ObjectId>,
): Promise<void> {
  if (found.has(id)) return
  const tree = await store.readTree(id)
  if (bases.some(({ data }) => data.equals(tree.data))) return
  found.add(id)
  const [base = NO_ENTRIES, ...others] = bases
  for (const { is } of entriesChanged(base, tree)) {
    // A submodule's commit is in another repository.
    if (is === undefined || is.mode === '160000' || found.has(is.id)) continue
    const before = bases.flatMap((one) => findEntry(one, is.name) ?? [])
    if (others.length > 0 && before.some((one) => one.id === is.id)) continue
    if (is.mode !== '40000') found.add(is.id)
    else {
      const folders: Tree[] = []
      for (const one of before) if (one.mode === '40000') folders.push(await store.readTree(one.id))
      await addTree(store, is.id, folders, found)
    }
  }
}

/** Follows tags to what they name. */
async function follow(
  store: ObjectStore,
  id: ObjectId,
  found: Set<ObjectId>,
  commits: ObjectId[],
): Promise<void> {
  for (let at = id; ; ) {
    const { type, data } = await store.read(at)
    if (type === 'commit') return void commits.push(at)
    if (type === 'tree') return addTree(store, at, [], found)
    found.add(at)
    if (type !== 'tag') return
    at = targetOf(at, data)
  }
}

async function isCommit(store: ObjectStore, id: ObjectId): Promise<boolean> {
  return (await store.has(id)) && (await store.read(id)).type === 'commit'
}
