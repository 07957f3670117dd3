/** Sessions in memory, with everything a versioned store does. */

import { activeAfterDelete } from '../../checkpoints/branch-rules.ts'
import { Lifetime } from '../../checkpoints/lifetime.ts'
import { wrongType } from '../../checkpoints/wrong-type.ts'
import { AlreadyExistsError, NotFoundError, UnsupportedError } from '../../errors.ts'
import {
  type BranchName,
  type CommitId,
  MAIN,
  parseBranchName,
  parseSessionId,
  parseTagName,
  type SessionId,
} from '../../ids.ts'
import { deepCopy, type JsonObject } from '../../json-value.ts'
import type { Session } from '../../state/index.ts'
import { copyAddition, parseAddition } from '../addition/addition.ts'
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
import { eventsOf, isPartial, partOf } from '../partial-state.ts'
import { type Position, Positions } from '../positions.ts'
import { createHandle } from '../session-handle.ts'
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
import { checkListOptions, pageOf } from '../summary.ts'
import { type Commit, contentOf, type Line, MemoryHistory } from './history.ts'
import { checkpointOf, documentOf, MemoryWriter } from './writer.ts'

export interface MemoryStoreOptions<S extends StoredDocument = Session> extends StoreOptions<S> {
  /** Another memory store whose sessions this one shares, as two git stores share a folder. */
  // biome-ignore lint/suspicious/noExplicitAny: a store of any documents will do.
  share?: MemorySessionStore<any>
}

/**
 * Keeps sessions in memory: branches, steps, tags, forks, keys, as a git store does, and gone with the process. For
 * tests and short-lived agents.
 */
export class MemorySessionStore<S extends StoredDocument = Session> implements SessionStore<S> {
  readonly supports: Supports = { history: true, branches: true, patch: false, persistent: false, keys: true }
  readonly type: string
  readonly #rules: DocumentRules
  readonly #history: MemoryHistory
  readonly #writer: MemoryWriter
  readonly #positions = new Positions()
  readonly #lifetime = new Lifetime()

  constructor(options: MemoryStoreOptions<S> = {}) {
    this.#rules = documentRules(options)
    this.type = this.#rules.type
    this.#history = options.share === undefined ? new MemoryHistory() : options.share.#history
    this.#writer = new MemoryWriter(this.#history, this.#rules)
  }

  save(state: S, options?: WriteOptions): Promise<Checkpoint> {
    return this.#lifetime.use(() => this.#save(state, options, () => this.#positions.of(state)))
  }

  append(session: string, addition: Addition, options?: WriteOptions): Promise<Checkpoint> {
    return this.#lifetime.use(() => this.#append(session, addition, options))
  }

  load(session: string, options: LoadOptions = {}): Promise<S | undefined> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      parseCount('last', options.last)
      const named = options.branch === undefined ? undefined : parseBranchName(options.branch)
      const line = this.#history.sessions.get(id)
      if (line === undefined) return undefined
      this.#checkType(id, line)
      const branch = named ?? line.active
      const commit = await this.#at(id, branch, options.at)
      const whole = upToDate(documentOf(commit, id), this.#rules)
      const state = deepCopy(partOf(whole, options, this.#rules.collections)) as unknown as S
      if (!isPartial(options)) this.#positions.set(state, this.#position(id, branch, commit))
      return state
    })
  }

