/** The base of a write in git: the branch, its tip, and states as files. */

import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import { seqOn } from '../../checkpoints/commits/lineage.ts'
import { addFiles, FILES, type Snapshot } from '../../checkpoints/files-line.ts'
import type { Edits, Writing } from '../../checkpoints/writing.ts'
import { ForkpointError } from '../../errors.ts'
import type { AnyRepository } from '../../git/any-repository.ts'
import type { BranchName, CommitId, RefName, SessionId } from '../../ids.ts'
import { type JsonObject, without } from '../../json-value.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { AdditionPlan } from '../addition/plan.ts'
import type { Base, Content, ItemCheck, NewCheckpoint, Tail } from '../backend.ts'
import { type Changes, changesOfPlan, isUnchanged } from '../changes.ts'
import type { DocumentRules } from '../document.ts'
import { GitChanges } from './changes.ts'
import { type EncodedState, editsTo, encodeState } from './encoding.ts'
import { ItemMemory } from './item-memory.ts'
import { isResultOf } from './repeats.ts'
import { GitTail, type TailChange } from './tail.ts'

const TAILS = 256

/** A state in git, as changes to the files of a checkpoint. */
interface GitContent extends Content<CommitInfo> {
  edits(since: CommitInfo | undefined): Promise<Edits> | Edits
  /** Called when the write has made the checkpoint of this state: returns its tail. */
  made?(commit: CommitInfo): GitTail
}

/** Reads and encodes states in git, and remembers the tails of branches. */
export class GitStates {
  readonly checkpoints: Checkpoints<AnyRepository>
  readonly #rules: DocumentRules
  readonly #changes: GitChanges
  readonly #items = new ItemMemory()
  /** Tails of branches, by ref. */
  readonly #tails = new Map<RefName, GitTail>()

  constructor(checkpoints: Checkpoints<AnyRepository>, rules: DocumentRules) {
    this.checkpoints = checkpoints
    this.#rules = rules
    this.#changes = new GitChanges(checkpoints.objects, rules)
  }

  /** Encodes a whole document. Throws InvalidStateError, and what `check` throws. */
  async prepare(document: JsonObject, check: ItemCheck): Promise<GitContent> {
    return this.#content(document, await encodeState(document, this.#rules.layout, this.#items, check))
  }

