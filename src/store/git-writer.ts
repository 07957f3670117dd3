/** Saves and appends in git: what becomes a commit, on top of what, and when none is made. */
import { AlreadyExistsError, ConflictError, NotFoundError } from '../errors.ts'
import type { Change, Plan } from '../git/group-commit.ts'
import type { NewObject } from '../git/object.ts'
import type { ObjectStore } from '../git/object-store.ts'
import { PURGE_LOCK } from '../git/purge.ts'
import type { Repository } from '../git/repository.ts'
import { editTree } from '../git/tree-edit.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  type CommitId,
  isSameName,
  MAIN,
  type SessionId,
  tagRef,
} from '../ids.ts'
import {
  type AdditionPlan,
  idOf,
  isEmptyPlan,
  type ParsedAddition,
  planAddition,
  touch,
} from './addition-plan.ts'
import { type Changes, changesOfPlan, checkpointFacts, isUnchanged } from './changes.ts'
import { checkAddition, type DocumentRules, wrongType } from './document.ts'
import { GitChanges } from './git-changes.ts'
import { newCommit } from './git-commit.ts'
import { type EncodedFiles, editsTo } from './git-encoding.ts'
import type { CommitInfo, GitHistory } from './git-history.ts'
import { GitKeys } from './git-keys.ts'
import { GitLine } from './git-line.ts'
import { isContentOf, isResultOf, isTakenBack } from './git-repeats.ts'
import { deepCopy, type JsonObject, without } from './json-value.ts'
import { commitsUnchanged, comparedWith, seqOn } from './lineage.ts'
import { decideAppendParent, decideParent, type Position, unseenReplacement } from './positions.ts'
import { defaultSubject } from './subject.ts'
import type { WriteRequest } from './write-options.ts'

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

/** Where a write goes: the branch, and what is there. */
interface Target {
  session: SessionId
  options: WriteRequest
  known: Position | undefined
  branch: BranchName
  ref: string
  tip: CommitId | undefined
  tagged: CommitId | undefined
  isNew: boolean
}

/** What is new in a checkpoint. */
interface Made {
  tree: string
  objects: readonly NewObject[]
  changes: Changes
  /** The top-level values after the change. */
  fields: JsonObject
}

const LINES = 256

export class GitWriter {
  readonly #repository: Repository
  readonly #history: GitHistory
  readonly #rules: DocumentRules
  readonly #keys: GitKeys
  readonly #changes: GitChanges
  readonly #lines = new Map<string, { tip: CommitId; line: GitLine }>()
  /** Lines whose fields fit the schema. */
  readonly #checked = new WeakSet<GitLine>()

  constructor(repository: Repository, history: GitHistory, rules: DocumentRules) {
    this.#repository = repository
    this.#history = history
    this.#rules = rules
    this.#keys = new GitKeys(history)
    this.#changes = new GitChanges(repository.objects, rules)
  }

