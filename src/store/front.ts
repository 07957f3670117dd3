/**
 * What all stores have in common: it parses arguments, holds positions and handles, applies schema and redaction, and
 * refuses what is not supported. A `Backend` does the rest: it keeps the checkpoints.
 */
import { Lifetime } from '../checkpoints/lifetime.ts'
import { NotFoundError, UnsupportedError } from '../errors.ts'
import {
  type BranchName,
  MAIN,
  parseBranchName,
  parseSessionId,
  parseTagName,
  type SessionId,
} from '../ids.ts'
import { deepCopy } from '../json-value.ts'
import { refuseSecrets } from '../redaction/names.ts'
import { isPromise } from '../redaction/redact.ts'
import type { Session } from '../state/index.ts'
import { copyAddition, parseAddition } from './addition/addition.ts'
import { applyPlan } from './addition/plan.ts'
import { type Backend, inOrder, type Kept, type Lines } from './backend.ts'
import { asDocument, asState, checkShape, type DocumentRules, redactDocument } from './document.ts'
import { checkSupported, mainOnly } from './main-only.ts'
import { parseAppends } from './options/appends.ts'
import { parseDeleteOptions } from './options/call-options.ts'
import { parseFork, parseWrite } from './options/said.ts'
import { parseCount } from './options/write-options.ts'
import { type Position, Positions } from './positions.ts'
import { StoreReader } from './reading/reader.ts'
import { createHandle, type Written } from './session-handle.ts'
import type {
  Addition,
  Branch,
  Checkpoint,
  ForkOptions,
  ListOptions,
  LoadOptions,
  LogOptions,
  MaintainOptions,
  MaintainReport,
  NextAddition,
  Place,
  SessionHandle,
  SessionStore,
  SessionSummary,
  StateDiff,
  StoredDocument,
  StoreStats,
  Supports,
  Tag,
  VerifyReport,
  WriteOptions,
} from './session-store.ts'
import { diffPlaces, parsePlaces } from './state-diff.ts'
import { checkListOptions, ofProject } from './summary.ts'
import { type Saved, StoreWriter } from './writer.ts'

export abstract class StoreFront<S extends StoredDocument = Session> implements SessionStore<S> {
  readonly supports: Supports
  readonly type: string
  readonly #backend: Backend
  readonly #lines: Lines<Kept>
  readonly #rules: DocumentRules
  readonly #reader: StoreReader<S>
  readonly #writer: StoreWriter<Kept>
  readonly #lifetime: Lifetime
  readonly #positions = new Positions()

  /** @internal */
  protected constructor(backend: Backend, rules: DocumentRules, lifetime = new Lifetime()) {
    this.#backend = backend
    this.#lines = backend.lines ?? mainOnly(backend)
    this.#rules = rules
    this.#lifetime = lifetime
    this.#reader = new StoreReader(this.#backend, this.#rules, this.#positions)
    this.#writer = new StoreWriter(this.#backend, this.#rules)
    this.supports = this.#backend.supports
    this.type = this.#rules.type
  }

