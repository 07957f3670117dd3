/** Sessions as commits: what the front asks of a repository. */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import type { Snapshot } from '../../checkpoints/files-line.ts'
import { forkSession } from '../../checkpoints/fork.ts'
import { readDocument } from '../../checkpoints/trees/documents.ts'
import { NotFoundError } from '../../errors.ts'
import type { Repository } from '../../git/repository.ts'
import { type BranchName, type CommitId, filesRef, type SessionId, type TagName } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { isShortName } from '../../ref-part.ts'
import { WorkspaceFiles } from '../../workspace/workspace-files.ts'
import type { Backend, Base, Content, ItemCheck, Lines, Look, NewSession, UnsharedState } from '../backend.ts'
import type { DocumentRules } from '../document.ts'
import type {
  Checkpoint,
  ListOptions,
  MaintainOptions,
  SessionSummary,
  Supports,
  VerifyReport,
} from '../session-store.ts'
import { GitBase, GitStates, StaleSnapshot } from './base.ts'
import { listSessions } from './listing/list.ts'
import type { GitMaintainReport, GitStoreStats } from './maintain.ts'
import { readEvents, readPart } from './reader.ts'

interface WriteTarget {
  session: SessionId
  branch: BranchName | undefined
  tag: TagName | undefined
}

/** How often a snapshot is made again because others have moved its line. */
const ROUNDS = 5

// What is seldom asked for is loaded when it is: a program that saves and resumes starts without it.
export class GitBackend implements Backend<CommitInfo>, Lines<CommitInfo> {
  readonly supports: Supports = {
    history: true,
    branches: true,
    patch: true,
    persistent: true,
    keys: true,
    files: true,
  }
  readonly lines = this
  readonly #repository: Repository
  readonly #checkpoints: Checkpoints
  readonly #rules: DocumentRules
  readonly #states: GitStates
  readonly #isShared: boolean
  /** What had been purged when a commit was last found to be reached. */
  readonly #marks = new WeakMap<CommitInfo, string>()

  /** @param isShared whether somebody else closes the repository */
  constructor(repository: Repository, checkpoints: Checkpoints, rules: DocumentRules, isShared: boolean) {
    this.#repository = repository
    this.#checkpoints = checkpoints
    this.#rules = rules
    this.#states = new GitStates(checkpoints, rules)
    this.#isShared = isShared
  }

