/** Verifies the checkpoints that refs reach, each once: its commit, its trailers, and its tree. */

import { seqOfFork, seqOn } from '../../checkpoints/commits/lineage.ts'
import { numberOf, parseMessage, timeOf } from '../../checkpoints/commits/message.ts'
import { type Commit, decodeCommit } from '../../git/objects/commit.ts'
import { asBuffer } from '../../git/objects/object.ts'
import { targetOf } from '../../git/objects/tag.ts'
import { entryAt, entryCount, parseTree } from '../../git/objects/tree.ts'
import { type CommitId, type ObjectId, type SessionId, trustedCommit } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { encodeName } from '../../ref-part.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { CheckpointKind } from '../session-store.ts'
import { type Findings, type Reached, WAY_OUT } from './findings.ts'
import type { MadeCheckpoint, SeenPage } from './pages.ts'
import { TreeVerifier } from './tree.ts'

/** The trailers of a checkpoint that forkpoint made. */
interface Facts {
  id: CommitId
  parents: readonly ObjectId[]
  session: string
  type: string
  branch: string
  kind: CheckpointKind
  seq: number
  /** Whether checkpoints between it and its parents were left out. */
  isThinned: boolean
}

export class CheckpointVerifier {
  /** How many checkpoints were read completely and have no problem of their own. */
  get count(): number {
    return this.#tips.size - [...this.#findings.broken].filter((id) => this.#tips.has(id)).length
  }

  readonly #findings: Findings
  readonly #trees: TreeVerifier
  /** Every commit seen. `isTip`: whether no commit has it as a parent. */
  readonly #tips = new Map<ObjectId, { isTip: boolean; tree: ObjectId | undefined; session: SessionId }>()
  readonly #facts = new Map<ObjectId, Facts>()
  /** For each forked session, the sessions that it was forked from. */
  readonly #origins = new Map<string, Set<string>>()
  readonly #slice = new TimeSlice()
  readonly #exists: (session: string) => boolean
  readonly #onProgress: (done: number) => void

  /** @param exists whether a session exists, even if it is not verified */
  constructor(findings: Findings, exists: (session: string) => boolean, onProgress: (done: number) => void) {
    this.#findings = findings
    this.#exists = exists
    this.#trees = new TreeVerifier(findings)
    this.#onProgress = onProgress
  }

