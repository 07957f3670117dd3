/** Saves, appends and forks in memory: what becomes a checkpoint, on top of what, and when none is made. */

import { checkpointFacts } from '../../checkpoints/commits/facts.ts'
import { commitsUnchanged, seqOfFork } from '../../checkpoints/commits/lineage.ts'
import { forkSubject, oneLine } from '../../checkpoints/commits/text.ts'
import { wrongType } from '../../checkpoints/wrong-type.ts'
import { AlreadyExistsError, ConflictError, InvalidStateError } from '../../errors.ts'
import { type BranchName, type CommitId, MAIN, type SessionId } from '../../ids.ts'
import { deepCopy, type JsonObject, without } from '../../json-value.ts'
import {
  applyPlan,
  existingIn,
  idOf,
  isEmptyPlan,
  type ParsedAddition,
  planAddition,
  touch,
} from '../addition/plan.ts'
import { changesBetween } from '../changes.ts'
import { checkAddition, type DocumentRules } from '../document.ts'
import type { WriteRequest } from '../options/write-options.ts'
import { decideAppendParent, decideParent, type Position, unseenReplacement } from '../positions.ts'
import type { Author, Checkpoint } from '../session-store.ts'
import { defaultSubject } from '../subject.ts'
import { type Commit, contentOf, type Line, type MemoryHistory, shareItems } from './history.ts'

/** How many checkpoints of a branch are looked at for a key. */
const KEYS_LOOKED_AT = 1000

export interface Write {
  session: SessionId
  options: WriteRequest
  /** The caller's position, if it is known. */
  known: Position | undefined
}

export interface WriteResult {
  commit: Commit
  branch: BranchName
}

/** Where a write goes: the branch, and what is there. */
interface Target extends Write {
  line: Line | undefined
  branch: BranchName
  tip: CommitId | undefined
}

/** Its calls have to go one after another. */
export class MemoryWriter {
  readonly #history: MemoryHistory
  readonly #rules: DocumentRules

  constructor(history: MemoryHistory, rules: DocumentRules) {
    this.#history = history
    this.#rules = rules
  }

