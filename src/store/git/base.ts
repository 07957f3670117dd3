/** What a write in git is decided on: the branch, its tip, and states as files. */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import type { Edits, Writing } from '../../checkpoints/writing.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import type { BranchName, CommitId, SessionId } from '../../ids.ts'
import { type JsonObject, without } from '../../json-value.ts'
import type { AdditionPlan, FoundItem, ParsedAddition } from '../addition/plan.ts'
import type { Base, Content, NewCheckpoint, Tail } from '../backend.ts'
import { type Changes, changesOfPlan, isUnchanged } from '../changes.ts'
import type { DocumentRules } from '../document.ts'
import { GitChanges } from './changes.ts'
import { type EncodedFiles, editsTo } from './encoding.ts'
import { GitLine } from './line.ts'
import { isResultOf } from './repeats.ts'

const TAILS = 256

/** A state in git: what it changes in the files of a checkpoint. */
interface GitContent extends Content<CommitInfo> {
  edits(since: CommitInfo | undefined): Promise<Edits> | Edits
  /** Called once its checkpoint, with this tree, is in place. */
  placed?(ref: string, commit: CommitInfo): void
}

/** States and lines in git, and what is remembered of them. */
export class GitStates {
  readonly checkpoints: Checkpoints
  readonly #rules: DocumentRules
  readonly #changes: GitChanges
  /** By ref, where the branch ends. */
  readonly #tails = new Map<string, GitTail>()

  constructor(checkpoints: Checkpoints, rules: DocumentRules) {
    this.checkpoints = checkpoints
    this.#rules = rules
    this.#changes = new GitChanges(checkpoints.objects, rules)
  }

  /** @param files all files of `document`, which must not change any more */
  content(document: JsonObject, files: EncodedFiles): GitContent {
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

  /** The state at a commit, to be added to. Where the branch ends there, what was read of it is remembered. */
  async tail(at: CommitInfo, session: SessionId, { ref, tip }: Writing): Promise<Tail<CommitInfo>> {
    const kept = this.#tails.get(ref)
    if (kept?.at.id === at.id) return kept
    const line = await GitLine.load(this.checkpoints.objects, at.tree, this.#rules.layout, session)
    const tail = new GitTail(line, at, {
      ofPlan: (plan) => changesOfPlan(plan, line, this.#rules.collections),
      changes: this.#changes,
      objects: this.checkpoints.objects,
      keep: (to) => this.#keep(to, tail),
    })
    if (tip?.id === at.id) this.#keep(ref, tail)
    return tail
  }

  #keep(ref: string, tail: GitTail): void {
    this.#tails.delete(ref)
    if (this.#tails.size >= TAILS) this.#tails.delete(this.#tails.keys().next().value!)
    this.#tails.set(ref, tail)
  }
}

interface TailOwner {
  ofPlan(plan: AdditionPlan): Changes
  changes: GitChanges
  objects: ObjectStore
  /** Remembers it as the one of the ref. */
  keep(ref: string): void
}

class GitTail implements Tail<CommitInfo> {
  readonly #line: GitLine
  readonly #owner: TailOwner
  #at: CommitInfo

  constructor(line: GitLine, at: CommitInfo, owner: TailOwner) {
    this.#line = line
    this.#at = at
    this.#owner = owner
  }

  get at(): CommitInfo {
    return this.#at
  }

  get fields(): JsonObject {
    return this.#line.fields
  }

  count(collection: string): number {
    return this.#line.count(collection)
  }

  find(collection: string, id: string): FoundItem | undefined {
    return this.#line.find(collection, id)
  }

  prepare(addition: ParsedAddition): Promise<void> {
    return this.#line.prepare(addition)
  }

  async change(plan: AdditionPlan): Promise<GitContent> {
    const at = this.#at
    const { ofPlan, changes, objects, keep } = this.#owner
    const { edits, fields, advance } = await this.#line.change(plan)
    return {
      fields,
      edits: () => edits,
      changes: (session, since) =>
        since?.id === at.id ? ofPlan(plan) : changes.ofTurn(session, since, at, plan, fields, edits),
      isIn: (session, made) =>
        isResultOf({ objects, changes }, made, session, { base: at.tree, edits, fields }),
      placed: (ref, commit) => {
        advance(commit.tree)
        this.#at = commit
        keep(ref)
      },
    }
  }
}

export class GitBase implements Base<CommitInfo> {
  readonly session: SessionId
  readonly branch: BranchName
  readonly isNew: boolean
  readonly tip: CommitInfo | undefined
  readonly #states: GitStates
  readonly #writing: Writing

  constructor(states: GitStates, writing: Writing) {
    this.#states = states
    this.#writing = writing
    this.session = writing.session
    this.branch = writing.branch as BranchName
    this.isNew = writing.isNew
    this.tip = writing.tip
  }

  madeWith(key: string): Promise<CommitInfo | undefined> {
    return this.#writing.madeWith(key)
  }

  stands(id: CommitId): Promise<boolean> {
    return this.#writing.stands(id)
  }

  find(id: CommitId): Promise<CommitInfo> {
    return this.#history.info(id)
  }

  async turnBefore({ id }: CommitInfo): Promise<CommitInfo | undefined> {
    const before = await this.#history.turnParent(id)
    return before === undefined ? undefined : this.#history.info(before)
  }

  tail(at: CommitInfo): Promise<Tail<CommitInfo>> {
    return this.#states.tail(at, this.session, this.#writing)
  }

  async add({ content, changes: _, facts, ...rest }: NewCheckpoint<CommitInfo>): Promise<CommitInfo> {
    const { edits, placed } = content as GitContent
    const commit = await this.#writing.commit({ ...rest, ...facts, files: await edits(rest.parent) })
    this.#writing.onPlaced(() => placed?.(this.#writing.ref, commit))
    return commit
  }

  endAt(commit: CommitInfo): void {
    this.#writing.endAt(commit)
  }

  get #history() {
    return this.#states.checkpoints.history
  }
}
