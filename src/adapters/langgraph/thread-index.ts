/**
 * Which commit is which checkpoint of a thread. It is disposable: kept in memory, rebuilt by one walk over the commits
 * of the session's branches and reserved lines, of which it reads the trailers alone; and it follows what others write.
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

  /** How many commits it knows. */
  get size(): number {
    return this.#commits.size
  }

  /** Whether there is anything of this thread. */
  get exists(): boolean {
    return this.#heads.size > 0
  }

  /**
   * Looks where the refs are, and walks from there to what is known. Throws InvalidStateError when the session is
   * not a thread, CorruptError where a commit is missing or broken.
   */
  sync(): Promise<this> {
    return this.#turns.run(async () => {
      for (;;) {
        const heads = this.#readHeads()
        if ([...this.#heads.keys()].some((ref) => !heads.has(ref))) this.#reset()
        const astray = await this.#follow(heads)
        if (astray === undefined) return this
        // Somebody moved the line back: what it no longer reaches is no checkpoint any more. Unless it was we who
        // moved it on meanwhile.
        if (this.#history.tip(astray) === heads.get(astray)) this.#reset()
      }
    })
  }

  checkpoint(namespace: string, id: string): Entry | undefined {
    const entry = this.#namespaces.get(namespace)?.entries.get(id)
    return entry !== undefined && this.#isOurs(entry) ? entry : undefined
  }

  /** The checkpoint with the greatest id. */
  newest(namespace: string): Entry | undefined {
    for (const entry of this.newestFirst(namespace)) return entry
    return undefined
  }

  /** Greatest id first; of all namespaces, unless one is named. */
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

  /** Writes for a checkpoint, whether it is stored or not; oldest first. */
  writes(namespace: string, checkpoint: string): readonly WritesEntry[] {
    return this.#writes.get(keyOf(namespace, checkpoint)) ?? []
  }

  /** Branches by name, with their tips. */
  branches(): Map<BranchName, CommitId> {
    const found = new Map<BranchName, CommitId>()
    for (const [ref, tip] of this.#heads) {
      const parsed = parseRef(ref)
      if (parsed?.kind === 'branch') found.set(parsed.name, tip)
    }
    return found
  }

  /** The checkpoint of the root namespace that a commit is, or that a fork's or another tool's commit stands on. */
  standsAt(commit: CommitId): Entry | undefined {
    for (let at: CommitId | undefined = commit; at !== undefined; ) {
      const known = this.#commits.get(at)
      if (known?.entry !== undefined) return known.entry
      at = known?.parent
    }
    return undefined
  }

  /** Branches whose tips stand at a checkpoint. */
  branchesAt(id: string): { branch: BranchName; tip: CommitId }[] {
    return [...this.branches()]
      .filter(([, tip]) => this.standsAt(tip)?.id === id)
      .map(([branch, tip]) => ({ branch, tip }))
  }

  /** Remembers commits that were just made, oldest first, and the ref that is at the last one. */
  learn(ref: RefName, commits: readonly IndexedCommit[]): void {
    for (const commit of commits) this.#add(commit)
    const last = commits.at(-1)
    if (last !== undefined) this.#heads.set(ref, last.id)
  }

  /** The session's id as it was given; a ref has a long one in short. */
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

  /** A ref from which what it was at before cannot be reached; `undefined` when all is well. */
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

  /** Commits that are not known yet, newest first. */
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
   * Whether a checkpoint is one of this thread. A fork has the line of the subgraphs of the thread it was made from, with
   * what they did after it, or on another branch.
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

  /** Of two commits of one checkpoint the later counts. */
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

/** In the order of ids; of checkpoints of different namespaces with one id, in that of the namespaces. */
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