  open(session: string, options: { at?: string; branch?: string } = {}): Promise<SessionHandle<S>> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      const named = options.branch === undefined ? undefined : parseBranchName(options.branch)
      const line = this.#history.session(id)
      this.#checkType(id, line)
      const branch = named ?? line.active
      const commit = await this.#at(id, branch, options.at)
      const position = this.#position(id, branch, commit)
      return createHandle<S>(
        {
          save: (state, all, at) =>
            this.#lifetime.use(async () => this.#written(await this.#save(state, all, () => at), at, all)),
          append: (addition, all, at) =>
            this.#lifetime.use(async () => this.#written(await this.#append(id, addition, all, at), at, all)),
        },
        this.#written(checkpointOf(commit, id), position, { branch }),
        position,
        branch,
      )
    })
  }

  resolve(session: string, revision: string): Promise<string> {
    return this.#lifetime.use(async () => (await this.#history.resolve(parseSessionId(session), revision)).id)
  }

  checkpoint(session: string, revision = ''): Promise<Checkpoint> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      return checkpointOf(await this.#history.resolve(id, revision), id)
    })
  }

  async *log(session: string, options: LogOptions = {}): AsyncGenerator<Checkpoint> {
    this.#lifetime.check()
    const { at = '', steps = false } = options
    const limit = parseCount('limit', options.limit) ?? Number.POSITIVE_INFINITY
    const id = parseSessionId(session)
    const from = await this.#history.resolve(id, at)
    let shown = 0
    for (const commit of this.#history.line(from.id)) {
      if (shown >= limit) return
      if (!steps && commit.checkpoint.kind === 'step') continue
      yield checkpointOf(commit, id)
      shown++
    }
  }

  branches(session: string): Promise<Branch[]> {
    return this.#lifetime.use(async () => {
      const { branches, active } = this.#history.session(parseSessionId(session))
      return inOrder(branches).map(([name, head]) => ({ name, head, active: name === active }))
    })
  }

  tags(session: string): Promise<Tag[]> {
    return this.#lifetime.use(async () => {
      const { tags } = this.#history.session(parseSessionId(session))
      return inOrder(tags).map(([name, checkpoint]) => ({ name, checkpoint }))
    })
  }

  async switch(session: string, branch: string): Promise<void> {
    const [id, name] = [parseSessionId(session), parseBranchName(branch)]
    return this.#write(() => {
      this.#tip(id, name)
      this.#history.session(id).active = name
    })
  }

  async fork(session: string, options: ForkOptions): Promise<Checkpoint> {
    const id = parseSessionId(session)
    const { at, session: to, branch, ...rest } = parseForkOptions(options)
    return this.#write(async () => {
      const source = await this.#history.resolve(id, at)
      if (to !== undefined) {
        const made = this.#writer.fork(source, id, { session: to, branch: branch ?? MAIN, ...rest })
        return checkpointOf(made, to)
      }
      const { branches } = this.#history.session(id)
      if (branches.has(branch!)) throw new AlreadyExistsError({ kind: 'branch', id: branch!, session: id })
      branches.set(branch!, source.id)
      return checkpointOf(source, id)
    })
  }

  async tag(session: string, name: string, options: { at?: string } = {}): Promise<Tag> {
    const [id, tag] = [parseSessionId(session), parseTagName(name)]
    return this.#write(async () => {
      const { id: checkpoint } = await this.#history.resolve(id, options.at ?? '')
      const { tags } = this.#history.session(id)
      if (tags.has(tag)) throw new AlreadyExistsError({ kind: 'tag', id: tag, session: id })
      tags.set(tag, checkpoint)
      return { name: tag, checkpoint }
    })
  }

  diff(from: Place | string, to: Place | string, revision?: string): Promise<StateDiff> {
    return this.#lifetime.use(async () => {
      const places = parsePlaces(from, to, revision)
      const [before, after] = [await this.#placed(places[0]), await this.#placed(places[1])]
      return {
        from: before.name,
        to: after.name,
        ...diffStates(deepCopy(before.document), deepCopy(after.document), this.#rules.collections),
        patch: async () => {
          throw new UnsupportedError(
            'patch',
            'There is no git under a memory store; use the data of the diff.',
          )
        },
      }
    })
  }

  async *list(options: ListOptions = {}): AsyncGenerator<SessionSummary> {
    this.#lifetime.check()
    checkListOptions(options)
    yield* pageOf(this.#history.summaries(), options)
  }

  runEvents(session: string, run: string, options: { after?: number; at?: string } = {}): Promise<unknown[]> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      this.#checkType(id, this.#history.session(id))
      const { document } = await this.#history.resolve(id, options.at ?? '')
      return deepCopy([...eventsOf(document, id, run, options.after)])
    })
  }

  exists(session: string): Promise<boolean> {
    return this.#lifetime.use(async () => this.#history.sessions.has(parseSessionId(session)))
  }

  async delete(session: string, options: { branch?: string; tag?: string } = {}): Promise<boolean> {
    const id = parseSessionId(session)
    const { branch, tag } = parseDeleteOptions(options)
    return this.#write(() => {
      const line = this.#history.sessions.get(id)
      if (line === undefined) return false
      if (tag !== undefined) return line.tags.delete(tag)
      if (branch !== undefined) {
        if (!line.branches.has(branch)) return false
        line.active = activeAfterDelete(id, branch, [...line.branches.keys()], line.active)
        return line.branches.delete(branch)
      }
      return this.#history.sessions.delete(id)
    })
  }

  verify(
    session?: string,
    { onProgress }: { onProgress?: MaintainOptions['onProgress'] } = {},
  ): Promise<VerifyReport> {
    return this.#lifetime.use(async () => {
      const lines =
        session === undefined
          ? this.#history.sessions.values()
          : [this.#history.session(parseSessionId(session))]
      const report = this.#history.verify(lines)
      onProgress?.({ phase: 'checkpoints', done: report.checkpoints, total: report.checkpoints })
      return report
    })
  }

  maintain({ purge = false, onProgress }: MaintainOptions = {}): Promise<MaintainReport> {
    return this.#write(() => {
      if (purge) this.#history.purge()
      onProgress?.({ phase: 'done', done: 1, total: 1 })
      return { native: false, packsBefore: 0, packsAfter: 0, bytesBefore: 0, bytesAfter: 0 }
    })
  }

  stats(): Promise<StoreStats> {
    return this.#lifetime.use(async () => this.#history.stats())
  }

  close(): Promise<void> {
    return this.#lifetime.close()
  }

  async #save(
    state: S,
    options: WriteOptions | undefined,
    known: () => Position | undefined,
  ): Promise<Checkpoint> {
    const write = parseWriteOptions(options)
    const session = checkShape(state, this.#rules)
    // Copied before anything is awaited: what the caller changes from here on is not part of this save.
    const document = this.#copyOf(redactDocument(state, this.#rules))
    await checkSchema(document, this.#rules)
    const { commit, branch } = await this.#history.writes.run(() =>
      this.#writer.save({ session, options: write, known: known() }, document),
    )
    this.#positions.set(state, this.#position(session, branch, commit))
    return checkpointOf(commit, session)
  }

  async #append(
    session: string,
    addition: Addition,
    options: WriteOptions | undefined,
    known?: Position,
  ): Promise<Checkpoint> {
    const write = parseWriteOptions(options)
    const id = parseSessionId(session)
    const parsed = copyAddition(parseAddition(addition, this.#rules.collections))
    const { commit } = await this.#history.writes.run(() =>
      this.#writer.append({ session: id, options: write, known }, parsed),
    )
    return checkpointOf(commit, id)
  }

  #write<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#lifetime.use(() => this.#history.writes.run(work))
  }

  /** Throws NotFoundError when there is no such branch. */
  #tip(session: SessionId, branch: BranchName): Commit {
    const tip = this.#history.session(session).branches.get(branch)
    if (tip === undefined) throw new NotFoundError({ kind: 'branch', id: branch, session })
    return this.#history.commit(tip)
  }

  #at(session: SessionId, branch: BranchName, revision: string | undefined): Commit | Promise<Commit> {
    return revision === undefined ? this.#tip(session, branch) : this.#history.resolve(session, revision)
  }

  /** On the branch, if there is one of that name yet. */
  #position(session: SessionId, branch: BranchName, { id }: Pick<Commit, 'id'>): Position {
    const exists = this.#history.sessions.get(session)?.branches.has(branch) === true
    return { session, branch: exists ? branch : undefined, checkpoint: id }
  }

  /** What a handle holds after a write: a copy of the state, whose position is known as well. */
  #written(
    checkpoint: Checkpoint,
    { session }: Position,
    { branch }: { branch?: string | undefined },
  ): { checkpoint: Checkpoint; state: S } {
    const commit = this.#history.commit(checkpoint.id as CommitId)
    const state = deepCopy(upToDate(documentOf(commit, session), this.#rules)) as unknown as S
    this.#positions.set(state, this.#position(session, branch as BranchName, commit))
    return { checkpoint, state }
  }

  async #placed({ session, at = '' }: Place) {
    const id = parseSessionId(session)
    const commit = await this.#history.resolve(id, at)
    return {
      document: documentOf(commit, id),
      name: { session: id as string, checkpoint: commit.id as string },
    }
  }

  #checkType(session: SessionId, { type }: Line): void {
    if (type !== this.type) throw wrongType(session, type, this.type)
  }

  #copyOf(state: S): JsonObject {
    contentOf(state as unknown as JsonObject, this.#rules.layout)
    return deepCopy(state) as unknown as JsonObject
  }
}

const inOrder = <Name extends string>(refs: ReadonlyMap<Name, CommitId>): [Name, CommitId][] =>
  [...refs].sort(([a], [b]) => (a < b ? -1 : 1))
