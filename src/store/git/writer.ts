/** Saves and appends in git: what becomes a commit, on top of what, and when none is made. */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import type { CheckpointFacts } from '../../checkpoints/commits/facts.ts'
import { checkpointFacts } from '../../checkpoints/commits/facts.ts'
import type { CommitInfo, History } from '../../checkpoints/commits/history.ts'
import { commitsUnchanged, comparedWith, seqOn } from '../../checkpoints/commits/lineage.ts'
import type { Edits, Writing } from '../../checkpoints/writing.ts'
import { ConflictError, NotFoundError } from '../../errors.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import type { BranchName, CommitId, SessionId } from '../../ids.ts'
import { deepCopy, type JsonObject, without } from '../../json-value.ts'
import {
  type AdditionPlan,
  idOf,
  isEmptyPlan,
  type ParsedAddition,
  planAddition,
  touch,
} from '../addition/plan.ts'
import { type Changes, changesOfPlan, isUnchanged } from '../changes.ts'
import { checkAddition, type DocumentRules } from '../document.ts'
import type { WriteRequest } from '../options/write-options.ts'
import { decideAppendParent, decideParent, type Position, unseenReplacement } from '../positions.ts'
import { defaultSubject } from '../subject.ts'
import { GitChanges } from './changes.ts'
import { type EncodedFiles, editsTo } from './encoding.ts'
import { GitLine } from './line.ts'
import { isContentOf, isResultOf } from './repeats.ts'

export interface Write {
  session: SessionId
  options: WriteRequest
  /** The caller's position, asked for when it is the save's turn. */
  known(): Position | undefined
  /** Called as soon as the save counts, before the next one of the branch has its turn. */
  landed?(saved: Saved): void
}

export interface Saved {
  commit: CommitInfo
  branch: BranchName
  /** What an append changed in the state; `undefined` when it made no checkpoint. */
  plan?: AdditionPlan
}

/** What is new in a checkpoint. */
interface Made {
  edits: Edits
  changes: Changes
  /** The top-level values after the change. */
  fields: JsonObject
}

/** A write under its locks. */
interface Turn {
  options: WriteRequest
  known: Position | undefined
  writing: Writing
}

const LINES = 256

export class GitWriter {
  readonly #checkpoints: Checkpoints
  readonly #history: History
  readonly #rules: DocumentRules
  readonly #changes: GitChanges
  readonly #lines = new Map<string, { tip: CommitId; line: GitLine }>()
  /** Lines whose fields fit the schema. */
  readonly #checked = new WeakSet<GitLine>()

  constructor(checkpoints: Checkpoints, rules: DocumentRules) {
    this.#checkpoints = checkpoints
    this.#history = checkpoints.history
    this.#rules = rules
    this.#changes = new GitChanges(checkpoints.objects, rules)
  }