  /** @param document is kept as it is, and must never be changed */
  save(write: Write, document: JsonObject): WriteResult {
    const target = this.#target(write)
    const made = this.#madeWithKey(target)
    if (made !== undefined) {
      if (this.#contentAs(made, write.session) !== this.#contentOf(document)) throw usedKey(target, made)
      return this.#settle(target, made)
    }
    const parent = decideParent({ ...this.#request(target), stands: this.#stands(target) })
    return this.#commit(target, parent, document)
  }

  /** @param addition is kept as it is, and must never be changed */
  async append(write: Write, addition: ParsedAddition): Promise<WriteResult> {
    this.#history.session(write.session)
    const target = this.#target(write)
    const made = this.#madeWithKey(target)
    if (made !== undefined) {
      if (!this.#isResultOf(target, made, addition)) throw usedKey(target, made)
      return this.#settle(target, made)
    }
    const parent = decideAppendParent({ ...this.#request(target), stands: this.#stands(target) })
    const before = documentOf(this.#history.commit(parent), write.session)
    const plan = this.#plan(before, addition)
    const replaced = plan.items.find(({ replaces }) => replaces)
    if (replaced !== undefined && write.options.expected === undefined && write.known === undefined) {
      throw unseenReplacement(target, { collection: replaced.collection, id: idOf(replaced.item) })
    }
    if (isEmptyPlan(plan) && !this.#commitsUnchanged(target, parent)) {
      return this.#settle(target, this.#history.commit(parent))
    }
    const at = new Date(this.#time(write.options.at)).toISOString()
    const after = applyPlan(before, this.#rules.type === 'session' ? touch(plan, at) : plan)
    await checkAddition(without(after, new Set(this.#rules.collections)), plan, this.#rules)
    return this.#commit(target, parent, after)
  }

  /** Throws AlreadyExistsError when the target exists. */
  fork(
    source: Commit,
    from: SessionId,
    to: { session: SessionId; branch: BranchName; subject: string | undefined; author: Author | undefined },
  ): Commit {
    const { session, branch, subject = '', author = this.#rules.author } = to
    if (this.#history.sessions.has(session)) throw new AlreadyExistsError({ kind: 'session', id: session })
    const origin = this.#history.session(from)
    const parent = { session: from as string, checkpoint: source.id as string }
    const document: JsonObject = { ...source.document, id: session, parent }
    const time = this.#time(undefined)
    const commit = this.#history.add({
      parents: [source.id],
      time,
      document,
      content: contentOf(document, origin.layout),
      checkpoint: {
        session,
        branch,
        parents: [source.id],
        createdAt: new Date(time).toISOString(),
        subject: oneLine(subject) || forkSubject(from, source.id),
        body: '',
        kind: 'fork',
        seq: seqOfFork({ ...source.checkpoint, id: source.id }),
        ...checkpointFacts({ added: [], from: 0, run: undefined }, document),
        forkedFrom: parent,
        author,
      },
    })
    this.#history.sessions.set(session, {
      ...origin,
      branches: new Map([[branch, commit.id]]),
      tags: new Map(),
      active: branch,
    })
    return commit
  }

  #target(write: Write): Target {
    const line = this.#history.sessions.get(write.session)
    if (line !== undefined && line.type !== this.#rules.type) {
      throw wrongType(write.session, line.type, this.#rules.type)
    }
    const branch = write.options.branch ?? line?.active ?? MAIN
    return { ...write, line, branch, tip: line?.branches.get(branch) }
  }

  #request({ session, branch, tip, known, options }: Target) {
    return { session, branch, tip, known, expected: options.expected }
  }

  #stands({ session, known, line }: Target): boolean {
    if (known === undefined || known.session !== session) return true
    return line !== undefined && this.#history.reachable([line]).has(known.checkpoint)
  }

  #madeWithKey({ options: { key }, tip }: Target): Commit | undefined {
    if (key === undefined || tip === undefined) return undefined
    let looked = 0
    for (const commit of this.#history.line(tip)) {
      if (commit.checkpoint.key === key) return commit
      if (++looked === KEYS_LOOKED_AT) return undefined
    }
    return undefined
  }

  /** Whether the addition, put on what the checkpoint was put on, gives the checkpoint. */
  #isResultOf({ session }: Target, made: Commit, addition: ParsedAddition): boolean {
    const base = made.parents.at(-1)
    if (base === undefined) return false
    const before = documentOf(this.#history.commit(base), session)
    try {
      const after = applyPlan(before, this.#plan(before, addition))
      return this.#contentOf(after) === this.#contentAs(made, session)
    } catch (error) {
      if (error instanceof InvalidStateError) return false
      throw error
    }
  }

  #plan(before: JsonObject, addition: ParsedAddition) {
    const { collections, redact } = this.#rules
    const plan = planAddition(addition, existingIn(before, collections), redact)
    return redact === undefined ? plan : deepCopy(plan)
  }

  #commit(target: Target, parent: CommitId | undefined, given: JsonObject): WriteResult {
    const { session, branch, options, line } = target
    const { collections, layout } = this.#rules
    const tip = parent === undefined ? undefined : this.#history.commit(parent)
    const content = this.#contentOf(given)
    const isSame = tip !== undefined && this.#contentAs(tip, session) === content
    if (isSame && !this.#commitsUnchanged(target, parent)) return this.#settle(target, tip)
    if (options.tag !== undefined && line?.tags.has(options.tag) === true) {
      throw new AlreadyExistsError({ kind: 'tag', id: options.tag, session })
    }

    const document = tip === undefined ? given : shareItems(given, tip.document, layout)
    const { parents, seq, comparedWith } = this.#history.placeOn(tip, options.kind)
    const before =
      comparedWith === undefined ? undefined : documentOf(this.#history.commit(comparedWith), session)
    const changes = changesBetween(before, document, collections)
    const time = this.#time(options.at)
    const commit = this.#history.add({
      parents,
      time,
      document,
      content,
      checkpoint: {
        session,
        branch,
        parents,
        createdAt: new Date(time).toISOString(),
        subject: options.subject ?? defaultSubject({ kind: options.kind, seq }, changes, document),
        body: options.body,
        kind: options.kind,
        seq,
        ...checkpointFacts(changes, document),
        ...(options.key !== undefined && { key: options.key }),
        author: options.author ?? this.#rules.author,
      },
    })
    return this.#settle(target, commit, true)
  }

  /** Sets the tag, and starts the branch there if there is none; with `moves` it goes there in any case. */
  #settle(target: Target, commit: Commit, moves = false): WriteResult {
    const { session, branch, line: known, tip } = target
    const { tag } = target.options
    const line = known ?? {
      type: this.#rules.type,
      layout: this.#rules.layout,
      branches: new Map(),
      tags: new Map(),
      active: branch,
    }
    const tagged = tag === undefined ? undefined : line.tags.get(tag)
    if (tag !== undefined && tagged !== undefined && tagged !== commit.id) {
      throw new AlreadyExistsError({ kind: 'tag', id: tag, session })
    }
    this.#history.sessions.set(session, line)
    if (moves || tip === undefined) line.branches.set(branch, commit.id)
    if (tag !== undefined) line.tags.set(tag, commit.id)
    return { commit, branch }
  }

  #commitsUnchanged({ options }: Target, parent: CommitId | undefined): boolean {
    const tip = parent === undefined ? undefined : this.#history.commit(parent)
    return commitsUnchanged(tip && { ...tip.checkpoint, id: tip.id }, options)
  }

  #time(at: number | undefined): number {
    return at ?? Math.floor(this.#rules.now())
  }

  #contentOf(document: JsonObject): string {
    return contentOf(document, this.#rules.layout)
  }

  #contentAs(commit: Commit, session: SessionId): string {
    return commit.document.id === session ? commit.content : this.#contentOf(documentOf(commit, session))
  }
}

/** The checkpoint as the session shows it, also when it was made in another that this one was forked from. */
export const checkpointOf = (commit: Commit, session: SessionId): Checkpoint =>
  deepCopy({ ...commit.checkpoint, id: commit.id, session })

/** The document as the session shows it. */
export const documentOf = (commit: Commit, session: SessionId): JsonObject =>
  commit.document.id === session ? commit.document : { ...commit.document, id: session }

function usedKey({ session, branch, tip, options: { key } }: Target, made: Commit): ConflictError {
  return new ConflictError(
    { session, branch, expected: made.id, actual: tip ?? null },
    `The key '${key}' already made checkpoint ${made.id.slice(0, 10)}… of session '${session}', with other content. Use a new key for new content.`,
  )
}
