/** The backend of sessions as commits, for repositories on a disk and on a server. */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import type { Snapshot } from '../../checkpoints/files-line.ts'
import { forkSession } from '../../checkpoints/fork.ts'
import { readDocument } from '../../checkpoints/trees/documents.ts'
import { NotFoundError } from '../../errors.ts'
import type { AnyRepository } from '../../git/any-repository.ts'
import { type BranchName, type CommitId, filesRef, type SessionId, type TagName } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { isShortName } from '../../ref-part.ts'
import type { WorkspaceFiles } from '../../workspace/workspace-files.ts'
import type { Base, Content, ItemCheck, Lines, Look, NewSession, UnsharedState } from '../backend.ts'
import type { DocumentRules } from '../document.ts'
import type { Checkpoint } from '../session-store.ts'
import { GitBase, GitStates } from './base.ts'
import { readEvents, readPart } from './reader.ts'

export interface WriteTarget {
  session: SessionId
  branch: BranchName | undefined
  tag: TagName | undefined
}

/** What all repositories have in common. */
export abstract class CommitBackend<R extends AnyRepository> implements Lines<CommitInfo> {
  readonly lines = this
  protected readonly repository: R
  protected readonly checkpoints: Checkpoints<R>
  protected readonly rules: DocumentRules
  readonly #states: GitStates
  /** By commit: the purge mark when the commit was last found to be reachable. */
  readonly #marks = new WeakMap<CommitInfo, string>()

  constructor(repository: R, checkpoints: Checkpoints<R>, rules: DocumentRules) {
    this.repository = repository
    this.checkpoints = checkpoints
    this.rules = rules
    this.#states = new GitStates(checkpoints, rules)
  }

  async exists(session: SessionId): Promise<boolean> {
    return (await this.checkpoints.openFinished()) && this.checkpoints.history.exists(session)
  }

  nameOf(session: SessionId): SessionId | Promise<SessionId> {
    if (!isShortName(session)) return session
    return this.repository
      .open()
      .then((there) => (there ? this.checkpoints.history.fullName(session) : session))
  }

  async look(
    session: SessionId,
    where: { branch?: BranchName | undefined; at?: string | undefined },
  ): Promise<Look<CommitInfo> | undefined> {
    const mark = this.checkpoints.mark()
    const found = await this.checkpoints.read(session, where)
    if (found !== undefined) this.#marks.set(found.commit, mark)
    return found
  }

  async resolve(session: SessionId, revision: string): Promise<CommitInfo> {
    return this.checkpoints.history.info(await this.#resolve(session, revision))
  }

  present(commit: CommitInfo, session: SessionId, branch?: BranchName): Checkpoint {
    return this.checkpoints.history.present(commit, session, branch)
  }

  line({ id }: CommitInfo): AsyncIterable<CommitInfo> {
    return this.checkpoints.history.line(id)
  }

  document(commit: CommitInfo, session: SessionId): Promise<JsonObject> {
    const { tree } = commit
    const { objects, copies, lifetime } = this.checkpoints
    const mark = this.#marks.get(commit)
    const keep = mark === undefined ? undefined : { mark, later: lifetime.later.bind(lifetime) }
    return readDocument(objects, tree, session, { copies, keep })
  }

  part(
    { tree }: CommitInfo,
    session: SessionId,
    part: { last?: number; events?: boolean },
  ): Promise<JsonObject> {
    return readPart(this.checkpoints.objects, tree, session, part, this.rules.collections)
  }

  events({ tree }: CommitInfo, session: SessionId, run: string, after: number): Promise<readonly unknown[]> {
    return readEvents(this.checkpoints.objects, tree, session, run, after)
  }

  async unshared(
    from: { commit: CommitInfo; session: SessionId },
    to: { commit: CommitInfo; session: SessionId },
  ): Promise<[UnsharedState, UnsharedState]> {
    const { readDifference } = await import('./difference.ts')
    const [before, after] = [from, to].map(({ commit: { tree }, session }) => ({ tree, session }))
    return readDifference(this.checkpoints.objects, [before!, after!], this.rules.collections)
  }

  prepare(document: JsonObject, check: ItemCheck): Promise<Content<CommitInfo>> {
    return this.#states.prepare(document, check)
  }

  abstract write<T>(
    to: WriteTarget & { files: WorkspaceFiles | undefined },
    decide: (base: Base<CommitInfo>) => Promise<T>,
    landed: (result: T) => void,
  ): Promise<T>

  /** @param snapshot the workspace files to save with the checkpoint */
  protected writeOn<T>(
    { session, branch, tag }: WriteTarget,
    snapshot: Snapshot | undefined,
    decide: (base: Base<CommitInfo>) => Promise<T>,
    landed: (result: T) => void,
  ): Promise<T> {
    const { history } = this.checkpoints
    const withLine = () => {
      const on = branch ?? history.active(session)
      return { branch: on, also: [filesRef(session, on)] }
    }
    return this.checkpoints.write<T>({
      session,
      onto: snapshot === undefined ? { branch } : withLine,
      tag,
      // The store replicates, after the front has updated its positions.
      replicates: false,
      decide: async (writing) => {
        const result = await decide(new GitBase(this.#states, writing, snapshot))
        writing.onPlaced(() => landed(result))
        return result
      },
    })
  }

  async fork(from: SessionId, at: string, to: NewSession): Promise<CommitInfo> {
    const source = await this.#resolve(from, at)
    return forkSession(this.checkpoints, { source, from: await this.nameOf(from), ...to })
  }

  async branches(session: SessionId) {
    await this.#require(session)
    const { history } = this.checkpoints
    return { active: history.active(session), heads: history.branches(session) }
  }

  async tags(session: SessionId): Promise<ReadonlyMap<TagName, CommitId>> {
    await this.#require(session)
    return this.checkpoints.history.tags(session)
  }

  async switch(session: SessionId, branch: BranchName): Promise<void> {
    await this.#require(session)
    await this.checkpoints.refs.switch(session, branch)
  }

  async newBranch(session: SessionId, at: string, branch: BranchName): Promise<CommitInfo> {
    const mark = this.checkpoints.mark()
    const to = await this.#resolve(session, at)
    await this.checkpoints.refs.newBranch(await this.nameOf(session), branch, { to, mark })
    return this.checkpoints.history.info(to)
  }

  async newTag(session: SessionId, at: string, tag: TagName): Promise<CommitId> {
    const mark = this.checkpoints.mark()
    const to = await this.#resolve(session, at)
    await this.checkpoints.refs.newTag(session, tag, { to, mark })
    return to
  }

  delete(session: SessionId): Promise<boolean> {
    return this.checkpoints.refs.deleteSession(session)
  }

  deleteBranch(session: SessionId, branch: BranchName): Promise<boolean> {
    return this.checkpoints.refs.deleteBranch(session, branch)
  }

  deleteTag(session: SessionId, tag: TagName): Promise<boolean> {
    return this.checkpoints.refs.deleteTag(session, tag)
  }

  async #require(session: SessionId): Promise<void> {
    if (!(await this.exists(session))) throw new NotFoundError({ kind: 'session', id: session })
  }

  async #resolve(session: SessionId, revision: string): Promise<CommitId> {
    await this.#require(session)
    await this.bringNamed(session, revision)
    return this.checkpoints.history.resolve(session, revision)
  }

  /** Called before a revision of an existing session is resolved, where its commits may be elsewhere. */
  protected async bringNamed(_session: SessionId, _revision: string): Promise<void> {}
}