  /** @param files all files of `document`, which must not change after this call */
  #content(document: JsonObject, files: EncodedState): GitContent {
    const seen = new Map<string | undefined, { edits: Edits; changes: Changes }>()
    const seenFrom = async (session: SessionId, since: CommitInfo | undefined) => {
      const known = seen.get(since?.id)
      if (known !== undefined) return known
      const edits = await editsTo(this.checkpoints.objects, since?.tree, files)
      const found = { edits, changes: await this.#changes.ofFiles(session, since, document, edits) }
      seen.set(since?.id, found)
      return found
    }
    return {
      fields: without(document, new Set(this.#rules.collections)),
      changes: async (session, since) => (await seenFrom(session, since)).changes,
      isIn: async (session, commit) => isUnchanged((await seenFrom(session, commit)).changes),
      edits: async (since) =>
        seen.get(since?.id)?.edits ?? editsTo(this.checkpoints.objects, since?.tree, files),
    }
  }

  /**
   * Returns the state at a commit, as the basis of an addition. If the commit is the branch's tip, the tail is
   * remembered.
   */
  async tail(at: CommitInfo, session: SessionId, { ref, tip, files }: Writing): Promise<GitTail> {
    const kept = this.#tails.get(ref)
    if (kept?.at.id === at.id) return kept
    const tail = await GitTail.load(files, at, session, {
      layout: this.#rules.layout,
      contentOf: (...change) => this.#added(...change),
    })
    if (tip?.id === at.id) this.keep(ref, tail)
    return tail
  }

  /** Remembers the tail of a branch, whose tip is stored. */
  keep(ref: RefName, tail: GitTail): void {
    tail.readFrom(this.checkpoints.objects)
    this.#tails.delete(ref)
    if (this.#tails.size >= TAILS) this.#tails.delete(this.#tails.keys().next().value!)
    this.#tails.set(ref, tail)
  }

  /** Forgets the tail of a branch, because it belongs to an unfinished write. */
  forget(ref: RefName): void {
    this.#tails.delete(ref)
  }

  #added(tail: GitTail, plan: AdditionPlan, { edits, fields, advance }: TailChange): GitContent {
    const { at } = tail
    const { objects } = tail
    const changes = new GitChanges(objects, this.#rules)
    return {
      fields,
      edits: () => edits,
      changes: (session, since) =>
        since?.id === at.id
          ? changesOfPlan(plan, tail, this.#rules.collections)
          : changes.ofTurn(session, since, at, plan, fields, edits),
      isIn: (session, made) =>
        isResultOf({ objects, changes }, made, session, { base: at.tree, edits, fields }),
      made: (commit) => {
        advance(commit)
        return tail
      },
    }
  }
}

/**
 * Thrown when the line has moved, so objects that the snapshot relies on may be missing. The snapshot is taken again.
 */
export class StaleSnapshot extends ForkpointError {
  constructor() {
    super('CONFLICT', 'Other processes keep changing the files of this branch. Try again.')
  }
}

export class GitBase implements Base<CommitInfo> {
  readonly session: SessionId
  readonly branch: BranchName
  readonly #states: GitStates
  readonly #writing: Writing
  readonly #snapshot: Snapshot | undefined
  /** The tail of the last checkpoint that this write has made. */
  #tail: GitTail | undefined

  /** @param snapshot the workspace files to save with the checkpoint */
  constructor(states: GitStates, writing: Writing, snapshot: Snapshot | undefined) {
    this.#snapshot = snapshot
    this.#states = states
    this.#writing = writing
    this.session = writing.session
    this.branch = writing.branch as BranchName
  }

  get isNew(): boolean {
    return this.#writing.isNew && !this.#writing.goesOn
  }

  get tip(): CommitInfo | undefined {
    return this.#writing.end
  }

  madeWith(key: string): Promise<CommitInfo | undefined> {
    return this.#writing.madeWith(key)
  }

  stands(id: CommitId): Promise<boolean> {
    return this.#writing.stands(id)
  }

  find(id: CommitId): Promise<CommitInfo> {
    return this.#writing.find(id)
  }

  async turnBefore(commit: CommitInfo): Promise<CommitInfo | undefined> {
    const before = await this.#writing.turnParent(commit)
    return before === undefined ? undefined : this.#writing.find(before)
  }

  async tail(at: CommitInfo): Promise<Tail<CommitInfo>> {
    if (this.#tail?.at.id === at.id) return this.#tail
    return this.#states.tail(at, this.session, this.#writing)
  }

  async add({ content, changes: _, facts, ...rest }: NewCheckpoint<CommitInfo>): Promise<CommitInfo> {
    const { edits, made: advanced } = content as GitContent
    await this.#pause()
    const trailers = { ...rest.trailers, ...(await this.#files(rest)) }
    await this.#pause()
    const made = { ...rest, ...facts, trailers, files: await edits(rest.parent) }
    const commit = await this.#writing.commit(made)
    await this.#pause()
    const tail = advanced?.(commit)
    if (tail !== undefined) this.#goOn(tail)
    return commit
  }

  /**
   * Gives each step of a write with a snapshot a turn of the event loop of its own. Code that runs for the first time
   * takes several times as long, and the first snapshot is often the first write of a process.
   */
  async #pause(): Promise<void> {
    if (this.#snapshot === undefined) return
    const slice = new TimeSlice(1)
    if (slice.isOver()) await slice.next()
  }

  /** Continues on a tail, which is remembered once the write is stored. */
  #goOn(tail: GitTail): void {
    const { ref, files } = this.#writing
    tail.readFrom(files)
    this.#tail = tail
    this.#states.forget(ref)
    this.#writing.onPlaced(() => this.#states.keep(ref, tail))
  }

  /** Adds the snapshot to its line and returns the trailer that names it. */
  async #files({
    parent,
    subject,
    at,
    trailers,
  }: Omit<NewCheckpoint<CommitInfo>, 'content' | 'changes' | 'facts'>): Promise<Record<string, string>> {
    if (this.#snapshot === undefined) return {}
    const text = { subject, at, seq: seqOn(parent), trailers }
    const line = await addFiles(this.#history, this.#writing, this.#snapshot, text, parent)
    if (line === undefined) throw new StaleSnapshot()
    return { [FILES]: line.id }
  }

  endAt(commit: CommitInfo): void {
    this.#writing.endAt(commit)
  }

  get #history() {
    return this.#states.checkpoints.history
  }
}
