/** Saves and appends for every backend: decides what becomes a checkpoint, on which parent, and when none is made. */
import { authorOf } from '../checkpoints/commits/author.ts'
import { checkpointFacts } from '../checkpoints/commits/facts.ts'
import { commitsUnchanged, seqOn } from '../checkpoints/commits/lineage.ts'
import { ConflictError, InvalidStateError, NotFoundError } from '../errors.ts'
import type { BranchName, CommitId, SessionId } from '../ids.ts'
import { deepCopy, type JsonObject } from '../json-value.ts'
import { TimeSlice } from '../time-slice.ts'
import { CleanAddition, OtherPlaces } from './addition/clean-addition.ts'
import {
  type AdditionPlan,
  idOf,
  isEmptyPlan,
  type ParsedAddition,
  planAddition,
  touch,
} from './addition/plan.ts'
import type { Backend, Base, Content, Kept, Tail } from './backend.ts'
import { checkAddition, checkInParts, checkSchema, type DocumentRules } from './document.ts'
import type { WriteRequest } from './options/write-options.ts'
import { decideAppendParent, decideParent, type Position, unseenReplacement } from './positions.ts'
import { defaultBody, defaultSubject } from './subject.ts'

export interface Write<C> {
  session: SessionId
  options: WriteRequest
  /** Returns the caller's position; called when the write starts. */
  known(): Position | undefined
  /** Called as soon as the write has succeeded, before the next write of the branch starts. */
  landed?(saved: Saved<C>): void
}

export interface Saved<C> {
  commit: C
  branch: BranchName
  /** What an append changed in the state; `undefined` when it made no checkpoint. */
  plan?: AdditionPlan
}

/** One of several appends. The first one's `branch` and `expected` are those of all. */
export interface Append {
  options: WriteRequest
  addition: ParsedAddition
}

/** A write while its locks are held. */
interface Attempt<C extends Kept> {
  base: Base<C>
  options: WriteRequest
  known: Position | undefined
}

export class StoreWriter<C extends Kept> {
  readonly #backend: Backend<C>
  readonly #rules: DocumentRules
  /** Tails with fields that were checked against the schema. */
  readonly #checked = new WeakSet<Tail<C>>()

  constructor(backend: Backend<C>, rules: DocumentRules) {
    this.#backend = backend
    this.#rules = rules
  }

