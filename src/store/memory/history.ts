/** The history that a memory store keeps: checkpoints by id, and the sessions whose branches and tags reach them. */
import { createHash, randomBytes } from 'node:crypto'
import { type Ancestor, parentsOn } from '../../checkpoints/commits/lineage.ts'
import { type RevisionLookup, resolveRevision } from '../../checkpoints/commits/revision.ts'

import { Exclusive } from '../../checkpoints/lifetime.ts'
import { encodeHead, encodeItem, itemPlace, type Layout } from '../../codec/index.ts'
import { NotFoundError } from '../../errors.ts'
import { type BranchName, type CommitId, type SessionId, type TagName, trustedCommit } from '../../ids.ts'
import { deepCopy, type JsonObject } from '../../json-value.ts'
import type { Kept } from '../backend.ts'
import type {
  Checkpoint,
  CheckpointKind,
  SessionSummary,
  StoreStats,
  VerifyReport,
} from '../session-store.ts'
import { summarize } from '../summary.ts'

/** A checkpoint and its state; never changed. */
export interface Commit extends Kept {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly checkpoint: Omit<Checkpoint, 'id'>
  readonly document: JsonObject
  /** Fingerprint of the document without `updatedAt`. */
  readonly content: string
}

export interface Line {
  readonly type: string
  /** The layout of the store that made the session. */
  readonly layout: Layout
  readonly branches: Map<BranchName, CommitId>
  readonly tags: Map<TagName, CommitId>
  active: BranchName
}

export class MemoryHistory {
  /** The key for the marks of redacted secrets. */
  readonly markKey: Uint8Array = randomBytes(32)
  readonly commits = new Map<CommitId, Commit>()
  readonly sessions = new Map<SessionId, Line>()
  /** Runs all writes one after another. */
  readonly writes = new Exclusive()

  commit(id: CommitId): Commit {
    return this.commits.get(id)!
  }

  /** Throws NotFoundError if the session does not exist. */
  session(id: SessionId): Line {
    const line = this.sessions.get(id)
    if (line === undefined) throw new NotFoundError({ kind: 'session', id })
    return line
  }

  /** Keeps a new checkpoint. Its id is a hash of its contents. */
  add(commit: Omit<Commit, keyof Ancestor>): Commit {
    const { kind, seq } = commit.checkpoint
    const id = idOf(commit)
    const kept = { ...commit, id, kind, seq }
    this.commits.set(id, kept)
    return kept
  }

  /** Returns the ids of all checkpoints that the branches and tags of these sessions reach. */
  reachable(lines: Iterable<Line>): Set<CommitId> {
    const seen = new Set<CommitId>()
    const waiting = [...lines].flatMap(({ branches, tags }) => [...branches.values(), ...tags.values()])
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (seen.has(id)) continue
      seen.add(id)
      waiting.push(...this.commit(id).parents)
    }
    return seen
  }

  /** Lists the checkpoints from this one back to the first, newest first: turns and their steps. */
  *line(from: CommitId): Generator<Commit> {
    for (let at: CommitId | undefined = from; at !== undefined; ) {
      const commit = this.commit(at)
      yield commit
      // The last parent of a turn with steps is its last step; the parent of the first step is the turn before.
      at = commit.parents.at(-1)
    }
  }

  /** Returns the summaries of all sessions, in any order. */
  summaries(): SessionSummary[] {
    return [...this.sessions].map(([id, line]) => {
      const head = this.commit(line.branches.get(line.active)!)
      const messages = head.document[line.layout.collections[0]?.name ?? '']
      const session = { id, type: line.type, activeBranch: line.active }
      const count = Array.isArray(messages) ? messages.length : 0
      return summarize(session, { ...head.checkpoint, id: head.id }, head.document, count)
    })
  }

  /** Checks the id of every checkpoint that these sessions reach. */
  verify(lines: Iterable<Line>): VerifyReport {
    const ids = [...this.reachable(lines)]
    const wrong = ids.filter((id) => idOf(this.commit(id)) !== id)
    const problems = wrong.map((id) => ({ checkpoint: id, where: id, message: 'is not what was saved' }))
    return { ok: wrong.length === 0, checkpoints: ids.length, objects: ids.length, problems }
  }

  /** Removes checkpoints that no session reaches. */
  purge(): void {
    const kept = this.reachable(this.sessions.values())
    for (const id of this.commits.keys()) if (!kept.has(id)) this.commits.delete(id)
  }

  stats(): StoreStats {
    const lines = [...this.sessions.values()]
    const sum = (of: (line: Line) => number) => lines.reduce((total, line) => total + of(line), 0)
    return {
      sessions: lines.length,
      branches: sum(({ branches }) => branches.size),
      tags: sum(({ tags }) => tags.size),
      bytes: 0,
    }
  }

  turnParent(of: CommitId): CommitId | undefined {
    let at = this.commit(of).parents[0]
    while (at !== undefined && this.commit(at).checkpoint.kind === 'step') at = this.commit(at).parents[0]
    return at
  }

  /** Returns the parents of a new checkpoint of this kind on top of `tip`. */
  parentsOn(tip: Commit | undefined, kind: CheckpointKind): CommitId[] {
    return parentsOn(tip, kind, tip && this.turnParent(tip.id))
  }

  /** Throws NotFoundError or AmbiguousRevisionError. */
  async resolve(session: SessionId, revision: string): Promise<Commit> {
    const id = await resolveRevision(revision, this.#lookup(this.session(session)), session)
    return this.commit(id)
  }

  #lookup(line: Line): RevisionLookup {
    return {
      head: async (branch = line.active) => line.branches.get(branch),
      tag: async (name) => line.tags.get(name),
      has: async (id) => this.reachable([line]).has(id),
      prefix: async (digits) => [...this.reachable([line])].filter((id) => id.startsWith(digits)),
      parents: async (id) => this.commit(id).parents,
      turnParent: async (id) => this.turnParent(id),
    }
  }
}