  /** Verifies everything that a branch or a tag of the session reaches, newest first. */
  async verifyFrom(session: SessionId, tip: ObjectId, where: string): Promise<void> {
    const start = await this.#peel({ session }, tip, where)
    const waiting = start === undefined ? [] : [start]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const known = this.#tips.get(next.id)
      if (known !== undefined) {
        known.isTip &&= next.isTip
        continue
      }
      const parents = await this.#verifyOne(session, next)
      // The last parent is verified next: it is the last step of the turn, or the previous turn.
      for (const id of parents) waiting.push({ id, isTip: false })
    }
  }

  /** Makes the checks that need all checkpoints. Returns those whose whole document must still be decoded. */
  finish(): { id: ObjectId; tree: ObjectId; session: SessionId }[] {
    for (const { session, kind, parents } of this.#facts.values()) {
      const below = this.#below(parents)
      if (kind !== 'fork' || below === undefined) continue
      this.#origins.set(session, (this.#origins.get(session) ?? new Set()).add(below.session))
    }
    for (const facts of this.#facts.values()) this.#checkLineage(facts)
    return [...this.#tips].flatMap(([id, { isTip, tree, session }]) =>
      isTip && tree !== undefined && !this.#findings.broken.has(id) ? [{ id, tree, session }] : [],
    )
  }

  /** Pages found in trees. */
  get pages(): readonly SeenPage[] {
    return this.#trees.pages
  }

  /** Checkpoints that forkpoint made. */
  *made(): Generator<MadeCheckpoint> {
    for (const { id, parents, kind, branch, seq, isThinned } of this.#facts.values()) {
      const seen = this.#tips.get(id)
      if (seen?.tree === undefined) continue
      const { tree, session } = seen
      const [turnBefore, lastStep] = parents
      const below = lastStep ?? turnBefore
      const standsOnStep = below !== undefined && this.#facts.get(below)?.kind === 'step'
      const isFirst = turnBefore === undefined || (lastStep === undefined && standsOnStep)
      const known = isFirst ? undefined : (this.#tips.get(turnBefore)?.tree ?? null)
      // The pages of a thinned checkpoint tell of a turn that began after its parent.
      const before = isThinned || this.#findings.isCutOff(id) ? null : known
      yield { id, reachedFrom: session, tree, kind, branch, seq, before }
    }
  }

  /** Checks that everything exists that an object of another tool reaches. */
  async verifyConnected(reached: Reached, from: ObjectId): Promise<void> {
    const waiting = [from]
    const seen = new Set<ObjectId>(waiting)
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      // Commits that were read for a session have been followed already.
      if (this.#tips.has(id)) continue
      const object = await this.#findings.read(reached, id)
      if (object === undefined) continue
      try {
        for (const next of leadsTo(id, object.type, asBuffer(object.data), this.#findings.isCutOff(id))) {
          if (!seen.has(next)) waiting.push(next)
          seen.add(next)
        }
      } catch (error) {
        this.#findings.addError(reached, id, error)
      }
      if (this.#slice.isOver()) await this.#slice.next()
    }
  }

  /** Verifies one commit. Returns its parents. */
  async #verifyOne(
    session: SessionId,
    { id, isTip }: { id: ObjectId; isTip: boolean },
  ): Promise<readonly ObjectId[]> {
    const reached = { session, checkpoint: id }
    const commit = await this.#readCommit(reached, id)
    if (commit === undefined) {
      this.#tips.set(id, { isTip: false, tree: undefined, session })
      return []
    }
    this.#tips.set(id, { isTip, tree: commit.tree, session })
    const facts = this.#factsOf(reached, trustedCommit(id), commit)
    const head = await this.#trees.verify(reached, commit.tree)
    if (facts !== undefined && head !== undefined) this.#checkHead(reached, facts, head)
    this.#onProgress(this.#tips.size)
    if (this.#slice.isOver()) await this.#slice.next()
    return commit.parents
  }

  async #readCommit(reached: Reached, id: ObjectId): Promise<Commit | undefined> {
    const object = await this.#findings.read(reached, id, 'commit')
    try {
      const commit = object && decodeCommit(object.data, id)
      return commit !== undefined && this.#findings.isCutOff(id) ? { ...commit, parents: [] } : commit
    } catch (error) {
      this.#findings.addError(reached, id, error)
      return undefined
    }
  }

  /** Returns the parsed trailers; `undefined` for a commit of another tool, or with invalid trailers. */
  #factsOf(reached: Reached, id: CommitId, { message, parents }: Commit): Facts | undefined {
    const { trailers } = parseMessage(message)
    if (trailers === undefined) {
      if (parents.length > 1) this.#findings.addMerge(reached, id)
      return undefined
    }
    const format = trailers.get('Format')
    if (format !== '1') {
      this.#findings.add(
        reached,
        id,
        `Checkpoint ${id} has format ${format}, which this version does not know. Upgrade forkpoint.`,
      )
      return undefined
    }
    const [session, type, branch] = ['Session', 'Type', 'Branch'].map((name) => trailers.get(name))
    const seq = numberOf(trailers.get('Seq'))
    if (!session || !type || !branch || seq === undefined || timeOf(trailers) === undefined) {
      const lacks = ['Session', 'Type', 'Branch', 'Seq', 'At'].filter((name) => !trailers.get(name))
      const what = lacks.length > 0 ? `lacks ${lacks.join(', ')}` : 'has a Seq or At that is not a number'
      this.#findings.add(reached, id, `The commit message of checkpoint ${id} ${what}. ${WAY_OUT}`)
      return undefined
    }
    const kind = trailers.get('Kind') ?? 'save'
    const facts = { id, parents, session, type, branch, kind, seq, isThinned: trailers.has('Thinned') }
    this.#facts.set(id, facts)
    return facts
  }

  #checkHead(reached: Reached, { id, session, type }: Facts, head: JsonObject): void {
    const wrong = (key: string, value: unknown, expected: string): void =>
      this.#findings.add(
        reached,
        'session.json',
        `'session.json' of checkpoint ${id} has the ${key} ${JSON.stringify(value)}, but its commit says '${expected}'. ${WAY_OUT}`,
      )
    if (typeof head.id !== 'string' || encodeName(head.id) !== encodeName(session))
      wrong('id', head.id, session)
    if (head.type !== undefined && head.type !== type) wrong('type', head.type, type)
  }

  /**
   * Whether checkpoints of `session` may be on top of those of another session. Those of a fork may, since its branches
   * may start before the fork, and the fork's own commit need not have been read. A session that does not exist, and
   * that `reachedFrom` was not forked from, is invalid.
   */
  #isKnown(session: string, reachedFrom: string): boolean {
    const origins = new Set([reachedFrom])
    for (const one of origins) for (const origin of this.#origins.get(one) ?? []) origins.add(origin)
    return origins.has(session) || this.#exists(session)
  }

  #below(parents: readonly ObjectId[]): Facts | undefined {
    const last = parents.at(-1)
    return last && this.#facts.get(last)
  }

  /** Checks that the session changes only at a fork, and that turns are numbered in sequence. */
  #checkLineage(facts: Facts): void {
    const { id, session, type, kind, seq, isThinned } = facts
    const reached = { session: this.#tips.get(id)?.session ?? session, checkpoint: id }
    const below = this.#below(facts.parents)
    const wrong = (what: string): void =>
      this.#findings.add(reached, id, `Checkpoint ${id} ${what}. ${WAY_OUT}`)
    if (facts.parents.length === 0 && seq !== 1 && kind !== 'fork' && !this.#findings.isCutOff(id))
      wrong(`is the first checkpoint, but has the number ${seq}`)
    if (below === undefined) return
    if (below.session !== session && kind !== 'fork' && !this.#isKnown(session, reached.session)) {
      wrong(
        `belongs to session '${session}', but its parent belongs to session '${below.session}', and it is not a fork`,
      )
    }
    if (below.type !== type) wrong(`is of type '${type}', but its parent is of type '${below.type}'`)
    const expected = kind === 'fork' ? seqOfFork(below) : seqOn(below)
    if (isThinned ? seq < expected : seq !== expected)
      wrong(`has the number ${seq}, but the next number is ${expected}`)
  }

  /** Returns the commit that a ref names, directly or through annotated tags. */
  async #peel(
    reached: Reached,
    id: ObjectId,
    where: string,
  ): Promise<{ id: ObjectId; isTip: boolean } | undefined> {
    const named = where.startsWith('refs/heads/') ? { ...reached, checkpoint: id } : reached
    for (let at = id, depth = 0; depth < 6; depth++) {
      if (this.#tips.has(at)) return { id: at, isTip: true }
      const object = await this.#findings.read(named, at)
      if (object === undefined) return undefined
      if (object.type === 'commit') return { id: at, isTip: true }
      if (object.type !== 'tag') break
      try {
        at = targetOf(at, object.data)
      } catch (error) {
        this.#findings.addError(reached, at, error)
        return undefined
      }
    }
    this.#findings.add(
      reached,
      where,
      `'${where}' does not lead to a checkpoint. Delete it, or move it to a checkpoint.`,
    )
    return undefined
  }
}

function* leadsTo(id: ObjectId, type: string, data: Buffer, isCutOff: boolean): Generator<ObjectId> {
  if (type === 'tag') yield targetOf(id, data)
  else if (type === 'commit') {
    const { tree, parents } = decodeCommit(data, id)
    yield tree
    if (!isCutOff) yield* parents
  } else if (type === 'tree') {
    const tree = parseTree(data, id)
    for (let n = 0; n < entryCount(tree); n++) {
      const entry = entryAt(tree, n)
      if (entry.mode !== '160000') yield entry.id
    }
  }
}