  async save(write: Write<C>, document: JsonObject): Promise<Saved<C>> {
    const content = await this.#prepare(document)
    return this.#write(write, async (attempt) => {
      const { base, options } = attempt
      const made = await madeWithKey(attempt)
      if (made !== undefined) {
        if (!(await content.isIn(base.session, made))) throw usedKey(attempt, made)
        return end(base, made)
      }
      const parent = await this.#parent(attempt, decideParent)
      if (
        parent !== undefined &&
        !commitsUnchanged(parent, options) &&
        (await content.isIn(base.session, parent))
      )
        return end(base, parent)
      return this.#add(attempt, parent, content)
    })
  }

  /** `redact` runs before the locks are taken, and again if the items then get other places. */
  async append(write: Write<C>, addition: ParsedAddition): Promise<Saved<C>> {
    const { redact } = this.#rules
    if (redact === undefined) return this.#append(write, addition)
    const clean = new CleanAddition(addition, redact)
    for (;;) {
      try {
        return await this.#append(write, clean)
      } catch (error) {
        if (!(error instanceof OtherPlaces)) throw error
        await clean.redact(error.places)
      }
    }
  }

  /**
   * Appends to the branch of the first, each on top of the one before: in one write, unless values are redacted, which
   * happens before the locks are taken.
   */
  async appendAll(session: SessionId, appends: readonly Append[]): Promise<Saved<C>[]> {
    const [{ options }] = appends as [Append]
    const saved: Saved<C>[] = []
    const inTurn = async (one: Append, write: (options: WriteRequest) => Promise<Saved<C>>) => {
      const expected = saved.at(-1)?.commit.id ?? options.expected
      saved.push(await write({ ...one.options, branch: options.branch, expected }))
    }
    const known = () => undefined
    if (this.#rules.redact !== undefined) {
      for (const one of appends)
        await inTurn(one, (options) => this.append({ session, options, known }, one.addition))
      return saved
    }
    return this.#write({ session, options, known }, async (attempt) => {
      saved.length = 0
      const slice = new TimeSlice()
      for (const one of appends) {
        await inTurn(one, (options) => this.#appendOn({ ...attempt, options }, one.addition))
        if (slice.isOver()) await slice.next()
      }
      return saved
    })
  }

  #append(write: Write<C>, addition: ParsedAddition | CleanAddition): Promise<Saved<C>> {
    return this.#write(write, (attempt) => this.#appendOn(attempt, addition))
  }

  async #appendOn(attempt: Attempt<C>, addition: ParsedAddition | CleanAddition): Promise<Saved<C>> {
    const { base, options, known } = attempt
    const { session, branch } = base
    if (base.isNew) throw new NotFoundError({ kind: 'session', id: session })
    const made = await madeWithKey(attempt)
    if (made !== undefined) {
      if (!(await this.#isResult(base, made, addition))) throw usedKey(attempt, made)
      return end(base, made)
    }
    const parent = (await this.#parent(attempt, decideAppendParent))!
    const tail = await base.tail(parent)
    const plan = await this.#plan(tail, addition)
    const replaced = plan.items.find(({ replaces }) => replaces)
    if (replaced !== undefined && options.expected === undefined && known === undefined) {
      const at = { session, branch, tip: base.tip?.id }
      throw unseenReplacement(at, { collection: replaced.collection, id: idOf(replaced.item) })
    }
    if (isEmptyPlan(plan) && !commitsUnchanged(parent, options)) return end(base, parent)
    const at = new Date(options.at ?? Math.floor(this.#rules.now())).toISOString()
    const whole = this.#rules.type === 'session' ? touch(plan, at) : plan
    const content = await tail.change(whole)
    const fieldsKnown =
      this.#checked.has(tail) && Object.keys(plan.set).length === 0 && plan.unset.length === 0
    await checkAddition(content.fields, whole, this.#rules, fieldsKnown)
    this.#checked.add(tail)
    return { ...(await this.#add(attempt, parent, content)), plan: whole }
  }

  async #prepare(document: JsonObject): Promise<Content<C>> {
    const { rest, item } = checkInParts(document, this.#rules)
    try {
      // Copied or encoded before anything is awaited, so that later changes by the caller are not part of this save.
      const [content] = await Promise.all([this.#backend.prepare(document, item), rest])
      return content
    } catch (error) {
      // Report all issues at once, those of the schema first.
      if (error instanceof InvalidStateError) await checkSchema(document, this.#rules)
      throw error
    }
  }

  #write<T>(
    { session, options, known, landed }: Omit<Write<C>, 'landed'> & { landed?(result: T): void },
    work: (attempt: Attempt<C>) => Promise<T>,
  ): Promise<T> {
    return this.#backend.write(
      { session, branch: options.branch, tag: options.tag, files: options.files },
      (base) => work({ base, options, known: known() }),
      (result) => landed?.(result),
    )
  }

  async #parent(
    { base, options, known }: Attempt<C>,
    decide: (request: Parameters<typeof decideParent>[0]) => CommitId | undefined,
  ): Promise<C | undefined> {
    const { session, branch, tip } = base
    const stands = tip !== undefined || known?.session !== session || (await base.stands(known.checkpoint))
    const parent = decide({ session, branch, tip: tip?.id, known, stands, expected: options.expected })
    if (parent === undefined) return undefined
    return parent === tip?.id ? tip : base.find(parent)
  }

  async #add({ base, options }: Attempt<C>, parent: C | undefined, content: Content<C>): Promise<Saved<C>> {
    const { kind, key, at, trailers } = options
    // A turn with steps is compared with the previous turn, so that its subject describes the whole turn.
    const endsSteps = parent?.kind === 'step' && kind !== 'step'
    const changes = await content.changes(base.session, endsSteps ? await base.turnBefore(parent) : parent)
    const subject = options.subject ?? defaultSubject({ kind, seq: seqOn(parent) }, changes, content.fields)
    const facts = { ...checkpointFacts(changes, content.fields), ...(key !== undefined && { key }) }
    const body = options.body ?? defaultBody(kind, changes.added)
    const author = authorOf(options.author ?? this.#rules.author, facts.model)
    const commit = await base.add({
      parent,
      content,
      changes,
      kind,
      subject,
      body,
      at,
      author,
      trailers,
      facts,
    })
    return { commit, branch: base.branch }
  }

  /** Whether the addition to the checkpoint's parent results in the checkpoint. */
  async #isResult(base: Base<C>, made: C, addition: ParsedAddition | CleanAddition): Promise<boolean> {
    const before = made.parents.at(-1)
    if (before === undefined) return false
    const tail = await base.tail(await base.find(before))
    try {
      const content = await tail.change(await this.#plan(tail, addition))
      return await content.isIn(base.session, made)
    } catch (error) {
      // An addition that is invalid on this parent cannot have made the checkpoint.
      if (error instanceof InvalidStateError) return false
      throw error
    }
  }

  async #plan(tail: Tail<C>, addition: ParsedAddition | CleanAddition): Promise<AdditionPlan> {
    if (!(addition instanceof CleanAddition)) {
      await tail.prepare?.(addition)
      return planAddition(addition, tail)
    }
    await tail.prepare?.(addition.given)
    const clean = addition.at(tail)
    await tail.prepare?.(clean)
    return deepCopy(planAddition(clean, tail))
  }
}

function end<C extends Kept>(base: Base<C>, commit: C): Saved<C> {
  base.endAt(commit)
  return { commit, branch: base.branch }
}

const madeWithKey = async <C extends Kept>({ base, options: { key } }: Attempt<C>): Promise<C | undefined> =>
  key === undefined ? undefined : base.madeWith?.(key)

function usedKey<C extends Kept>({ base, options: { key } }: Attempt<C>, made: C): ConflictError {
  const { session, branch, tip } = base
  return new ConflictError(
    { session, branch, expected: made.id, actual: tip?.id ?? null },
    `The key '${key}' already made checkpoint ${made.id.slice(0, 10)}… of session '${session}', with different content. Use a new key for new content.`,
  )
}
