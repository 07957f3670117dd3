/** The backend of a memory store: sessions with history, in memory. */
import { activeAfterDelete } from '../../checkpoints/branch-rules.ts'
import { authorOf } from '../../checkpoints/commits/author.ts'
import { checkpointFacts } from '../../checkpoints/commits/facts.ts'
import { seqOfFork } from '../../checkpoints/commits/lineage.ts'
import { forkSubject, oneLine } from '../../checkpoints/commits/text.ts'
import { wrongType } from '../../checkpoints/wrong-type.ts'
import { encodeHead, encodeItem } from '../../codec/index.ts'
import { AlreadyExistsError, NotFoundError } from '../../errors.ts'
import type { BranchName, CommitId, SessionId, TagName } from '../../ids.ts'
import { deepCopy, type JsonObject } from '../../json-value.ts'
import type { Backend, Base, Content, ItemCheck, Lines, Look, NewSession } from '../backend.ts'
import type { DocumentRules } from '../document.ts'
import { eventsOf } from '../reading/partial-state.ts'
import type {
  Checkpoint,
  ListOptions,
  MaintainOptions,
  MaintainReport,
  SessionSummary,
  StoreStats,
  Supports,
  VerifyReport,
} from '../session-store.ts'
import { pageOf } from '../summary.ts'
import { checkItems, wholeContent } from '../whole.ts'
import { comparingBy, MemoryBase } from './base.ts'
import { type Commit, checkpointOf, contentOf, documentOf, type MemoryHistory } from './history.ts'

export class MemoryBackend implements Backend<Commit>, Lines<Commit> {
  readonly supports: Supports = {
    history: true,
    branches: true,
    patch: false,
    persistent: false,
    keys: true,
    switch: true,
    files: false,
  }
  readonly lines = this
  readonly #history: MemoryHistory
  readonly #rules: DocumentRules

  constructor(history: MemoryHistory, rules: DocumentRules) {
    this.#history = history
    this.#rules = rules
  }

  async exists(session: SessionId): Promise<boolean> {
    return this.#history.sessions.has(session)
  }

  nameOf(session: SessionId): SessionId {
    return session
  }

  async look(
    session: SessionId,
    { branch: named, at }: { branch?: BranchName | undefined; at?: string | undefined },
  ): Promise<Look<Commit> | undefined> {
    const line = this.#history.sessions.get(session)
    if (line === undefined) return undefined
    const { type } = this.#rules
    if (line.type !== type) throw wrongType(session, line.type, type)
    const branch = named ?? line.active
    const tip = line.branches.get(branch)
    const commit = at === undefined ? this.#tip(session, branch) : await this.resolve(session, at)
    return { branch, tip, commit }
  }

  resolve(session: SessionId, revision: string): Promise<Commit> {
    return this.#history.resolve(session, revision)
  }

  present(commit: Commit, session: SessionId): Checkpoint {
    return checkpointOf(commit, session)
  }

  line({ id }: Commit): Iterable<Commit> {
    return this.#history.line(id)
  }

  async document(commit: Commit, session: SessionId): Promise<JsonObject> {
    return deepCopy(documentOf(commit, session))
  }

  async events({ document }: Commit, session: SessionId, run: string, after: number) {
    return deepCopy(eventsOf(document, session, run, after))
  }

