/**
 * Reads the checkpoints of sessions from a git store: reads commits as checkpoints, walks lines, resolves revisions.
 */
import { NotFoundError } from '../../errors.ts'
import type { AnyRepository } from '../../git/any-repository.ts'
import type { KeptCopies } from '../../git/database/kept-copies.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { asBuffer } from '../../git/objects/object.ts'
import type { Repository } from '../../git/repository.ts'
import {
  type BranchName,
  type CommitId,
  type ObjectId,
  rewrittenRef,
  type SessionId,
  trustedCommit,
} from '../../ids.ts'
import { isSameName, isShortName } from '../../ref-part.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { Author, Checkpoint } from './checkpoint.ts'
import { Heads } from './heads.ts'
import { KnownAncestors } from './known-ancestors.ts'
import type { Ancestor } from './lineage.ts'
import { checkpointOf, numberOf, type ParsedMessage, parseMessage, timeOf } from './message.ts'
import { type RevisionLookup, resolveRevision } from './revision.ts'
import { hashOf, readRewritten } from './rewritten.ts'

/** A commit on a session's branch or reserved line. */
export interface CommitInfo extends Ancestor {
  tree: ObjectId
  parents: readonly CommitId[]
  /** When the checkpoint was made, in milliseconds. */
  time: number
  /** The committer date, in milliseconds: never earlier than a parent's. */
  committed: number
  message: ParsedMessage
  author: Author
  /** Id of the session in which it was made, and the type of its documents; `undefined` for another tool's commit. */
  session: string | undefined
  type: string | undefined
  key: string | undefined
}

export class History<R extends AnyRepository = Repository> extends Heads<R> {
  /** Where results of long walks are kept. */
  readonly copies: KeptCopies
  readonly #known = new Map<CommitId, CommitInfo>()
  /** The last commit of a walk, so that the walk continues without reading it again. */
  #seen: { id: CommitId; parent: CommitId | undefined } | undefined

  constructor(repository: R, copies: KeptCopies) {
    super(repository)
    this.copies = copies
  }

  get objects(): ObjectStore {
    return this.repository.objects
  }

