/**
 * Combines all rewrites that a repository knows. A rewritten checkpoint is recognised by the hash of its id, in every
 * session and on every machine.
 */
import { peel } from '../../git/database/peel.ts'
import {
  type CommitId,
  type ObjectId,
  parseRef,
  REWRITTEN,
  rewrittenRef,
  type SessionId,
  trustedCommit,
} from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { History } from '../commits/history.ts'
import { hashOf, type RewrittenIds, readRewritten } from '../commits/rewritten.ts'

/** The checkpoint that replaced a rewritten one. */
export interface Successor {
  id: CommitId
  /** Whether it must be rewritten itself before a ref moves there. */
  isPending: boolean
}

export class Rewrites {
  readonly #history: History
  readonly #maps: ReadonlyMap<SessionId, RewrittenIds>
  /** Commits that neither were rewritten nor have a rewritten ancestor. */
  readonly #clean = new Set<CommitId>()

  /** @param maps by session */
  constructor(history: History, maps: ReadonlyMap<SessionId, RewrittenIds>) {
    this.#history = history
    this.#maps = maps
  }

  get isEmpty(): boolean {
    return this.#maps.size === 0
  }

  /** Returns whether this commit was rewritten. */
  has(id: ObjectId): boolean {
    if (this.isEmpty) return false
    const hash = hashOf(id)
    for (const { ids } of this.#maps.values()) if (ids.has(hash)) return true
    return false
  }

  /** Returns whether this commit, or that of this tag, or one of its stored ancestors was rewritten. */
  async holds(tip: ObjectId): Promise<boolean> {
    if (this.isEmpty) return false
    const { objects } = this.#history
    const stored = (await peel(objects, tip))?.commit
    if (stored === undefined && (await objects.has(tip))) return false
    const waiting = [stored ?? trustedCommit(tip)]
    const seen = new Set<CommitId>()
    let isWhole = true
    const slice = new TimeSlice()
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (seen.has(id) || this.#clean.has(id)) continue
      if (this.has(id)) return true
      seen.add(id)
      if (await objects.has(id)) waiting.push(...objects.parentsOf(id, await objects.readCommitData(id)))
      else isWhole = false
      if (slice.isOver()) await slice.next()
    }
    if (isWhole) for (const id of seen) this.#clean.add(id)
    return false
  }

  /**
   * Returns the checkpoint that replaced a rewritten one; `undefined` if the checkpoint was not rewritten, or if the
   * replacement is not stored here or has a rewritten ancestor.
   *
   * @param session its rewrites take precedence
   */
  async successor(id: CommitId, session?: SessionId): Promise<Successor | undefined> {
    return this.#successor(id, session, new Set())
  }

  async #successor(
    id: CommitId,
    session: SessionId | undefined,
    seen: Set<CommitId>,
  ): Promise<Successor | undefined> {
    if (seen.has(id)) return undefined
    seen.add(id)
    const chain = this.#chain(id, session)
    const isPending = chain.some((one) => one.isPending)
    const at = chain.at(-1)?.id
    const isHere = at !== undefined && (await this.#isUsable(at))
    if (isHere && !isPending) return { id: at, isPending }
    for (const one of [id, ...chain.map((next) => next.id)])
      for (const other of this.#again(one)) {
        if (await this.#isUsable(other)) return { id: other, isPending: false }
        const later = this.has(other) ? await this.#successor(other, session, seen) : undefined
        if (later?.isPending === false) return later
      }
    return isHere ? { id: at, isPending } : undefined
  }

  /** Returns whether a checkpoint is stored here, and neither it nor an ancestor was rewritten. */
  async #isUsable(id: CommitId): Promise<boolean> {
    return (await this.#history.objects.has(id)) && !(await this.holds(id))
  }

  /** Returns the second replacements of a checkpoint, which were made where the first was not to be had. */
  #again(id: CommitId): CommitId[] {
    const hash = hashOf(id)
    return [...this.#maps.values()].flatMap(({ again }) => again.get(hash) ?? [])
  }

  /** As `successor`, but returns only checkpoints to which refs may move. */
  async now(id: CommitId, session?: SessionId): Promise<CommitId | undefined> {
    const found = await this.successor(id, session)
    return found?.isPending === false ? found.id : undefined
  }

  /** Returns all successive replacements of a rewritten checkpoint, stored here or not. */
  later(id: ObjectId, session?: SessionId): Set<ObjectId> {
    return new Set(this.#chain(id, session).map((one) => one.id))
  }

  #chain(id: ObjectId, session: SessionId | undefined): Successor[] {
    const chain: Successor[] = []
    const seen = new Set<ObjectId>([id])
    for (let next = this.#next(id, session); next !== undefined; next = this.#next(next.id, session)) {
      // A cycle has no last replacement.
      if (seen.has(next.id)) return []
      seen.add(next.id)
      chain.push(next)
    }
    return chain
  }

  #next(id: ObjectId, session: SessionId | undefined): Successor | undefined {
    if (this.isEmpty) return undefined
    const hash = hashOf(id)
    const own = session === undefined ? undefined : this.#maps.get(session)
    for (const map of own === undefined ? this.#maps.values() : [own, ...this.#maps.values()]) {
      const next = map.ids.get(hash)
      if (next !== undefined) return { id: next, isPending: map.pending.has(hash) }
    }
    return undefined
  }
}

/**
 * Reads all rewrites that a repository knows. Throws CorruptError.
 *
 * @param newer maps that replace the stored ones of these sessions
 */
export async function readRewrites(
  history: History,
  newer: ReadonlyMap<SessionId, RewrittenIds> = new Map(),
): Promise<Rewrites> {
  const refs = [...history.repository.refs.list(REWRITTEN, () => undefined)]
  const key = refs.flat().join(' ')
  const known = recent.get(history)
  if (known?.key === key && newer.size === 0) return known.rewrites
  const maps = new Map<SessionId, RewrittenIds>()
  for (const [ref, id] of refs) {
    const session = sessionOfRewrite(ref)
    if (session !== undefined && !newer.has(session))
      maps.set(session, await readRewritten(history.objects, id as CommitId))
  }
  if (newer.size > 0) return new Rewrites(history, new Map([...maps, ...newer]))
  const rewrites = new Rewrites(history, maps)
  recent.set(history, { key, rewrites })
  return rewrites
}

/** Returns the session whose rewrites a ref names; `undefined` for other refs. */
export function sessionOfRewrite(ref: string): SessionId | undefined {
  if (!ref.startsWith(REWRITTEN)) return undefined
  const session = parseRef(`refs/heads/${ref.slice(REWRITTEN.length)}/main`)?.session
  return session !== undefined && rewrittenRef(session) === ref ? session : undefined
}

const recent = new WeakMap<History, { key: string; rewrites: Rewrites }>()