  /** @param files all files of `document`, which must not change any more */
  save(write: Write, document: JsonObject, files: EncodedFiles): Promise<Saved> {
    return this.#change(write, async (target) => {
      await this.#checkType(target)
      const made = await this.#madeWithKey(target)
      if (made !== undefined) {
        const fields = without(document, new Set(this.#rules.collections))
        if (!(await isContentOf(this.#parts, made, target.session, { fields, files })))
          throw usedKey(target, made)
        return this.#settle(target, made)
      }
      const parent = await this.#parent(target, decideParent)
      const edits = await editsTo(this.#objects, parent?.tree, files)
      const ownChanges = await this.#changes.ofFiles(target.session, parent, document, edits)
      if (isUnchanged(ownChanges) && !commitsUnchanged(parent, target.options))
        return this.#settle(target, parent!)
      const base = await this.#comparedWith(parent, target.options.kind)
      const changes =
        base === parent
          ? ownChanges
          : await this.#changes.ofFiles(
              target.session,
              base,
              document,
              await editsTo(this.#objects, base?.tree, files),
            )
      const { tree, objects } = await editTree(this.#objects, parent?.tree, edits)
      return this.#commit(target, parent, { tree, objects, changes, fields: document })
    })
  }

  append(write: Write, addition: ParsedAddition): Promise<Saved> {
    return this.#change(write, async (target) => {
      if (target.isNew) throw new NotFoundError({ kind: 'session', id: target.session })
      await this.#checkType(target)
      const made = await this.#madeWithKey(target)
      if (made !== undefined) {
        if (!(await this.#isResultOf(made, target.session, addition))) throw usedKey(target, made)
        return this.#settle(target, made)
      }
      const parent = (await this.#parent(target, decideAppendParent))!
      const line = await this.#lineAt(target, parent)
      await line.prepare(addition)
      const plan = this.#plan(line, addition)
      const replaced = plan.items.find(({ replaces }) => replaces)
      if (replaced !== undefined && target.options.expected === undefined && target.known === undefined) {
        throw unseenReplacement(target, { collection: replaced.collection, id: idOf(replaced.item) })
      }
      if (isEmptyPlan(plan) && !commitsUnchanged(parent, target.options)) return this.#settle(target, parent)
      const at = new Date(this.#time(target.options)).toISOString()
      const whole = this.#rules.type === 'session' ? touch(plan, at) : plan
      const { edits, fields, advance } = await line.change(whole)
      const base = await this.#comparedWith(parent, target.options.kind)
      const changes =
        base === parent
          ? changesOfPlan(whole, line, this.#rules.collections)
          : await this.#changes.ofTurn(target.session, base, parent, whole, fields, edits)
      const fieldsKnown =
        this.#checked.has(line) && Object.keys(plan.set).length === 0 && plan.unset.length === 0
      await checkAddition(fields, whole, this.#rules, fieldsKnown)
      this.#checked.add(line)
      const { tree, objects } = await editTree(this.#objects, parent.tree, edits)
      const result = await this.#commit(target, parent, { tree, objects, changes, fields })
      return {
        ...result,
        result: { ...result.result, plan: whole },
        placed: () => {
          result.placed?.()
          advance(tree)
          this.#keepLine(target.ref, result.result.commit.id, line)
        },
      }
    })
  }

  /** A line is only worth keeping while its branch exists. */
  forget(refs: Iterable<string>): void {
    for (const ref of refs) this.#lines.delete(ref)
  }

  /** Runs `work` under the locks of the branch and, if there is one, the tag. */
  async #change(write: Write, work: (target: Target) => Promise<Plan<Saved>>): Promise<Saved> {
    const { session, options } = write
    for (let round = 0; ; round++) {
      const { isNew, branch, ref, starts } = await this.#aim(session, options)
      const tag = options.tag === undefined ? undefined : tagRef(session, options.tag)
      const symbolic = isNew && branch !== MAIN ? [{ ref: activeRef(session), to: ref }] : []
      const change: Change<Saved | typeof AGAIN> = {
        refs: [
          ref,
          ...(tag === undefined ? [] : [tag]),
          ...(starts ? [PURGE_LOCK] : []),
          ...symbolic.map((move) => move.ref),
        ],
        prepare: async (current) => {
          const tip = current.get(ref) as CommitId | undefined
          if (tip === undefined && !starts) return { objects: [], moves: new Map(), result: AGAIN }
          const tagged = tag === undefined ? undefined : await this.#history.tagged(session, options.tag!)
          const target = {
            session,
            options,
            known: write.known(),
            branch,
            ref,
            tip,
            tagged,
            isNew: isNew && tip === undefined,
          }
          const plan = await work(target)
          const placed = () => {
            plan.placed?.()
            write.landed?.(plan.result)
          }
          return { ...plan, placed, ...(tip === undefined && plan.moves.has(ref) && { symbolic }) }
        },
      }
      const result = await this.#repository.change<Saved | typeof AGAIN>(change, ref)
      if (result !== AGAIN) return result
      this.#lines.delete(ref)
      if (round === 5)
        throw new ConflictError(
          { session, branch, actual: null },
          `The branch ${branch} of session '${session}' comes and goes. Try again.`,
        )
    }
  }

  /** Which branch is meant, and whether it, and the session, have to be made. Looked at again under the locks. */
  async #aim(session: SessionId, { branch: named }: WriteRequest) {
    const there = await this.#repository.open()
    const branch = named ?? (there ? this.#history.active(session) : MAIN)
    const ref = branchRef(session, branch)
    // A line that is kept belongs to a branch that was there a moment ago.
    const starts = !this.#lines.has(ref) && (!there || this.#history.head(session, branch) === undefined)
    return { branch, ref, starts, isNew: starts && (!there || !this.#history.exists(session)) }
  }

  get #objects(): ObjectStore {
    return this.#repository.objects
  }

  get #parts() {
    return { objects: this.#objects, changes: this.#changes }
  }

  async #checkType({ session, ref, tip, isNew }: Target): Promise<void> {
    if (isNew || (tip !== undefined && this.#lines.get(ref)?.tip === tip)) return
    const any = tip ?? this.#history.branches(session).values().next().value
    const type = any && (await this.#history.typeOf(any))
    if (type !== undefined && type !== this.#rules.type) throw wrongType(session, type, this.#rules.type)
  }

  async #parent(
    target: Target,
    decide: (request: Parameters<typeof decideParent>[0]) => CommitId | undefined,
  ): Promise<CommitInfo | undefined> {
    const { session, branch, known, tip, options } = target
    const stands =
      tip !== undefined ||
      known === undefined ||
      !isSameName(known.session, session) ||
      (await this.#history.has(session, known.checkpoint))
    const parent = decide({ session, branch, tip, known, stands, expected: options.expected })
    return parent === undefined ? undefined : this.#history.info(parent)
  }

  async #commit(target: Target, parent: CommitInfo | undefined, made: Made): Promise<Plan<Saved>> {
    const { session, branch, options, tagged } = target
    if (tagged !== undefined) throw new AlreadyExistsError({ kind: 'tag', id: options.tag!, session })
    const { changes, fields } = made
    const seq = seqOn(parent)
    const { commit, object } = newCommit({
      tree: made.tree,
      parents: await this.#history.parentsOn(parent, options.kind),
      time: this.#time(options),
      after: parent?.committed,
      author: options.author ?? this.#rules.author,
      type: this.#rules.type,
      checkpoint: {
        session,
        branch,
        subject: options.subject ?? defaultSubject({ kind: options.kind, seq }, changes, fields),
        body: options.body,
        kind: options.kind,
        seq,
        ...checkpointFacts(changes, fields),
        ...(options.key !== undefined && { key: options.key }),
      },
      trailers: options.trailers,
    })
    return this.#settle(target, commit, [...made.objects, object])
  }

  /** Moves the branch there unless it holds the checkpoint already, and sets the tag. */
  #settle(target: Target, commit: CommitInfo, objects: readonly NewObject[] = []): Plan<Saved> {
    const { session, branch, ref, tip, options, tagged } = target
    if (tagged !== undefined && tagged !== commit.id) {
      throw new AlreadyExistsError({ kind: 'tag', id: options.tag!, session })
    }
    const moves = new Map<string, string>()
    const advances = tip === undefined || commit.parents.includes(tip)
    if (advances) moves.set(ref, commit.id)
    if (options.tag !== undefined && tagged === undefined) moves.set(tagRef(session, options.tag), commit.id)
    return {
      objects,
      moves,
      result: { commit, branch },
      placed: () => {
        this.#history.learn(commit)
        if (advances) this.#keys.advance(ref, tip, commit.id, commit.key)
      },
    }
  }

  async #madeWithKey({ ref, tip, options: { key } }: Target): Promise<CommitInfo | undefined> {
    if (key === undefined || tip === undefined) return undefined
    const found = await this.#keys.find(ref, tip, key)
    if (found === undefined) return undefined
    const made = await this.#history.info(found.id)
    return found.disturbed && (await this.#isUndone(made, await this.#history.info(tip))) ? undefined : made
  }

  /** Whether another tool, such as `git revert`, has taken back what a checkpoint brought. */
  async #isUndone(made: CommitInfo, tip: CommitInfo): Promise<boolean> {
    const base = made.parents.at(-1)
    const before = base === undefined ? undefined : (await this.#history.info(base)).tree
    return isTakenBack(this.#objects, { before, made: made.tree, now: tip.tree })
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

  async #lineAt({ ref, session }: Target, { id, tree }: CommitInfo): Promise<GitLine> {
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

  #time({ at }: Pick<WriteRequest, 'at'>): number {
    return at ?? Math.floor(this.#rules.now())
  }
}

const AGAIN = Symbol('again')

function usedKey({ session, branch, tip, options: { key } }: Target, made: CommitInfo): ConflictError {
  return new ConflictError(
    { session, branch, expected: made.id, actual: tip ?? null },
    `The key '${key}' already made checkpoint ${made.id.slice(0, 10)}… of session '${session}', with other content. Use a new key for new content.`,
  )
}
