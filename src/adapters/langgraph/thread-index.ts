/**
 * Maps the checkpoints of a thread to commits. The index is disposable: it is kept in memory, and rebuilt by one walk
 * over the commits of the session's branches and reserved lines, of which it reads only the trailers. It also follows
 * the writes of others.
 */

import type { History } from '../../checkpoints/commits/history.ts'
import { Exclusive } from '../../checkpoints/lifetime.ts'
import {
  type BranchName,
  type CommitId,
  parseRef,
  type RefName,
  reservedRef,
  type SessionId,
} from '../../ids.ts'
import { encodeName, isSameName } from '../../ref-part.ts'
import { TimeSlice } from '../../time-slice.ts'
import {
  type Entry,
  type IndexedCommit,
  NAMESPACES,
  parseCommit,
  WRITES,
  type WritesEntry,
} from './thread-commit.ts'

export class ThreadIndex {
  readonly thread: SessionId
  readonly #history: History
  readonly #turns = new Exclusive()
  #heads = new Map<RefName, CommitId>()
  #commits = new Map<CommitId, IndexedCommit>()
  #namespaces = new Map<string, Namespace>()
  #writes = new Map<string, WritesEntry[]>()

  constructor(history: History, thread: SessionId) {
    this.#history = history
    this.thread = thread
  }

  /** Number of indexed commits. */
  get size(): number {
    return this.#commits.size
  }

  /** Whether the thread exists. */
  get exists(): boolean {
    return this.#heads.size > 0
  }

