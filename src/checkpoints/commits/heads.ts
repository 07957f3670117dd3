/** Where a session's branches, reserved lines and tags are, read from the repository's refs. */
import { ForkpointError } from '../../errors.ts'
import { peel } from '../../git/database/peel.ts'
import type { Repository } from '../../git/repository.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  type CommitId,
  MAIN,
  type ParsedRef,
  parseRef,
  type RefFolder,
  type RefName,
  type SessionId,
  type TagName,
  tagRef,
  trustedCommit,
} from '../../ids.ts'
import { encodeName, isSameName } from '../../ref-part.ts'

export class Heads {
  readonly repository: Repository

  constructor(repository: Repository) {
    this.repository = repository
  }

  head(session: SessionId, branch: BranchName): CommitId | undefined {
    return this.tip(branchRef(session, branch))
  }

  /** Where a ref points. */
  tip(ref: RefName): CommitId | undefined {
    const id = this.repository.refs.read(ref)
    return id && trustedCommit(id)
  }

  async tagged(session: SessionId, tag: TagName): Promise<CommitId | undefined> {
    const id = this.tip(tagRef(session, tag))
    return id && (await peel(this.repository.objects, id))?.commit
  }

  /** The branch that is meant when none is named: where the symbolic ref points, if that branch exists, else main. */
  active(session: SessionId): BranchName {
    const value = this.repository.refs.readValue(activeRef(session))
    if (value === undefined || !('symbolic' in value)) return MAIN
    const ref = parseRef(value.symbolic)
    if (ref?.kind !== 'branch' || !isSameName(ref.session, session)) return MAIN
    return this.head(session, ref.name) === undefined ? MAIN : ref.name
  }

  /** `active`, for many sessions: which of them have a symbolic ref is looked up once. */
  activeOfMany(): (session: SessionId) => BranchName {
    try {
      const names = new Set(this.repository.refs.looseNames('refs/forkpoint/active/'))
      return (session) => (names.size > 0 && names.has(activeRef(session)) ? this.active(session) : MAIN)
    } catch (error) {
      if (!(error instanceof ForkpointError)) throw error
      // What is wrong is said of each session.
      return (session) => this.active(session)
    }
  }

  /** Branches by name, with their tips. */
  branches(session: SessionId): Map<BranchName, CommitId> {
    return this.#named(`refs/heads/${encodeName(session)}/`, 'branch')
  }

  /** Reserved lines by name, with their tips. */
  lines(session: SessionId): Map<string, CommitId> {
    return this.#named(`refs/heads/${encodeName(session)}/`, 'reserved')
  }

  /** The refs of the session's branches and reserved lines, with their tips. */
  heads(session: SessionId): Map<RefName, CommitId> {
    const heads = new Map<RefName, CommitId>()
    for (const [ref, id] of this.#list(`refs/heads/${encodeName(session)}/`)) {
      const kind = parseRef(ref)?.kind
      if (kind === 'branch' || kind === 'reserved') heads.set(ref, id)
    }
    return heads
  }

  /**
   * Sessions with their branches, in the order of their refs. Throws CorruptError for a ref, or a folder of refs, that cannot
   * be read; with `onBroken` it goes on, and the session that the ref belongs to is among them.
   */
  *sessions(
    onBroken?: (session: SessionId, error: unknown) => void,
  ): Generator<[SessionId, Map<BranchName, CommitId>]> {
    const broken = new Set<SessionId>()
    const skip = (ref: string, error: unknown): void => {
      // A folder of refs stands for what may be in it.
      const parsed = parseRef(ref) ?? parseRef(`${ref}/${MAIN}`)
      if (parsed === undefined || parsed.kind === 'reserved') return
      onBroken?.(parsed.session, error)
      broken.add(parsed.session)
    }
    let session: SessionId | undefined
    let branches = new Map<BranchName, CommitId>()
    for (const [ref, id] of this.repository.refs.entries('refs/heads/', onBroken && skip)) {
      const parsed = parseRef(ref)
      if (parsed?.kind !== 'branch') continue
      if (parsed.session !== session) {
        if (session !== undefined) yield [session, branches]
        session = parsed.session
        branches = new Map()
      }
      branches.set(parsed.name, trustedCommit(id))
      broken.delete(session)
    }
    if (session !== undefined) yield [session, branches]
    for (const session of broken) yield [session, new Map()]
  }

  /** Sessions that have a reserved line of one of these names, whether its ref can be read or not. */
  sessionsBeside(lines: readonly string[]): Set<SessionId> {
    const found = new Set<SessionId>()
    const add = (ref: string): void => {
      const parsed = parseRef(ref)
      if (parsed?.kind === 'reserved' && lines.includes(parsed.name)) found.add(parsed.session)
    }
    for (const ref of this.#list('refs/heads/', add).keys()) add(ref)
    return found
  }

  /** Tags by name; one that somebody else put on something other than a checkpoint is left out. */
  async tags(session: SessionId): Promise<Map<TagName, CommitId>> {
    const found = new Map<TagName, CommitId>()
    for (const [name, id] of this.#named(`refs/tags/${encodeName(session)}/`, 'tag')) {
      const peeled = await peel(this.repository.objects, id)
      if (peeled !== undefined) found.set(name, peeled.commit)
    }
    return found
  }

  /** Whether the session has a branch. */
  exists(session: SessionId): boolean {
    return this.head(session, MAIN) !== undefined || this.branches(session).size > 0
  }

  #named<Kind extends ParsedRef['kind']>(folder: RefFolder, kind: Kind): Map<NameOf<Kind>, CommitId> {
    const found = new Map<NameOf<Kind>, CommitId>()
    for (const [ref, id] of this.#list(folder)) {
      const parsed = parseRef(ref)
      if (parsed?.kind === kind) found.set(parsed.name as NameOf<Kind>, id)
    }
    return found
  }

  /** Refs below a folder. What is below `refs/heads/` leads to commits; a tag may lead to anything. */
  #list(folder: RefFolder, onBroken?: (ref: string, error: unknown) => void): ReadonlyMap<RefName, CommitId> {
    return this.repository.refs.list(folder, onBroken) as Map<RefName, CommitId>
  }
}

type NameOf<Kind extends ParsedRef['kind']> = Extract<ParsedRef, { kind: Kind }>['name']
