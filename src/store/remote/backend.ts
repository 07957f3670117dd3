/** The backend of sessions on a git server: it asks the server first, then works as on a repository on a disk. */

import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import type { HostedRepository } from '../../git/hosted/repository.ts'
import {
  type BranchName,
  FOLDED,
  goneRef,
  parseRef,
  type RefFolder,
  rewrittenRef,
  type SessionId,
  trustedCommit,
} from '../../ids.ts'
import { encodeName, isShortName } from '../../ref-part.ts'
import type { Backend, Base, Look, NewSession } from '../backend.ts'
import { CommitBackend, type WriteTarget } from '../git/commit-backend.ts'
import { listSessions } from '../git/listing/list.ts'
import type {
  ListOptions,
  MaintainOptions,
  MaintainReport,
  SessionSummary,
  StoreStats,
  Supports,
  VerifyReport,
} from '../session-store.ts'
import { Findings } from '../verify/findings.ts'
import { reportOf, verifyRefs } from '../verify/refs.ts'

export class RemoteBackend extends CommitBackend<HostedRepository> implements Backend<CommitInfo> {
  readonly supports: Supports = {
    history: true,
    branches: true,
    patch: false,
    persistent: true,
    keys: true,
    switch: false,
    files: false,
  }

  override async exists(session: SessionId): Promise<boolean> {
    await this.#see(session)
    return super.exists(session)
  }

  override async nameOf(session: SessionId): Promise<SessionId> {
    if (!isShortName(session)) return session
    await this.#see(session)
    return super.nameOf(session)
  }

  override async look(
    session: SessionId,
    where: { branch?: BranchName | undefined; at?: string | undefined },
  ): Promise<Look<CommitInfo> | undefined> {
    await this.#bring(session, where.branch)
    await this.bringNamed(session, where.at)
    return super.look(session, where)
  }

  async write<T>(
    to: WriteTarget,
    decide: (base: Base<CommitInfo>) => Promise<T>,
    landed: (result: T) => void,
  ): Promise<T> {
    // Refs as last seen are enough: the server rejects the write if they are outdated.
    if (!this.repository.refs.knows(foldersOf(to.session)[0]!)) await this.#bring(to.session, to.branch)
    return this.writeOn(to, undefined, decide, landed)
  }

  override async fork(from: SessionId, at: string, to: NewSession): Promise<CommitInfo> {
    await this.#see(to.session)
    return super.fork(from, at, to)
  }

  async *list(options: ListOptions): AsyncGenerator<SessionSummary> {
    const { history } = this.checkpoints
    await this.repository.look(ALL)
    const tips = [...history.sessions()].flatMap(
      ([session, branches]) => branches.get(history.active(session)) ?? [...branches.values()].slice(0, 1),
    )
    await this.repository.bring(tips)
    yield* listSessions(history, options, this.rules, { find: () => undefined, keep: () => undefined })
  }

  async verify(
    session: SessionId | undefined,
    onProgress: MaintainOptions['onProgress'],
  ): Promise<VerifyReport> {
    const repository = this.repository
    await repository.look(session === undefined ? ['refs/'] : foldersOf(session))
    const { objects } = repository
    objects.forget()
    const findings = new Findings(objects)
    const folders: readonly RefFolder[] = session === undefined ? ['refs/'] : foldersOf(session)
    const refs = folders.flatMap((folder) =>
      [...repository.refs.list(folder)].map(([name, id]) => ({ name, id, parsed: parseRef(name) })),
    )
    const checkpoints = await verifyRefs({ repository, findings, refs }, onProgress)
    return reportOf(findings, checkpoints)
  }

  /** Does nothing: a server maintains itself. */
  async maintain({ onProgress }: MaintainOptions): Promise<MaintainReport> {
    onProgress?.({ phase: 'done', done: 1, total: 1 })
    return { bytesBefore: 0, bytesAfter: 0 }
  }

  async stats(): Promise<StoreStats> {
    await this.repository.look(ALL)
    const parsed = [...this.repository.refs.list('refs/').keys()].map((ref) => parseRef(ref))
    const branches = parsed.filter((one) => one?.kind === 'branch')
    return {
      sessions: new Set(branches.map((one) => one!.session)).size,
      branches: branches.length,
      tags: parsed.filter((one) => one?.kind === 'tag').length,
      bytes: 0,
    }
  }

  async close(): Promise<void> {}

  /** Asks the server for the sessions' refs. */
  async #see(...sessions: readonly SessionId[]): Promise<void> {
    await this.repository.look(sessions.flatMap((session) => foldersOf(session)))
  }

  /** Fetches all commits of the session if the revision may be an abbreviated id, which needs all ids. */
  protected override async bringNamed(session: SessionId, revision: string | undefined): Promise<void> {
    if (!/^[0-9a-f]{4,39}(?:[~^]|$)/.test(revision ?? '')) return
    const { history } = this.checkpoints
    await history.reachable([
      ...history.branches(session).values(),
      ...(await history.tags(session)).values(),
    ])
  }

  /** Asks for the refs, and fetches what the branch, or the active branch, reaches. */
  async #bring(session: SessionId, branch: BranchName | undefined): Promise<void> {
    const { history } = this.checkpoints
    const before = [...history.branches(session).values()]
    await this.#see(session)
    const tip = history.head(session, branch ?? history.active(session))
    if (tip !== undefined) return this.repository.bring([tip], before)
    // A new session continues the tombstone of a deleted one, which may be folded.
    const { refs } = this.repository
    const folded = refs.read(goneRef(session)) === undefined ? refs.read(FOLDED) : undefined
    if (folded !== undefined) await this.repository.bring([trustedCommit(folded)])
  }
}

const ALL: readonly RefFolder[] = ['refs/heads/', 'refs/tags/']

/** Branches, tags, the tombstone (which may be folded) and the map of rewritten checkpoints of a session. */
const foldersOf = (session: SessionId): RefFolder[] => [
  `refs/heads/${encodeName(session)}/`,
  `refs/tags/${encodeName(session)}/`,
  goneRef(session) as RefFolder,
  FOLDED as RefFolder,
  rewrittenRef(session) as RefFolder,
]