/** Returns the checkpoint as the session shows it, even if it was made in the session that this one was forked from. */
export const checkpointOf = (commit: Commit, session: SessionId): Checkpoint =>
  deepCopy({ ...commit.checkpoint, id: commit.id, session })

/** Returns the document as the session shows it. Do not change it. */
export const documentOf = (commit: Commit, session: SessionId): JsonObject =>
  commit.document.id === session ? commit.document : { ...commit.document, id: session }

/** Computes the id of a checkpoint. */
function idOf({ parents, checkpoint, document, content }: Omit<Commit, keyof Ancestor>): CommitId {
  return trustedCommit(sha1([JSON.stringify([parents, checkpoint, document.updatedAt ?? null]), content]))
}

// By item. Items in a history never change, so each is encoded only once.
const digests = new WeakMap<object, string>()

/**
 * Returns the fingerprint of a document without `updatedAt`. Two fingerprints are the same if and only if format 1
 * writes the same files for both documents. Throws InvalidStateError for what the format cannot hold.
 */
export function contentOf(document: JsonObject, layout: Layout): string {
  const { updatedAt: _, ...rest } = document
  const parts = [...encodeHead(rest, layout)].flat()
  for (const { name } of layout.collections) {
    const items = document[name]
    if (!Array.isArray(items)) continue
    parts.push(name, ...items.map((item, index) => digestOf(layout, name, index, item)))
  }
  return sha1(parts)
}

/** Returns the document with each item that is the same in `before` taken from there. */
export function shareItems(document: JsonObject, before: JsonObject, layout: Layout): JsonObject {
  const next: Record<string, unknown> = { ...document }
  for (const { name } of layout.collections) {
    const [items, earlier] = [document[name], before[name]]
    if (!Array.isArray(items) || !Array.isArray(earlier)) continue
    next[name] = items.map((item, index) => {
      const same =
        index < earlier.length &&
        digestOf(layout, name, index, item) === digestOf(layout, name, index, earlier[index])
      return same ? earlier[index] : item
    })
  }
  return next
}

function digestOf(layout: Layout, collection: string, index: number, item: unknown): string {
  const isObject = typeof item === 'object' && item !== null
  const known = isObject ? digests.get(item) : undefined
  if (known !== undefined) return known
  const { folder, stem } = itemPlace(collection, index)
  const files = [...encodeItem(layout, collection, index, item)]
  const digest = sha1(files.flatMap(([path, bytes]) => [path.slice(folder.length + stem.length + 1), bytes]))
  if (isObject) digests.set(item, digest)
  return digest
}

function sha1(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex')
}
