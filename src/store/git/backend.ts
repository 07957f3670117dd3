/** The backend of a git store: a repository on a disk. */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import type { Repository } from '../../git/repository.ts'
import type { CommitId, SessionId } from '../../ids.ts'
import { WorkspaceFiles } from '../../workspace/workspace-files.ts'
import type { Backend, Base } from '../backend.ts'
import type { DocumentRules } from '../document.ts'
import type { MaintainOptions, SessionSummary, Supports, VerifyReport } from '../session-store.ts'
import { StaleSnapshot } from './base.ts'
import { CommitBackend, type WriteTarget } from './commit-backend.ts'
import { KnownSessions } from './listing/known-sessions.ts'
import { listSessions } from './listing/list.ts'
import type { GitMaintainReport, GitStoreStats } from './maintain.ts'
import type { GitListOptions } from './options.ts'

/** How often a snapshot is taken again because other processes have moved its line. */
const ROUNDS = 5

// Rarely used modules are loaded on first use, so that a program that only saves and resumes starts faster.
export class GitBackend extends CommitBackend<Repository> implements Backend<CommitInfo> {
  readonly supports: Supports = {
    history: true,
    branches: true,
    patch: true,
    persistent: true,
    keys: true,
    files: true,
    switch: true,
  }
  readonly #isShared: boolean

  /** @param isShared whether another store closes the repository */
  constructor(repository: Repository, checkpoints: Checkpoints, rules: DocumentRules, isShared: boolean) {
    super(repository, checkpoints, rules)
    this.#isShared = isShared
  }

  override async write<T>(
    { files, ...to }: WriteTarget & { files: WorkspaceFiles | undefined },
    decide: (base: Base<CommitInfo>) => Promise<T>,
    landed: (result: T) => void,
  ): Promise<T> {
    if (files === undefined) return this.writeOn(to, undefined, decide, landed)
    if (!(files instanceof WorkspaceFiles))
      throw new TypeError("'files' has to be what store.files(folder) returns")
    for (let round = 0; ; round++) {
      const snapshot = await files.take(to.session, to.branch)
      try {
        return await this.writeOn(to, snapshot, decide, landed)
      } catch (error) {
        if (!(error instanceof StaleSnapshot) || round === ROUNDS) throw error
      }
    }
  }

  async *list(options: GitListOptions): AsyncGenerator<SessionSummary> {
    // Who lists may save what is missing, so a save that a dead process has made durable has to be in the list.
    if (!(await this.checkpoints.openFinished())) return
    const before = new KnownSessions(this.repository, this.rules, options.archived)
    yield* listSessions(this.checkpoints.history, options, this.rules, before)
  }

  async verify(
    session: SessionId | undefined,
    onProgress: MaintainOptions['onProgress'],
  ): Promise<VerifyReport> {
    if (session === undefined && !(await this.repository.open()))
      return { ok: true, checkpoints: 0, objects: 0, problems: [] }
    const { verifySessions } = await import('./verify.ts')
    return verifySessions(this.repository, session, onProgress)
  }

  async maintain(options: MaintainOptions): Promise<GitMaintainReport> {
    const { maintainRepository } = await import('./maintain.ts')
    return maintainRepository(this.repository, options)
  }

  async stats(): Promise<GitStoreStats> {
    const { repositoryStats } = await import('./maintain.ts')
    return repositoryStats(this.repository)
  }

  async patch(from: CommitId, to: CommitId): Promise<string> {
    const { patchBetween } = await import('../../git/upkeep/native/patch.ts')
    return patchBetween(this.repository, from, to)
  }

  async close(): Promise<void> {
    if (!this.#isShared) await this.repository.close()
  }
}