  /** Reads a commit. Throws CorruptError if it is missing or broken. */
  async info(id: CommitId): Promise<CommitInfo> {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const { tree, parents, author, committer, message } = await this.repository.objects.readCommit(id)
    const parsed = parseMessage(message)
    const { trailers } = parsed
    const seq = numberOf(trailers?.get('Seq')) ?? (await this.#seqOfForeign(parents[0]))
    const info: CommitInfo = {
      id,
      tree,
      parents,
      time: (trailers && timeOf(trailers)) ?? committer.at,
      committed: committer.at,
      message: parsed,
      author: { name: author.name, email: author.email },
      kind: trailers === undefined ? 'foreign' : (trailers.get('Kind') ?? 'save'),
      seq,
      session: trailers?.get('Session'),
      type: trailers?.get('Type'),
      key: trailers?.get('Key'),
    }
    this.learn(info)
    return info
  }

  /** Keeps a commit in memory. */
  learn(info: CommitInfo): void {
    if (this.#known.size >= KNOWN_LIMIT) {
      for (const id of [...this.#known.keys()].slice(0, KNOWN_LIMIT / 2)) this.#known.delete(id)
    }
    this.#known.set(info.id, info)
  }

  /** Reads a commit as a checkpoint of the session through which it was reached. */
  async checkpoint(id: CommitId, session: SessionId, branch?: BranchName): Promise<Checkpoint> {
    return this.present(await this.info(id), session, branch)
  }

  present(
    { id, parents, message, time, author, seq }: CommitInfo,
    session: SessionId,
    branch?: BranchName,
  ): Checkpoint {
    const checkpoint = checkpointOf(
      id,
      [...parents],
      message,
      { at: time, author },
      { session, branch: branch ?? '', seq },
    )
    return { ...checkpoint, session, author: { ...author } }
  }

  /** Yields the commits from a checkpoint back to the first, newest first: turns and the steps inside them. */
  async *line(from: CommitId): AsyncGenerator<CommitInfo> {
    for (let at: CommitId | undefined = from; at !== undefined; ) {
      const info: CommitInfo = await this.info(at)
      yield info
      // The last parent of a turn with steps is its last step, and the parent of its first step is the turn before.
      at = info.kind === 'foreign' ? info.parents[0] : info.parents.at(-1)
    }
  }

  async turnParent(of: CommitId): Promise<CommitId | undefined> {
    for (let at = await this.#firstParent(of); at !== undefined; at = await this.#firstParent(at)) {
      const data = await this.repository.objects.readCommitData(at)
      this.#seen = { id: at, parent: this.repository.objects.parentsOf(at, data)[0] }
      // Most commits are not steps, and this check is faster than parsing.
      if (!asBuffer(data).includes(STEP) || (await this.info(at)).kind !== 'step') return at
    }
    return undefined
  }

  async #firstParent(of: CommitId): Promise<CommitId | undefined> {
    if (this.#seen?.id === of) return this.#seen.parent
    const { objects } = this.repository
    return objects.parentsOf(of, await objects.readCommitData(of))[0]
  }

  /** Returns the type of a session's documents, from the newest checkpoint that forkpoint made. */
  async typeOf(tip: CommitId): Promise<string | undefined> {
    for await (const { type } of this.line(tip)) if (type !== undefined) return type
    return undefined
  }

  /**
   * Returns all commits reachable from these; stops at the first commit for which `until` returns true. Does not read
   * the commits in `known`.
   */
  async reachable(
    from: Iterable<CommitId>,
    { until, known }: { until?: (id: CommitId) => boolean; known?: KnownAncestors | undefined } = {},
  ): Promise<Set<CommitId>> {
    const seen = new Set<CommitId>()
    const slice = new TimeSlice()
    let level = [...from]
    while (level.length > 0) {
      const above: CommitId[] = []
      for (const id of level) {
        if (seen.has(id)) continue
        seen.add(id)
        if (until?.(id) === true) return seen
        if (known?.tip === id) for (const other of known.ids()) seen.add(other)
        else {
          const data = this.repository.objects.readCommitData(id)
          above.push(...this.repository.objects.parentsOf(id, data instanceof Promise ? await data : data))
        }
        if (slice.isOver()) await slice.next()
      }
      level = above
    }
    return seen
  }

  /**
   * Returns the session's id in full: refs, and so listings, may have a shortened id, but commits have the full one.
   */
  async fullName(session: SessionId): Promise<SessionId> {
    if (!isShortName(session)) return session
    const tip = this.head(session, this.active(session)) ?? this.branches(session).values().next().value
    if (tip === undefined) return session
    for await (const { session: made } of this.line(tip))
      if (made !== undefined && isSameName(made, session)) return made as SessionId
    return session
  }

  /** Returns whether a commit is a checkpoint of the session. */
  async has(session: SessionId, id: CommitId): Promise<boolean> {
    if (!(await this.#isCommit(id))) return false
    const mark = this.copies.mark()
    const tips = await this.#tips(session)
    let read = 0
    const near = await this.reachable(tips, { until: (other) => other === id || read++ === NEAR })
    if (near.has(id) || read <= NEAR) return near.has(id)
    return this.#hasFar(session, tips, id, mark)
  }

  /** As `has`, for sessions in which many commits would be read each time. */
  async #hasFar(session: SessionId, tips: readonly CommitId[], id: CommitId, mark: string): Promise<boolean> {
    // Nothing is kept for a shallow clone, because the point where its history ends can change.
    if (this.objects.isShallow)
      return (await this.reachable(tips, { until: (other) => other === id })).has(id)
    const known = KnownAncestors.read(this.copies, session)
    if (known !== undefined && tips.includes(known.tip) && known.has(id)) return true
    const active = this.head(session, this.active(session))
    const tip = active ?? tips[0]!
    const ids = await this.reachable([tip], { known })
    KnownAncestors.keep(this.copies, session, { tip, ids, before: known }, mark)
    if (ids.has(id)) return true
    return (await this.reachable(tips, { until: (other) => other === id, known })).has(id)
  }

  /** Resolves a revision of the session. Throws NotFoundError or AmbiguousRevisionError. */
  resolve(session: SessionId, revision: string): Promise<CommitId> {
    if (!this.exists(session)) throw new NotFoundError({ kind: 'session', id: session })
    const lookup: RevisionLookup = {
      head: async (branch = this.active(session)) => this.head(session, branch),
      tag: async (name) => this.tagged(session, name),
      has: (id) => this.has(session, id),
      rewritten: (id) => this.#rewritten(session, id),
      prefix: async (digits) => {
        const candidates: CommitId[] = []
        for (const hex of this.repository.objects.expand(digits, 1000)) {
          const id = trustedCommit(hex)
          if (await this.has(session, id)) candidates.push(id)
        }
        return candidates
      },
      parents: async (id) => (await this.info(id)).parents,
      turnParent: (id) => this.turnParent(id),
    }
    return resolveRevision(revision, lookup, session)
  }

  /** Returns what a rewrite of the session made of a checkpoint. */
  async #rewritten(session: SessionId, id: CommitId): Promise<CommitId | undefined> {
    const rewrite = this.tip(rewrittenRef(session))
    if (rewrite === undefined) return undefined
    const { ids } = await readRewritten(this.objects, rewrite)
    const seen = new Set<CommitId>()
    for (let now = ids.get(hashOf(id)); now !== undefined && !seen.has(now); now = ids.get(hashOf(now))) {
      if (await this.has(session, now)) return now
      seen.add(now)
    }
    return undefined
  }

  async #tips(session: SessionId): Promise<CommitId[]> {
    return [...this.branches(session).values(), ...(await this.tags(session)).values()]
  }

  async #isCommit(id: CommitId): Promise<boolean> {
    return (await this.repository.objects.tryRead(id))?.type === 'commit'
  }

  /** Numbers a commit of another tool: one more than its first parent. */
  async #seqOfForeign(parent: CommitId | undefined): Promise<number> {
    let above = 1
    for (let at = parent; at !== undefined; above++) {
      const { parents, message } = await this.repository.objects.readCommit(at)
      const seq = numberOf(parseMessage(message).trailers?.get('Seq'))
      if (seq !== undefined) return seq + above
      at = parents[0]
    }
    return above
  }
}

/** Up to this number, reading commits is faster than looking up known ancestors. */
const NEAR = 8
const STEP = Buffer.from('\nForkpoint-Kind: step\n')
const KNOWN_LIMIT = 1000