  /**
   * Reads the refs, and adds all commits from there back to known ones. Throws InvalidStateError if the session is not
   * a thread, and CorruptError if a commit is missing or broken.
   */
  sync(): Promise<this> {
    return this.#turns.run(async () => {
      for (;;) {
        const heads = this.#readHeads()
        if ([...this.#heads.keys()].some((ref) => !heads.has(ref))) this.#reset()
        const astray = await this.#follow(heads)
        if (astray === undefined) return this
        // Someone moved the line back, so commits that it no longer reaches do not count any more: start over. If the
        // ref has changed again meanwhile, as by our own write, only repeat.
        if (this.#history.tip(astray) === heads.get(astray)) this.#reset()
      }
    })
  }

  checkpoint(namespace: string, id: string): Entry | undefined {
    const entry = this.#namespaces.get(namespace)?.entries.get(id)
    return entry !== undefined && this.#isOurs(entry) ? entry : undefined
  }

  /** Returns the checkpoint with the greatest id. */
  newest(namespace: string): Entry | undefined {
    for (const entry of this.newestFirst(namespace)) return entry
    return undefined
  }

  /** Yields checkpoints, greatest id first: of one namespace, or of all if none is given. */
  *newestFirst(namespace?: string): Generator<Entry> {
    if (namespace !== undefined) {
      for (const entry of this.#namespaces.get(namespace)?.newestFirst() ?? [])
        if (this.#isOurs(entry)) yield entry
      return
    }
    const all = [...this.#namespaces.keys()].map((name) => [...this.newestFirst(name)])
    if (all.length === 1) yield* all[0]!
    else yield* all.flat().sort((a, b) => byId(b, a))
  }

  /** Returns the writes for a checkpoint, oldest first. The checkpoint need not be stored. */
  writes(namespace: string, checkpoint: string): readonly WritesEntry[] {
    return this.#writes.get(keyOf(namespace, checkpoint)) ?? []
  }

  /** Returns the tips of the branches, by name. */
  branches(): Map<BranchName, CommitId> {
    const found = new Map<BranchName, CommitId>()
    for (const [ref, tip] of this.#heads) {
      const parsed = parseRef(ref)
      if (parsed?.kind === 'branch') found.set(parsed.name, tip)
    }
    return found
  }

  /**
   * Returns the root namespace's checkpoint of a commit: its own, or, for the commit of a fork or of another tool, that
   * of the nearest ancestor.
   */
  standsAt(commit: CommitId): Entry | undefined {
    for (let at: CommitId | undefined = commit; at !== undefined; ) {
      const known = this.#commits.get(at)
      if (known?.entry !== undefined) return known.entry
      at = known?.parent
    }
    return undefined
  }

  /** Returns the branches whose tip has this checkpoint, in the sense of `standsAt`. */
  branchesAt(id: string): { branch: BranchName; tip: CommitId }[] {
    return [...this.branches()]
      .filter(([, tip]) => this.standsAt(tip)?.id === id)
      .map(([branch, tip]) => ({ branch, tip }))
  }

  /** Adds commits that were just made, oldest first, and moves the ref to the last one. */
  learn(ref: RefName, commits: readonly IndexedCommit[]): void {
    for (const commit of commits) this.#add(commit)
    const last = commits.at(-1)
    if (last !== undefined) this.#heads.set(ref, last.id)
  }

  /** Returns the session's full id. (A ref contains only a short form of a long id.) */
  name(): string {
    for (const { entry } of this.#commits.values())
      if (entry !== undefined && encodeName(entry.session) === encodeName(this.thread)) return entry.session
    return this.thread
  }

  #readHeads(): Map<RefName, CommitId> {
    const heads = new Map<RefName, CommitId>()
    const lines = [reservedRef(this.thread, NAMESPACES), reservedRef(this.thread, WRITES)] as string[]
    for (const [ref, id] of this.#history.heads(this.thread)) {
      if (parseRef(ref)?.kind === 'branch' || lines.includes(ref)) heads.set(ref, id)
    }
    return heads
  }

  /**
   * Adds the new commits of these refs. Returns a ref whose previous commit cannot be reached any more; `undefined` if
   * there is none.
   */
  async #follow(heads: ReadonlyMap<RefName, CommitId>): Promise<RefName | undefined> {
    for (const [ref, tip] of heads) {
      const before = this.#heads.get(ref)
      if (before === tip) continue
      const found = await this.#walk(tip)
      if (before !== undefined && !reaches(tip, before, found, this.#commits)) return ref
      for (const commit of found.reverse()) this.#add(commit)
      this.#heads.set(ref, tip)
    }
    return undefined
  }

  /** Returns the commits that are not known yet, newest first. */
  async #walk(tip: CommitId): Promise<IndexedCommit[]> {
    const found: IndexedCommit[] = []
    const seen = new Set<CommitId>()
    const waiting = [tip]
    const slice = new TimeSlice()
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (seen.has(id) || this.#commits.has(id)) continue
      seen.add(id)
      const commit = await this.#history.objects.readCommit(id)
      found.push(parseCommit(this.thread, id, commit))
      waiting.push(...commit.parents)
      if (slice.isOver()) await slice.next()
    }
    return found
  }

  #add(commit: IndexedCommit): void {
    if (this.#commits.has(commit.id)) return
    const { entry, writes } = commit
    this.#commits.set(commit.id, commit)
    if (entry !== undefined) {
      const namespace = this.#namespaces.get(entry.namespace) ?? new Namespace()
      this.#namespaces.set(entry.namespace, namespace)
      namespace.add(entry)
    }
    if (writes !== undefined) {
      const key = keyOf(writes.namespace, writes.checkpoint)
      const list = this.#writes.get(key)
      if (list === undefined) this.#writes.set(key, [writes])
      else list.push(writes)
    }
  }

  /**
   * Whether a checkpoint belongs to this thread. A fork contains the whole reserved line of the original thread's
   * subgraphs, also with checkpoints that were made after the fork point or on other branches.
   */
  #isOurs({ namespace, session, root }: Entry): boolean {
    if (namespace === '' || root === undefined || isSameName(session, this.thread)) return true
    return this.#namespaces.get('')?.entries.has(root) === true
  }

  #reset(): void {
    this.#heads = new Map()
    this.#commits = new Map()
    this.#namespaces = new Map()
    this.#writes = new Map()
  }
}

/** Checkpoints of one namespace. */
class Namespace {
  readonly entries = new Map<string, Entry>()
  #sorted: Entry[] = []
  #isSorted = true

  /** Adds a checkpoint. Of two commits of the same checkpoint, the later one counts. */
  add(entry: Entry): void {
    const before = this.entries.get(entry.id)
    if (before !== undefined && before.at > entry.at) return
    this.entries.set(entry.id, entry)
    if (before !== undefined) this.#isSorted = false
    else {
      const last = this.#sorted.at(-1)
      if (last !== undefined && last.id > entry.id) this.#isSorted = false
      this.#sorted.push(entry)
    }
  }

  *newestFirst(): Generator<Entry> {
    const entries = this.#inOrder()
    for (let n = entries.length - 1; n >= 0; n--) yield entries[n]!
  }

  #inOrder(): readonly Entry[] {
    if (!this.#isSorted) this.#sorted = [...this.entries.values()].sort(byId)
    this.#isSorted = true
    return this.#sorted
  }
}

/** Orders checkpoints by id, then by session, then by namespace. */
export const byId = (a: Entry, b: Entry): number =>
  compare(a.id, b.id) || compare(a.session, b.session) || compare(a.namespace, b.namespace)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const keyOf = (namespace: string, checkpoint: string): string => `${checkpoint}\0${namespace}`

function reaches(
  tip: CommitId,
  before: CommitId,
  found: readonly IndexedCommit[],
  known: ReadonlyMap<CommitId, IndexedCommit>,
): boolean {
  const fresh = new Map(found.map((commit) => [commit.id, commit]))
  for (let at: CommitId | undefined = tip; at !== undefined; at = (fresh.get(at) ?? known.get(at))?.parent)
    if (at === before) return true
  return false
}