  save(state: S, options?: WriteOptions): Promise<Checkpoint> {
    return this.#lifetime.use(async () => {
      const { commit, branch } = await this.#save(state, options, () => this.#positions.of(state))
      return this.#backend.present(commit, state.id as SessionId, branch)
    })
  }

  append(session: string, addition: Addition, options?: WriteOptions): Promise<Checkpoint> {
    return this.#lifetime.use(async () => {
      const { commit, branch, id } = await this.#append(session, addition, options)
      return this.#backend.present(commit, id, branch)
    })
  }

  appendAll(
    session: string,
    additions: readonly NextAddition[],
    on: Pick<WriteOptions, 'branch' | 'expected'> = {},
  ): Promise<Checkpoint[]> {
    return this.#lifetime.use(async () => {
      const appends = await parseAppends(additions, on, this.#rules)
      for (const { options } of appends) checkSupported(options, this.#backend)
      const id = await this.#backend.nameOf(parseSessionId(session))
      const saved = appends.length === 0 ? [] : await this.#writer.appendAll(id, appends)
      return saved.map(({ commit, branch }) => this.#backend.present(commit, id, branch))
    })
  }

  load(session: string, options: LoadOptions = {}): Promise<S | undefined> {
    return this.#lifetime.use(async () => {
      const given = parseSessionId(session)
      parseCount('last', options.last)
      const branch = options.branch === undefined ? undefined : parseBranchName(options.branch)
      if (this.#lacks(branch) && !(await this.#backend.exists(given))) return undefined
      this.#checkBranch(branch)
      return this.#reader.load(given, { branch, at: options.at }, options)
    })
  }

  open(session: string, options: { at?: string; branch?: string } = {}): Promise<SessionHandle<S>> {
    return this.#lifetime.use(async () => {
      const given = parseSessionId(session)
      const branch = options.branch === undefined ? undefined : parseBranchName(options.branch)
      this.#checkBranch(branch)
      const { id, found, position, state } = await this.#reader.open(given, { branch, at: options.at })
      return createHandle<S>(
        {
          save: (next, all, at) =>
            this.#lifetime.use(async () => this.#written(id, await this.#save(next, all, () => at))),
          append: (addition, all, at, before) =>
            this.#lifetime.use(async () =>
              this.#written(id, await this.#append(id, addition, all, at), before),
            ),
        },
        { checkpoint: this.#backend.present(found.commit, id, found.branch), state },
        position,
        found.branch,
      )
    })
  }

  resolve(session: string, revision: string): Promise<string> {
    return this.#lifetime.use(async () => (await this.#backend.resolve(parseSessionId(session), revision)).id)
  }

  checkpoint(session: string, revision = ''): Promise<Checkpoint> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      const commit = await this.#backend.resolve(id, revision)
      return this.#backend.present(commit, await this.#backend.nameOf(id))
    })
  }

  async *log(session: string, options: LogOptions = {}): AsyncGenerator<Checkpoint> {
    this.#lifetime.check()
    yield* this.#reader.log(parseSessionId(session), options)
  }

  branches(session: string): Promise<Branch[]> {
    return this.#lifetime.use(async () => {
      const { active, heads } = await this.#lines.branches(parseSessionId(session))
      return inOrder(heads).map(([name, head]) => ({ name, head, active: name === active }))
    })
  }

  tags(session: string): Promise<Tag[]> {
    return this.#lifetime.use(async () => {
      const tags = await this.#lines.tags(parseSessionId(session))
      return inOrder(tags).map(([name, checkpoint]) => ({ name, checkpoint }))
    })
  }

  switch(session: string, branch: string): Promise<void> {
    return this.#lifetime.use(async () => {
      const [id, name] = [parseSessionId(session), parseBranchName(branch)]
      this.#checkBranch(name)
      await refuseSecrets({ branch: name }, this.#rules.redact)
      await this.#lines.switch(id, name)
    })
  }

  fork(session: string, options: ForkOptions): Promise<Checkpoint> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      const { at, session: to, branch, ...rest } = await parseFork(options, this.#rules)
      this.#checkBranch(branch)
      if (to !== undefined) {
        const made = await this.#backend.fork(id, at, { session: to, branch: branch ?? MAIN, ...rest })
        return this.#backend.present(made, to)
      }
      const source = await this.#lines.newBranch(id, at, branch!)
      return this.#backend.present(source, await this.#backend.nameOf(id))
    })
  }

  tag(session: string, name: string, options: { at?: string } = {}): Promise<Tag> {
    return this.#lifetime.use(async () => {
      const [id, tag] = [parseSessionId(session), parseTagName(name)]
      await refuseSecrets({ tag }, this.#rules.redact)
      return { name: tag, checkpoint: await this.#lines.newTag(id, options.at ?? '', tag) }
    })
  }

  diff(from: Place | string, to: Place | string, revision?: string): Promise<StateDiff> {
    return this.#lifetime.use(async () => {
      const places = parsePlaces(from, to, revision)
      const found = await diffPlaces(this.#backend, this.#rules.collections, places)
      return { ...found, patch: () => this.#lifetime.use(() => found.patch()) }
    })
  }

  async *list(options: ListOptions = {}): AsyncGenerator<SessionSummary> {
    this.#lifetime.check()
    checkListOptions(options)
    const { project, limit, ...rest } = options
    if (project === undefined) yield* this.#backend.list(options)
    else yield* ofProject(this.#backend.list(rest), { project, limit }, (...part) => this.load(...part))
  }

  runEvents(session: string, run: string, options: { after?: number; at?: string } = {}): Promise<unknown[]> {
    return this.#lifetime.use(async () => this.#reader.events(parseSessionId(session), run, options))
  }

  exists(session: string): Promise<boolean> {
    return this.#lifetime.use(async () => this.#backend.exists(parseSessionId(session)))
  }

  delete(session: string, options: { branch?: string; tag?: string } = {}): Promise<boolean> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      const { branch, tag } = parseDeleteOptions(options)
      if (this.#backend.lines === undefined) {
        if (tag !== undefined) throw new UnsupportedError('tags')
        if (branch !== undefined) throw new UnsupportedError('branches')
      }
      if (!(await this.#backend.exists(id))) return false
      if (tag !== undefined) return this.#lines.deleteTag(id, tag)
      return branch === undefined ? this.#backend.delete(id) : this.#lines.deleteBranch(id, branch)
    })
  }

  verify(
    session?: string,
    options: { onProgress?: MaintainOptions['onProgress'] } = {},
  ): Promise<VerifyReport> {
    return this.#lifetime.use(async () => {
      const id = session === undefined ? undefined : parseSessionId(session)
      if (id !== undefined && !(await this.#reader.existsEvenBroken(id)))
        throw new NotFoundError({ kind: 'session', id })
      return this.#backend.verify(id, options.onProgress)
    })
  }

  maintain(options: MaintainOptions = {}): Promise<MaintainReport> {
    return this.#lifetime.use(() => this.#backend.maintain(options))
  }

  stats(): Promise<StoreStats> {
    return this.#lifetime.use(() => this.#backend.stats())
  }

  async close(): Promise<void> {
    await this.#lifetime.close()
    await this.#backend.close()
  }

  async #save(
    state: S,
    options: WriteOptions | undefined,
    known: () => Position | undefined,
  ): Promise<Saved<Kept>> {
    const parsed = parseWrite(options, this.#rules)
    const session = checkShape(state, this.#rules)
    const kept = redactDocument(state, this.#rules)
    const document = { ...asDocument(isPromise(kept) ? await kept : kept) }
    const write = isPromise(parsed) ? await parsed : parsed
    checkSupported(write, this.#backend)
    const landed = ({ branch, commit }: Saved<Kept>) =>
      this.#positions.set(state, { session, branch, checkpoint: commit.id })
    return this.#writer.save({ session, options: write, known, landed }, document)
  }

  async #append(
    session: string,
    addition: Addition,
    options: WriteOptions | undefined,
    known?: Position,
  ): Promise<Saved<Kept> & { id: SessionId }> {
    const said = parseWrite(options, this.#rules)
    const given = parseSessionId(session)
    const parsed = copyAddition(parseAddition(addition, this.#rules.collections))
    const write = await said
    checkSupported(write, this.#backend)
    const id = await this.#backend.nameOf(given)
    const saved = await this.#writer.append({ session: id, options: write, known: () => known }, parsed)
    return { ...saved, id }
  }

  /** Returns what a handle holds after a write: the known state with the addition, else the stored state. */
  async #written(id: SessionId, { commit, branch, plan }: Saved<Kept>, before?: S): Promise<Written<S>> {
    const state =
      plan !== undefined && before !== undefined
        ? asState<S>(applyPlan(asDocument(before), deepCopy(plan)))
        : await this.#reader.state(commit, id)
    this.#positions.set(state, { session: id, branch, checkpoint: commit.id })
    return { checkpoint: this.#backend.present(commit, id, branch), state }
  }

  #lacks(branch: BranchName | undefined): boolean {
    return branch !== undefined && branch !== MAIN && this.#backend.lines === undefined
  }

  #checkBranch(branch: BranchName | undefined): void {
    if (this.#lacks(branch)) throw new UnsupportedError('branches')
  }
}