  /** @param files all files of `document`, which must not change any more */
  save(write: Write, document: JsonObject, files: EncodedFiles): Promise<Saved> {
    return this.#write(write, async (turn) => {
      const { writing, options } = turn
      const made = await writing.madeWith(options.key)
      if (made !== undefined) {
        const fields = without(document, new Set(this.#rules.collections))
        if (!(await isContentOf(this.#parts, made, writing.session, { fields, files })))
          throw usedKey(turn, made)
        return this.#end(writing, made)
      }
      const parent = await this.#parent(turn, decideParent)
      const edits = await editsTo(this.#objects, parent?.tree, files)
      const ownChanges = await this.#changes.ofFiles(writing.session, parent, document, edits)
      if (isUnchanged(ownChanges) && !commitsUnchanged(parent, options)) return this.#end(writing, parent!)
      const base = await this.#comparedWith(parent, options.kind)
      const changes =
        base === parent
          ? ownChanges
          : await this.#changes.ofFiles(
              writing.session,
              base,
              document,
              await editsTo(this.#objects, base?.tree, files),
            )
      return this.#commit(turn, parent, { edits, changes, fields: document })
    })
  }

  append(write: Write, addition: ParsedAddition): Promise<Saved> {
    return this.#write(write, async (turn) => {
      const { writing, options, known } = turn
      const { session, ref } = writing
      if (writing.isNew) throw new NotFoundError({ kind: 'session', id: session })
      const made = await writing.madeWith(options.key)
      if (made !== undefined) {
        if (!(await this.#isResultOf(made, session, addition))) throw usedKey(turn, made)
        return this.#end(writing, made)
      }
      const parent = (await this.#parent(turn, decideAppendParent))!
      const line = await this.#lineAt(writing, parent)
      await line.prepare(addition)
      const plan = this.#plan(line, addition)
      const replaced = plan.items.find(({ replaces }) => replaces)
      if (replaced !== undefined && options.expected === undefined && known === undefined) {
        const at = { session, branch: writing.branch as BranchName, tip: writing.tip?.id }
        throw unseenReplacement(at, { collection: replaced.collection, id: idOf(replaced.item) })
      }
      if (isEmptyPlan(plan) && !commitsUnchanged(parent, options)) return this.#end(writing, parent)
      const at = new Date(options.at ?? Math.floor(this.#rules.now())).toISOString()
      const whole = this.#rules.type === 'session' ? touch(plan, at) : plan
      const { edits, fields, advance } = await line.change(whole)
      const base = await this.#comparedWith(parent, options.kind)
      const changes =
        base === parent
          ? changesOfPlan(whole, line, this.#rules.collections)
          : await this.#changes.ofTurn(session, base, parent, whole, fields, edits)
      const fieldsKnown =
        this.#checked.has(line) && Object.keys(plan.set).length === 0 && plan.unset.length === 0
      await checkAddition(fields, whole, this.#rules, fieldsKnown)
      this.#checked.add(line)
      const saved = await this.#commit(turn, parent, { edits, changes, fields })
      writing.onPlaced(() => {
        advance(saved.commit.tree)
        this.#keepLine(ref, saved.commit.id, line)
      })
      return { ...saved, plan: whole }
    })
  }

  /** Runs `work` when it is the write's turn. */
  #write(write: Write, work: (turn: Turn) => Promise<Saved>): Promise<Saved> {
    const { session, options } = write
    return this.#checkpoints.write({
      session,
      onto: { branch: options.branch },
      tag: options.tag,
      decide: async (writing) => {
        const saved = await work({ options, known: write.known(), writing })
        writing.onPlaced(() => write.landed?.(saved))
        return saved
      },
    })
  }

  get #objects(): ObjectStore {
    return this.#checkpoints.objects
  }

  get #parts() {
    return { objects: this.#objects, changes: this.#changes }
  }

  async #parent(
    { writing, options, known }: Turn,
    decide: (request: Parameters<typeof decideParent>[0]) => CommitId | undefined,
  ): Promise<CommitInfo | undefined> {
    const { session, tip } = writing
    const stands = tip !== undefined || known?.session !== session || (await writing.stands(known.checkpoint))
    const branch = writing.branch as BranchName
    const parent = decide({ session, branch, tip: tip?.id, known, stands, expected: options.expected })
    return parent === undefined ? undefined : this.#history.info(parent)
  }

  async #commit({ writing, options }: Turn, parent: CommitInfo | undefined, made: Made): Promise<Saved> {
    const { edits, changes, fields } = made
    const { kind, key, author, at, body, trailers } = options
    const subject = options.subject ?? defaultSubject({ kind, seq: seqOn(parent) }, changes, fields)
    const facts: CheckpointFacts = { ...checkpointFacts(changes, fields), ...(key !== undefined && { key }) }
    const commit = await writing.commit({
      parent,
      files: edits,
      kind,
      subject,
      body,
      at,
      author: author ?? this.#rules.author,
      trailers,
      ...facts,
    })
    return { commit, branch: writing.branch as BranchName }
  }

  #end(writing: Writing, commit: CommitInfo): Saved {
    writing.endAt(commit)
    return { commit, branch: writing.branch as BranchName }
  }

  /** What a checkpoint is compared with to tell what it added: a turn that had steps with the turn before. */
  async #comparedWith(parent: CommitInfo | undefined, kind: string): Promise<CommitInfo | undefined> {
    if (parent === undefined || parent.kind !== 'step' || kind === 'step') return parent
    const id = comparedWith(parent, kind, await this.#history.turnParent(parent.id))
    return id === undefined ? undefined : this.#history.info(id)
  }

  async #isResultOf(made: CommitInfo, session: SessionId, addition: ParsedAddition): Promise<boolean> {
    const base = made.parents.at(-1)
    if (base === undefined) return false
    const { tree } = await this.#history.info(base)
    const line = await GitLine.load(this.#objects, tree, this.#rules.layout, session)
    await line.prepare(addition)
    return isResultOf(this.#parts, made, session, {
      base: tree,
      line,
      plan: () => this.#plan(line, addition),
    })
  }

  #plan(line: GitLine, addition: ParsedAddition): AdditionPlan {
    const plan = planAddition(addition, line, this.#rules.redact)
    return this.#rules.redact === undefined ? plan : deepCopy(plan)
  }

  async #lineAt({ ref, session }: Writing, { id, tree }: CommitInfo): Promise<GitLine> {
    const kept = this.#lines.get(ref)
    if (kept?.tip === id) return kept.line
    const line = await GitLine.load(this.#objects, tree, this.#rules.layout, session)
    this.#keepLine(ref, id, line)
    return line
  }

  #keepLine(ref: string, tip: CommitId, line: GitLine): void {
    this.#lines.delete(ref)
    if (this.#lines.size >= LINES) this.#lines.delete(this.#lines.keys().next().value!)
    this.#lines.set(ref, { tip, line })
  }
}

function usedKey({ writing, options: { key } }: Turn, made: CommitInfo): ConflictError {
  const { session, branch, tip } = writing
  return new ConflictError(
    { session, branch, expected: made.id, actual: tip?.id ?? null },
    `The key '${key}' already made checkpoint ${made.id.slice(0, 10)}… of session '${session}', with other content. Use a new key for new content.`,
  )
}
