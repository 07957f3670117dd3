/** Sessions in a git repository: every save is a commit. */

import { Checkpoints, type Snapshot } from '../../checkpoints/checkpoints.ts'
import { forkSession } from '../../checkpoints/fork.ts'
import { registerCheckpoints } from '../../checkpoints/of-store.ts'
import { readDocument } from '../../checkpoints/trees/documents.ts'
import { CorruptError, NotFoundError } from '../../errors.ts'
import { Repository, type RepositoryOptions } from '../../git/repository.ts'
import {
  type CommitId,
  isShortName,
  MAIN,
  parseBranchName,
  parseSessionId,
  parseTagName,
  type SessionId,
} from '../../ids.ts'
import { deepCopy, type JsonObject } from '../../json-value.ts'
import type { Session } from '../../state/index.ts'
import { copyAddition, parseAddition } from '../addition/addition.ts'
import { applyPlan } from '../addition/plan.ts'
import {
  checkSchema,
  checkShape,
  type DocumentRules,
  documentRules,
  redactDocument,
  upToDate,
} from '../document.ts'
import { parseDeleteOptions, parseForkOptions } from '../options/call-options.ts'
import { parseCount, parseWriteOptions } from '../options/write-options.ts'
import { isPartial } from '../partial-state.ts'
import { type Position, Positions } from '../positions.ts'
import { createHandle, type Written } from '../session-handle.ts'
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
  Place,
  SessionHandle,
  SessionStore,
  SessionSummary,
  StateDiff,
  StoredDocument,
  StoreOptions,
  StoreStats,
  Supports,
  Tag,
  VerifyReport,
  WriteOptions,
} from '../session-store.ts'
import { diffStates, parsePlaces } from '../state-diff.ts'
import { checkListOptions } from '../summary.ts'
import { encodeFiles } from './encoding.ts'
import { listSessions } from './list.ts'
import { maintainRepository, repositoryStats } from './maintain.ts'
import { patchBetween } from './patch.ts'
import { readEvents, readPart } from './reader.ts'
import { verifySessions } from './verify.ts'
import { GitWriter, type Saved } from './writer.ts'

export interface GitStoreOptions<S extends StoredDocument = Session> extends StoreOptions<S> {
  /** How long another process's lock is waited for, in milliseconds. Default 10,000. */
  lockTimeout?: number
  /** @internal The disk and how it is used, for tests; or a repository that somebody else opened, and will close. */
  repository?: RepositoryOptions | Repository
}

/**
 * Keeps sessions in a bare git repository. `folder` is opened on first use and created by the first save; when a
 * call has resolved, its checkpoint is durable and every git tool sees it.
 *
 *     const store = new GitSessionStore('./sessions')
 *     await store.save(state)
 */
export class GitSessionStore<S extends StoredDocument = Session> implements SessionStore<S> {
  readonly supports: Supports = { history: true, branches: true, patch: true, persistent: true, keys: true }
  readonly type: string
  /** The bare repository, for git: `git --git-dir <folder> log demo/main`. */
  readonly folder: string
  readonly #rules: DocumentRules
  readonly #repository: Repository
  readonly #checkpoints: Checkpoints
  readonly #writer: GitWriter
  readonly #positions = new Positions()
  readonly #isView: boolean