  async prepare(document: JsonObject, check: ItemCheck): Promise<Content<Commit>> {
    const { collections, layout } = this.#rules
    encodeHead(document, layout)
    checkItems(document, collections, (name, index, item) => {
      check(name, index, item)
      encodeItem(layout, name, index, item)
    })
    return wholeContent(deepCopy(document), comparingBy(this.#rules))
  }

  write<T>(
    to: { session: SessionId; branch: BranchName | undefined; tag: TagName | undefined },
    decide: (base: Base<Commit>) => Promise<T>,
    landed: (result: T) => void,
  ): Promise<T> {
    return this.#history.writes.run(async () => {
      const base = new MemoryBase(this.#history, this.#rules, to)
      const result = await decide(base)
      base.finish(to.tag)
      landed(result)
      return result
    })
  }

  fork(from: SessionId, at: string, { session, branch, subject = '', author }: NewSession): Promise<Commit> {
    return this.#history.writes.run(async () => {
      const source = await this.resolve(from, at)
      if (this.#history.sessions.has(session)) throw new AlreadyExistsError({ kind: 'session', id: session })
      const origin = this.#history.session(from)
      const parent = { session: from as string, checkpoint: source.id as string }
      const document: JsonObject = { ...source.document, id: session, parent }
      const time = Math.floor(this.#rules.now())
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
          seq: seqOfFork(source),
          ...checkpointFacts({ added: [], from: 0, run: undefined }, document),
          forkedFrom: parent,
          author: authorOf(author ?? this.#rules.author),
        },
      })
      const branches = new Map([[branch, commit.id]])
      this.#history.sessions.set(session, { ...origin, branches, tags: new Map(), active: branch })
      return commit
    })
  }

  async branches(session: SessionId) {
    const { active, branches: heads } = this.#history.session(session)
    return { active, heads }
  }

  async tags(session: SessionId): Promise<ReadonlyMap<TagName, CommitId>> {
    return this.#history.session(session).tags
  }

  switch(session: SessionId, branch: BranchName): Promise<void> {
    return this.#history.writes.run(() => {
      this.#tip(session, branch)
      this.#history.session(session).active = branch
    })
  }

  newBranch(session: SessionId, at: string, branch: BranchName): Promise<Commit> {
    return this.#history.writes.run(async () => {
      const source = await this.resolve(session, at)
      const { branches } = this.#history.session(session)
      if (branches.has(branch)) throw new AlreadyExistsError({ kind: 'branch', id: branch, session })
      branches.set(branch, source.id)
      return source
    })
  }

  newTag(session: SessionId, at: string, tag: TagName): Promise<CommitId> {
    return this.#history.writes.run(async () => {
      const { id } = await this.resolve(session, at)
      const { tags } = this.#history.session(session)
      if (tags.has(tag)) throw new AlreadyExistsError({ kind: 'tag', id: tag, session })
      tags.set(tag, id)
      return id
    })
  }

  delete(session: SessionId): Promise<boolean> {
    return this.#history.writes.run(() => this.#history.sessions.delete(session))
  }

  deleteBranch(session: SessionId, branch: BranchName): Promise<boolean> {
    return this.#history.writes.run(() => {
      const line = this.#history.sessions.get(session)
      if (line?.branches.has(branch) !== true) return false
      line.active = activeAfterDelete(session, branch, [...line.branches.keys()], line.active)
      return line.branches.delete(branch)
    })
  }

  deleteTag(session: SessionId, tag: TagName): Promise<boolean> {
    return this.#history.writes.run(() => this.#history.sessions.get(session)?.tags.delete(tag) === true)
  }

  async *list(options: ListOptions): AsyncGenerator<SessionSummary> {
    yield* pageOf(this.#history.summaries(), options)
  }

  async verify(
    session: SessionId | undefined,
    onProgress: MaintainOptions['onProgress'],
  ): Promise<VerifyReport> {
    const { sessions } = this.#history
    const report = this.#history.verify(
      session === undefined ? sessions.values() : [this.#history.session(session)],
    )
    onProgress?.({ phase: 'checkpoints', done: report.checkpoints, total: report.checkpoints })
    return report
  }

  maintain({ purge = false, onProgress }: MaintainOptions): Promise<MaintainReport> {
    return this.#history.writes.run(() => {
      if (purge) this.#history.purge()
      onProgress?.({ phase: 'done', done: 1, total: 1 })
      return { bytesBefore: 0, bytesAfter: 0 }
    })
  }

  async stats(): Promise<StoreStats> {
    return this.#history.stats()
  }

  async close(): Promise<void> {}

  /** Throws NotFoundError if the branch does not exist. */
  #tip(session: SessionId, branch: BranchName): Commit {
    const tip = this.#history.session(session).branches.get(branch)
    if (tip === undefined) throw new NotFoundError({ kind: 'branch', id: branch, session })
    return this.#history.commit(tip)
  }
}
