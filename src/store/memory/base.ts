/** The base of a write in memory. Writes never overlap. */
import { seqOn } from '../../checkpoints/commits/lineage.ts'
import { wrongType } from '../../checkpoints/wrong-type.ts'
import { AlreadyExistsError } from '../../errors.ts'
import { type BranchName, type CommitId, MAIN, type SessionId, type TagName } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import type { Base, NewCheckpoint, Tail } from '../backend.ts'
import type { DocumentRules } from '../document.ts'
import { type Comparing, type WholeContent, wholeTail } from '../whole.ts'
import { type Commit, contentOf, documentOf, type Line, type MemoryHistory, shareItems } from './history.ts'

/** How many checkpoints of a branch are searched for a key. */
const KEYS_LOOKED_AT = 1000

/** Documents are the same if format 1 writes the same files for them. */
export const comparingBy = ({ collections, layout }: DocumentRules): Comparing<Commit> => ({
  collections,
  documentAt: documentOf,
  holds: (commit, session, document) => contentAs(commit, session, layout) === contentOf(document, layout),
})

export class MemoryBase implements Base<Commit> {
  readonly session: SessionId
  readonly branch: BranchName
  readonly isNew: boolean
  readonly #history: MemoryHistory
  readonly #rules: DocumentRules
  readonly #line: Line | undefined
  /** The tip before the write. */
  readonly #from: Commit | undefined
  /** The last checkpoint of this write, and where it ends. */
  #made: Commit | undefined
  #end: Commit | undefined

  /** Throws InvalidStateError for a session of another type. */
  constructor(
    history: MemoryHistory,
    rules: DocumentRules,
    { session, branch }: { session: SessionId; branch: BranchName | undefined },
  ) {
    const line = history.sessions.get(session)
    if (line !== undefined && line.type !== rules.type) throw wrongType(session, line.type, rules.type)
    this.#history = history
    this.#rules = rules
    this.#line = line
    this.session = session
    this.branch = branch ?? line?.active ?? MAIN
    this.isNew = line === undefined
    const tip = line?.branches.get(this.branch)
    this.#from = tip && history.commit(tip)
  }

  get tip(): Commit | undefined {
    return this.#made ?? this.#from
  }

  madeWith(key: string): Commit | undefined {
    if (this.tip === undefined) return undefined
    let looked = 0
    for (const commit of this.#history.line(this.tip.id)) {
      if (commit.checkpoint.key === key) return commit
      if (++looked === KEYS_LOOKED_AT) return undefined
    }
    return undefined
  }

  stands(id: CommitId): boolean {
    return this.#line !== undefined && this.#history.reachable([this.#line]).has(id)
  }

  find(id: CommitId): Commit {
    return this.#history.commit(id)
  }

  turnBefore({ id }: Commit): Commit | undefined {
    const before = this.#history.turnParent(id)
    return before && this.#history.commit(before)
  }

  tail(at: Commit): Tail<Commit> {
    return wholeTail(documentOf(at, this.session), comparingBy(this.#rules))
  }

  add(made: NewCheckpoint<Commit>): Commit {
    const { parent, kind, subject, body, author, facts } = made
    const { session, branch } = this
    const given = (made.content as WholeContent<Commit>).document
    const { layout, now } = this.#rules
    const document: JsonObject = parent === undefined ? given : shareItems(given, parent.document, layout)
    const parents = this.#history.parentsOn(parent, kind)
    const time = made.at ?? Math.floor(now())
    const createdAt = new Date(time).toISOString()
    const seq = seqOn(parent)
    this.#made = this.#history.add({
      parents,
      time,
      document,
      content: contentOf(given, layout),
      checkpoint: { session, branch, parents, createdAt, subject, body, kind, seq, ...facts, author },
    })
    this.#end = this.#made
    return this.#made
  }

  endAt(commit: Commit): void {
    this.#end = commit
  }

  /** Moves the branch to the end of the write, and sets the tag there. Throws AlreadyExistsError. */
  finish(tag: TagName | undefined): void {
    const { type, layout } = this.#rules
    const { session, branch } = this
    const end = this.#end!.id
    const line = this.#line ?? { type, layout, branches: new Map(), tags: new Map(), active: branch }
    const tagged = tag === undefined ? undefined : line.tags.get(tag)
    if (tagged !== undefined && tagged !== end)
      throw new AlreadyExistsError({ kind: 'tag', id: tag!, session })
    this.#history.sessions.set(session, line)
    if (this.tip === undefined || this.#made !== undefined) line.branches.set(branch, this.tip?.id ?? end)
    if (tag !== undefined) line.tags.set(tag, end)
  }
}

const contentAs = (commit: Commit, session: SessionId, layout: DocumentRules['layout']): string =>
  commit.document.id === session ? commit.content : contentOf(documentOf(commit, session), layout)