  constructor(folder: string, options: GitStoreOptions<S> = {}) {
    if (typeof folder !== 'string' || folder === '')
      throw new TypeError('A git store needs the path of its folder')
    this.#rules = documentRules(options)
    this.type = this.#rules.type
    const { lockTimeout, repository } = options
    this.#isView = repository instanceof Repository
    this.#repository =
      repository instanceof Repository
        ? repository
        : new Repository(folder, {
            now: this.#rules.now,
            ...(lockTimeout === undefined ? {} : { lockTimeout }),
            ...repository,
          })
    this.folder = this.#repository.paths.root
    this.#checkpoints = new Checkpoints(this.#repository, this.#rules)
    this.#writer = new GitWriter(this.#checkpoints, this.#rules)
    registerCheckpoints(this, this.#checkpoints)
  }

  /**
   * The same repository for documents of another type: `redact`, `author` and `now` are this store's, unless others
   * are given. Closing it leaves this store open; closing this store ends both.
   *
   *     const chats = store.view<Chat>({ type: 'chat', collections: ['messages'] })
   */
  view<T extends StoredDocument>(options: StoreOptions<T>): GitSessionStore<T> {
    const { redact, author, now } = this.#rules
    const repository = this.#repository
    return new GitSessionStore<T>(this.folder, { redact, author, now, ...options, repository })
  }

  save(state: S, options?: WriteOptions): Promise<Checkpoint> {
    return this.#checkpoints.lifetime.use(async () => {
      const saved = await this.#save(state, options, () => this.#positions.of(state))
      return this.#checkpoints.history.present(saved.commit, state.id as SessionId, saved.branch)
    })
  }

  append(session: string, addition: Addition, options?: WriteOptions): Promise<Checkpoint> {
    return this.#checkpoints.lifetime.use(async () => {
      const { commit, branch } = await this.#append(session, addition, options)
      const id = await this.#checkpoints.history.fullName(session as SessionId)
      return this.#checkpoints.history.present(commit, id, branch)
    })
  }

  load(session: string, options: LoadOptions = {}): Promise<S | undefined> {
    return this.#checkpoints.lifetime.use(async () => {
      const given = parseSessionId(session)
      parseCount('last', options.last)
      const branch = options.branch === undefined ? undefined : parseBranchName(options.branch)
      const found = await this.#checkpoints.read(given, { branch, at: options.at })
      if (found === undefined) return undefined
      const id = await this.#checkpoints.history.fullName(given)
      const { objects } = this.#checkpoints
      const { tree } = found.commit
      if (isPartial(options))
        return this.#state(await readPart(objects, tree, id, options, this.#rules.collections))
      const state = this.#state(await readDocument(objects, tree, id))
      this.#positions.set(state, positionAt(id, found))
      return state
    })
  }

  open(session: string, options: { at?: string; branch?: string } = {}): Promise<SessionHandle<S>> {
    return this.#checkpoints.lifetime.use(async () => {
      const given = parseSessionId(session)
      const branch = options.branch === undefined ? undefined : parseBranchName(options.branch)
      const found = await this.#checkpoints.read(given, { branch, at: options.at })
      if (found === undefined) throw new NotFoundError({ kind: 'session', id: given })
      const id = await this.#checkpoints.history.fullName(given)
      const state = this.#state(await readDocument(this.#checkpoints.objects, found.commit.tree, id))
      const position = positionAt(id, found)
      this.#positions.set(state, position)
      return createHandle<S>(
        {
          save: (next, all, at) =>
            this.#checkpoints.lifetime.use(async () =>
              this.#written(id, await this.#save(next, all, () => at), next),
            ),
          append: (addition, all, at, before) =>
            this.#checkpoints.lifetime.use(async () => {
              const saved = await this.#append(id, addition, all, at)
              return this.#written(id, saved, before, at)
            }),
        },
        { checkpoint: this.#checkpoints.history.present(found.commit, id, found.branch), state },
        position,
        found.branch,
      )
    })
  }

  resolve(session: string, revision: string): Promise<string> {
    return this.#checkpoints.lifetime.use(() => this.#resolve(parseSessionId(session), revision))
  }

  checkpoint(session: string, revision = ''): Promise<Checkpoint> {
    return this.#checkpoints.lifetime.use(async () => {
      const id = parseSessionId(session)
      const at = await this.#resolve(id, revision)
      return this.#checkpoints.history.checkpoint(at, await this.#checkpoints.history.fullName(id))
    })
  }

  async *log(session: string, options: LogOptions = {}): AsyncGenerator<Checkpoint> {
    this.#checkpoints.lifetime.check()
    const { at = '', steps = false } = options
    const limit = parseCount('limit', options.limit) ?? Number.POSITIVE_INFINITY
    const given = parseSessionId(session)
    const from = await this.#resolve(given, at)
    const id = await this.#checkpoints.history.fullName(given)
    let shown = 0
    for await (const commit of this.#checkpoints.history.line(from)) {
      if (shown >= limit) return
      if (!steps && commit.kind === 'step') continue
      yield this.#checkpoints.history.present(commit, id)
      shown++
    }
  }

  branches(session: string): Promise<Branch[]> {
    return this.#checkpoints.lifetime.use(async () => {
      const id = parseSessionId(session)
      await this.#require(id)
      const active = this.#checkpoints.history.active(id)
      return inOrder(this.#checkpoints.history.branches(id)).map(([name, head]) => ({
        name,
        head,
        active: name === active,
      }))
    })
  }

  tags(session: string): Promise<Tag[]> {
    return this.#checkpoints.lifetime.use(async () => {
      const id = parseSessionId(session)
      await this.#require(id)
      return inOrder(await this.#checkpoints.history.tags(id)).map(([name, checkpoint]) => ({
        name,
        checkpoint,
      }))
    })
  }

  async switch(session: string, branch: string): Promise<void> {
    const [id, name] = [parseSessionId(session), parseBranchName(branch)]
    return this.#checkpoints.lifetime.use(async () => {
      await this.#require(id)
      await this.#checkpoints.refs.switch(id, name)
    })
  }

  async fork(session: string, options: ForkOptions): Promise<Checkpoint> {
    const given = parseSessionId(session)
    const { at, session: to, branch, subject, author } = parseForkOptions(options)
    return this.#checkpoints.lifetime.use(async () => {
      const mark = this.#checkpoints.mark()
      const source = await this.#resolve(given, at)
      const id = await this.#checkpoints.history.fullName(given)
      if (to !== undefined) {
        const fork = { source, from: id, session: to, branch: branch ?? MAIN, subject, author }
        const made = await forkSession(this.#checkpoints, fork)
        return this.#checkpoints.history.present(made, to)
      }
      await this.#checkpoints.refs.newBranch(id, branch!, { to: source, mark })
      return this.#checkpoints.history.checkpoint(source, id)
    })
  }

  async tag(session: string, name: string, options: { at?: string } = {}): Promise<Tag> {
    const [id, tag] = [parseSessionId(session), parseTagName(name)]
    return this.#checkpoints.lifetime.use(async () => {
      const mark = this.#checkpoints.mark()
      const checkpoint = await this.#resolve(id, options.at ?? '')
      await this.#checkpoints.refs.newTag(id, tag, { to: checkpoint, mark })
      return { name: tag, checkpoint }
    })
  }

  diff(from: Place | string, to: Place | string, revision?: string): Promise<StateDiff> {
    return this.#checkpoints.lifetime.use(async () => {
      const places = parsePlaces(from, to, revision)
      const [before, after] = [await this.#placed(places[0]), await this.#placed(places[1])]
      return {
        from: before.name,
        to: after.name,
        ...diffStates(before.document, after.document, this.#rules.collections),
        patch: () =>
          this.#checkpoints.lifetime.use(() =>
            patchBetween(this.#repository, before.name.checkpoint, after.name.checkpoint),
          ),
      }
    })
  }

  async *list(options: ListOptions = {}): AsyncGenerator<SessionSummary> {
    this.#checkpoints.lifetime.check()
    checkListOptions(options)
    if (await this.#repository.open()) yield* listSessions(this.#checkpoints.history, options, this.#rules)
  }

  runEvents(session: string, run: string, options: { after?: number; at?: string } = {}): Promise<unknown[]> {
    return this.#checkpoints.lifetime.use(async () => {
      const id = parseSessionId(session)
      const { tree } = await this.#checkpoints.checked(id, await this.#resolve(id, options.at ?? ''))
      return [...(await readEvents(this.#repository.objects, tree, id, run, options.after))]
    })
  }

  exists(session: string): Promise<boolean> {
    return this.#checkpoints.lifetime.use(() => this.#exists(parseSessionId(session)))
  }

  async delete(session: string, options: { branch?: string; tag?: string } = {}): Promise<boolean> {
    const id = parseSessionId(session)
    const { branch, tag } = parseDeleteOptions(options)
    return this.#checkpoints.lifetime.use(async () => {
      if (!(await this.#exists(id))) return false
      if (tag !== undefined) return this.#checkpoints.refs.deleteTag(id, tag)
      return branch === undefined
        ? this.#checkpoints.refs.deleteSession(id)
        : this.#checkpoints.refs.deleteBranch(id, branch)
    })
  }

  verify(
    session?: string,
    options: { onProgress?: MaintainOptions['onProgress'] } = {},
  ): Promise<VerifyReport> {
    return this.#checkpoints.lifetime.use(async () => {
      const id = session === undefined ? undefined : parseSessionId(session)
      if (id !== undefined) await this.#requireEvenBroken(id)
      else if (!(await this.#repository.open())) return { ok: true, checkpoints: 0, objects: 0, problems: [] }
      return verifySessions(this.#checkpoints.history, id, options.onProgress)
    })
  }

  maintain(options: MaintainOptions = {}): Promise<MaintainReport> {
    return this.#checkpoints.lifetime.use(() => maintainRepository(this.#repository, options))
  }

  stats(): Promise<StoreStats> {
    return this.#checkpoints.lifetime.use(() => repositoryStats(this.#repository))
  }

  async close(): Promise<void> {
    await this.#checkpoints.lifetime.close()
    if (!this.#isView) await this.#repository.close()
  }

  async #save(
    state: S,
    options: WriteOptions | undefined,
    known: () => Position | undefined,
  ): Promise<Saved> {
    const write = parseWriteOptions(options)
    const session = checkShape(state, this.#rules)
    const document = { ...redactDocument(state, this.#rules) } as unknown as JsonObject
    // Encoding begins before anything is awaited.
    const encoding = encodeFiles(document, this.#rules.layout)
    const [files] = await Promise.all([encoding, checkSchema(document, this.#rules)])
    const landed = ({ branch, commit }: Saved) =>
      this.#positions.set(state, { session, branch, checkpoint: commit.id })
    return this.#writer.save({ session, options: write, known, landed }, document, files)
  }

  async #append(
    session: string,
    addition: Addition,
    options: WriteOptions | undefined,
    known?: Position,
  ): Promise<Saved> {
    const write = parseWriteOptions(options)
    const given = parseSessionId(session)
    const parsed = copyAddition(parseAddition(addition, this.#rules.collections))
    const id =
      isShortName(given) && (await this.#exists(given))
        ? await this.#checkpoints.history.fullName(given)
        : given
    return this.#writer.append({ session: id, options: write, known: () => known }, parsed)
  }

  /** What a handle holds after a write. */
  async #written(session: SessionId, saved: Saved, state: S, position?: Position): Promise<Written<S>> {
    const { commit, branch, plan } = saved
    const checkpoint = this.#checkpoints.history.present(commit, session, branch)
    const next = await this.#stateAfter(session, saved, state, plan === undefined ? undefined : position)
    this.#positions.set(next, { session, branch, checkpoint: commit.id })
    return { checkpoint, state: next }
  }

  /** After an append the state at hand with the addition; otherwise what was stored, read back. */
  async #stateAfter(
    session: SessionId,
    { commit, plan }: Saved,
    state: S,
    position: Position | undefined,
  ): Promise<S> {
    if (plan !== undefined && position !== undefined) {
      return applyPlan(state as unknown as JsonObject, deepCopy(plan)) as unknown as S
    }
    return this.#state(await readDocument(this.#repository.objects, commit.tree, session))
  }

  /** Throws InvalidStateError for a session that only a newer forkpoint can read. */
  #state(document: JsonObject): S {
    return upToDate(document, this.#rules) as unknown as S
  }

  async #exists(session: SessionId): Promise<boolean> {
    return (await this.#repository.open()) && this.#checkpoints.history.exists(session)
  }

  async #require(session: SessionId): Promise<void> {
    if (!(await this.#exists(session))) throw new NotFoundError({ kind: 'session', id: session })
  }

  /** A ref that cannot be read is there. */
  async #requireEvenBroken(session: SessionId): Promise<void> {
    try {
      await this.#require(session)
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error
    }
  }

  async #resolve(session: SessionId, revision: string): Promise<CommitId> {
    await this.#require(session)
    return this.#checkpoints.history.resolve(session, revision)
  }

  async #placed({ session, at = '' }: Place) {
    const id = parseSessionId(session)
    const checkpoint = await this.#resolve(id, at)
    const { tree } = await this.#checkpoints.history.info(checkpoint)
    return {
      document: await readDocument(this.#repository.objects, tree, id),
      name: { session: id as string, checkpoint: checkpoint as string },
    }
  }
}

/** On the branch, if there is one of that name yet. */
const positionAt = (session: SessionId, { branch, tip, commit }: Snapshot): Position => ({
  session,
  branch: tip === undefined ? undefined : branch,
  checkpoint: commit.id,
})

const inOrder = <Name extends string>(refs: ReadonlyMap<Name, CommitId>): [Name, CommitId][] =>
  [...refs].sort(([a], [b]) => (a < b ? -1 : 1))