  async exists(session: SessionId): Promise<boolean> {
    return (await this.#repository.open()) && this.#checkpoints.history.exists(session)
  }

  nameOf(session: SessionId): SessionId | Promise<SessionId> {
    if (!isShortName(session)) return session
    return this.#repository
      .open()
      .then((there) => (there ? this.#checkpoints.history.fullName(session) : session))
  }

  async look(
    session: SessionId,
    where: { branch?: BranchName | undefined; at?: string | undefined },
  ): Promise<Look<CommitInfo> | undefined> {
    const mark = this.#checkpoints.mark()
    const found = await this.#checkpoints.read(session, where)
    if (found !== undefined) this.#marks.set(found.commit, mark)
    return found
  }

  async resolve(session: SessionId, revision: string): Promise<CommitInfo> {
    return this.#checkpoints.history.info(await this.#resolve(session, revision))
  }

  present(commit: CommitInfo, session: SessionId, branch?: BranchName): Checkpoint {
    return this.#checkpoints.history.present(commit, session, branch)
  }

  line({ id }: CommitInfo): AsyncIterable<CommitInfo> {
    return this.#checkpoints.history.line(id)
  }

  document(commit: CommitInfo, session: SessionId): Promise<JsonObject> {
    const { tree } = commit
    const { objects, copies } = this.#checkpoints
    return readDocument(objects, tree, session, { copies, mark: this.#marks.get(commit) })
  }

  part(
    { tree }: CommitInfo,
    session: SessionId,
    part: { last?: number; events?: boolean },
  ): Promise<JsonObject> {
    return readPart(this.#checkpoints.objects, tree, session, part, this.#rules.collections)
  }

  events({ tree }: CommitInfo, session: SessionId, run: string, after: number): Promise<readonly unknown[]> {
    return readEvents(this.#checkpoints.objects, tree, session, run, after)
  }

  async unshared(
    from: { commit: CommitInfo; session: SessionId },
    to: { commit: CommitInfo; session: SessionId },
  ): Promise<[UnsharedState, UnsharedState]> {
    const { readDifference } = await import('./difference.ts')
    const [before, after] = [from, to].map(({ commit: { tree }, session }) => ({ tree, session }))
    return readDifference(this.#checkpoints.objects, [before!, after!], this.#rules.collections)
  }

  prepare(document: JsonObject, check: ItemCheck): Promise<Content<CommitInfo>> {
    return this.#states.prepare(document, check)
  }

  async write<T>(
    { files, ...to }: WriteTarget & { files: WorkspaceFiles | undefined },
    decide: (base: Base<CommitInfo>) => Promise<T>,
    landed: (result: T) => void,
  ): Promise<T> {
    if (files === undefined) return this.#write(to, undefined, decide, landed)
    if (!(files instanceof WorkspaceFiles))
      throw new TypeError("'files' has to be what store.files(folder) returns")
    for (let round = 0; ; round++) {
      const snapshot = await files.take(to.session, to.branch)
      try {
        return await this.#write(to, snapshot, decide, landed)
      } catch (error) {
        if (!(error instanceof StaleSnapshot) || round === ROUNDS) throw error
      }
    }
  }

  #write<T>(
    { session, branch, tag }: WriteTarget,
    snapshot: Snapshot | undefined,
    decide: (base: Base<CommitInfo>) => Promise<T>,
    landed: (result: T) => void,
  ): Promise<T> {
    const { history } = this.#checkpoints
    const withLine = () => {
      const on = branch ?? history.active(session)
      return { branch: on, also: [filesRef(session, on)] }
    }
    return this.#checkpoints.write<T>({
      session,
      onto: snapshot === undefined ? { branch } : withLine,
      tag,
      decide: async (writing) => {
        const result = await decide(new GitBase(this.#states, writing, snapshot))
        writing.onPlaced(() => landed(result))
        return result
      },
    })
  }

  async fork(from: SessionId, at: string, to: NewSession): Promise<CommitInfo> {
    const source = await this.#resolve(from, at)
    return forkSession(this.#checkpoints, { source, from: await this.nameOf(from), ...to })
  }

  async branches(session: SessionId) {
    await this.#require(session)
    const { history } = this.#checkpoints
    return { active: history.active(session), heads: history.branches(session) }
  }

  async tags(session: SessionId): Promise<ReadonlyMap<TagName, CommitId>> {
    await this.#require(session)
    return this.#checkpoints.history.tags(session)
  }

  async switch(session: SessionId, branch: BranchName): Promise<void> {
    await this.#require(session)
    await this.#checkpoints.refs.switch(session, branch)
  }

  async newBranch(session: SessionId, at: string, branch: BranchName): Promise<CommitInfo> {
    const mark = this.#checkpoints.mark()
    const to = await this.#resolve(session, at)
    await this.#checkpoints.refs.newBranch(await this.nameOf(session), branch, { to, mark })
    return this.#checkpoints.history.info(to)
  }

  async newTag(session: SessionId, at: string, tag: TagName): Promise<CommitId> {
    const mark = this.#checkpoints.mark()
    const to = await this.#resolve(session, at)
    await this.#checkpoints.refs.newTag(session, tag, { to, mark })
    return to
  }

  delete(session: SessionId): Promise<boolean> {
    return this.#checkpoints.refs.deleteSession(session)
  }

  deleteBranch(session: SessionId, branch: BranchName): Promise<boolean> {
    return this.#checkpoints.refs.deleteBranch(session, branch)
  }

  deleteTag(session: SessionId, tag: TagName): Promise<boolean> {
    return this.#checkpoints.refs.deleteTag(session, tag)
  }

  async *list(options: ListOptions): AsyncGenerator<SessionSummary> {
    if (await this.#repository.open()) yield* listSessions(this.#checkpoints.history, options, this.#rules)
  }

  async verify(
    session: SessionId | undefined,
    onProgress: MaintainOptions['onProgress'],
  ): Promise<VerifyReport> {
    if (session === undefined && !(await this.#repository.open()))
      return { ok: true, checkpoints: 0, objects: 0, problems: [] }
    const { verifySessions } = await import('./verify.ts')
    return verifySessions(this.#checkpoints.history, session, onProgress)
  }

  async maintain(options: MaintainOptions): Promise<GitMaintainReport> {
    const { maintainRepository } = await import('./maintain.ts')
    return maintainRepository(this.#repository, options)
  }

  async stats(): Promise<GitStoreStats> {
    const { repositoryStats } = await import('./maintain.ts')
    return repositoryStats(this.#repository)
  }

  async patch(from: CommitId, to: CommitId): Promise<string> {
    const { patchBetween } = await import('../../git/upkeep/native/patch.ts')
    return patchBetween(this.#repository, from, to)
  }

  async close(): Promise<void> {
    if (!this.#isShared) await this.#repository.close()
  }

  async #require(session: SessionId): Promise<void> {
    if (!(await this.exists(session))) throw new NotFoundError({ kind: 'session', id: session })
  }

  async #resolve(session: SessionId, revision: string): Promise<CommitId> {
    await this.#require(session)
    return this.#checkpoints.history.resolve(session, revision)
  }
}
