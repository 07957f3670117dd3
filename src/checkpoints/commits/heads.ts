/** Reads a session's branches, reserved lines and tags from the repository's refs and archives. */
import { ForkpointError } from '../../errors.ts'
import type { AnyRepository } from '../../git/any-repository.ts'
import { peel } from '../../git/database/peel.ts'
import type { Repository } from '../../git/repository.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  type CommitId,
  MAIN,
  type ObjectId,
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
import type { Archive } from './archive.ts'
import { Archives } from './archives.ts'

/** All refs below `refs/heads/`, from one look at the disk, and what is wrong with those that cannot be read. */
export interface HeadListing {
  readonly entries: readonly (readonly [RefName, ObjectId])[]
  readonly broken: readonly (readonly [ref: string, error: unknown])[]
}

export class Heads<R extends AnyRepository = Repository> {
  readonly repository: R

  /** Sessions that have no refs of their own. */
  readonly archives: Archives

  constructor(repository: R) {
    this.repository = repository
    this.archives = new Archives(repository)
  }

  head(session: SessionId, branch: BranchName): CommitId | undefined {
    return this.tip(branchRef(session, branch))
  }

  /** Returns where a ref points or, if the session is archived, where it pointed. `archives`: as `readable` returned them. */
  tip(ref: RefName, archives?: readonly Archive[]): CommitId | undefined {
    const { refs } = this.repository
    const id = refs.read(ref)
    if (id !== undefined) return trustedCommit(id)
    const parsed = parseRef(ref)
    if (parsed === undefined || parsed.kind === 'active') return undefined
    // Looks among the refs again, because the session may leave the archive in between.
    return (
      this.archives.of(parsed.session, archives)?.refs.get(ref) ?? (refs.read(ref) as CommitId | undefined)
    )
  }

  /** Returns the refs of a session, including archived ones. `archives`: as `readable` returned them. */
  refsOf(
    session: SessionId,
    archives: readonly Archive[] = this.archives.readable(),
  ): Map<RefName, ObjectId> {
    const part = encodeName(session)
    const all = (['heads', 'tags'] as const).flatMap((kind) => [
      ...this.#list(`refs/${kind}/${part}/`, undefined, archives),
    ])
    return new Map(all.filter(([ref]) => parseRef(ref)))
  }

  /** Lists all refs below `refs/heads/`, for several methods that need them. */
  listHeads(): HeadListing {
    const broken: [string, unknown][] = []
    const entries = [
      ...this.repository.refs.entries('refs/heads/', (ref, error) => void broken.push([ref, error])),
    ]
    return { entries, broken }
  }

  /**
   * As `refsOf`, for all sessions: by the part of a ref that encodes the session's id. `broken` has the parts of sessions
   * with a ref that cannot be read. Throws CorruptError for other refs.
   */
  refsOfAll(heads: HeadListing): { refs: Map<string, Map<RefName, ObjectId>>; broken: Set<string> } {
    const refs = new Map<string, Map<RefName, ObjectId>>()
    const broken = new Set<string>()
    const skip = (ref: string, error: unknown): void => {
      const part = ref.split('/')[2]
      if (part === undefined) throw error
      broken.add(part)
    }
    const add = (ref: RefName, id: ObjectId): void => {
      if (parseRef(ref) === undefined) return
      const part = ref.split('/')[2]!
      const own = refs.get(part)
      if (own === undefined) refs.set(part, new Map([[ref, id]]))
      else own.set(ref, id)
    }
    for (const one of this.archives.sessions(() => undefined).values())
      for (const [ref, id] of one.refs) add(ref, id)
    for (const [ref, error] of heads.broken) skip(ref, error)
    for (const [ref, id] of heads.entries) add(ref, id)
    for (const [ref, id] of this.repository.refs.entries('refs/tags/', skip)) add(ref, id)
    return { refs, broken }
  }

  /** Returns whether the session exists only in archives. `archives`: as `readable` returned them. */
  isArchived(session: SessionId, archives?: readonly Archive[]): boolean {
    const folder: RefFolder = `refs/heads/${encodeName(session)}/`
    return this.repository.refs.list(folder).size === 0 && this.archives.of(session, archives) !== undefined
  }

  async tagged(session: SessionId, tag: TagName): Promise<CommitId | undefined> {
    const id = this.tip(tagRef(session, tag))
    return id && (await peel(this.repository.objects, id))?.commit
  }

  /**
   * Returns the branch that is used if none is named: where the symbolic ref points, if that branch exists, else
   * `main`.
   *
   * @param archives as `readable` returned them
   */
  active(session: SessionId, archives?: readonly Archive[]): BranchName {
    const value = this.repository.refs.readValue(activeRef(session))
    const target =
      value === undefined
        ? this.archives.of(session, archives)?.active
        : 'symbolic' in value
          ? value.symbolic
          : undefined
    return target === undefined ? MAIN : this.#branchOf(session, target, archives)
  }

  /** Returns the branch with this ref if the session has it, else `main`. */
  #branchOf(session: SessionId, target: RefName, archives?: readonly Archive[]): BranchName {
    const ref = parseRef(target)
    if (ref?.kind !== 'branch' || !isSameName(ref.session, session)) return MAIN
    return this.tip(branchRef(session, ref.name), archives) === undefined ? MAIN : ref.name
  }

  /** As `active`, for many sessions: finds out once which of them have a symbolic ref, and what archives hold. */
  activeOfMany(): (session: SessionId) => BranchName {
    try {
      const names = new Set(this.repository.refs.looseNames('refs/forkpoint/active/'))
      const archives = this.archives.readable()
      return (session) => {
        if (names.has(activeRef(session))) return this.active(session)
        const target = this.archives.of(session, archives)?.active
        return target === undefined ? MAIN : this.#branchOf(session, target, archives)
      }
    } catch (error) {
      if (!(error instanceof ForkpointError)) throw error
      // The error is thrown for each session that is asked for.
      return (session) => this.active(session)
    }
  }

  /** Returns the tips of branches, by name. */
  branches(session: SessionId): Map<BranchName, CommitId> {
    return this.#named(`refs/heads/${encodeName(session)}/`, 'branch')
  }

  /** Returns the tips of reserved lines, by name. */
  lines(session: SessionId): Map<string, CommitId> {
    return this.#named(`refs/heads/${encodeName(session)}/`, 'reserved')
  }

  /** Returns the tips of the session's branches and reserved lines, by ref. */
  heads(session: SessionId): Map<RefName, CommitId> {
    const heads = new Map<RefName, CommitId>()
    for (const [ref, id] of this.#list(`refs/heads/${encodeName(session)}/`)) {
      const kind = parseRef(ref)?.kind
      if (kind === 'branch' || kind === 'reserved') heads.set(ref, id)
    }
    return heads
  }

  /**
   * Yields sessions with their branches, in the order of their refs. Throws CorruptError for an unreadable ref or
   * folder of refs; with `onBroken`, calls that and continues, and the session of such a ref is yielded as well.
   *
   * @param heads default: listed now
   */
  *sessions(
    onBroken?: (session: SessionId, error: unknown) => void,
    heads?: HeadListing,
  ): Generator<[SessionId, Map<BranchName, CommitId>]> {
    const broken = new Set<SessionId>()
    const skip = (ref: string, error: unknown): void => {
      // An unreadable folder of refs is treated as a session, because it may contain branches.
      const parsed = parseRef(ref) ?? parseRef(`${ref}/${MAIN}`)
      if (parsed === undefined || parsed.kind === 'reserved') return
      onBroken?.(parsed.session, error)
      broken.add(parsed.session)
    }
    let session: SessionId | undefined
    let branches = new Map<BranchName, CommitId>()
    for (const [ref, error] of heads?.broken ?? []) {
      if (onBroken === undefined) throw error
      skip(ref, error)
    }
    const entries = heads?.entries ?? this.repository.refs.entries('refs/heads/', onBroken && skip)
    for (const [ref, id] of entries) {
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

  /**
   * Yields archived sessions with their branches, in the order of their refs. Leaves out sessions that also have a
   * branch outside of archives.
   */
  *archivedSessions(
    onBroken?: (ref: RefName, error: unknown) => void,
    heads?: HeadListing,
  ): Generator<[SessionId, Map<BranchName, CommitId>]> {
    const archived = this.archives.sessions(onBroken)
    const live = new Set<string | undefined>()
    if (archived.size > 0)
      for (const [ref] of (heads ?? this.listHeads()).entries) live.add(ref.split('/')[2])
    for (const [part, { session, refs }] of archived) {
      if (live.has(part)) continue
      const branches = new Map<BranchName, CommitId>()
      for (const [ref, id] of refs) {
        const parsed = parseRef(ref)
        if (parsed?.kind === 'branch') branches.set(parsed.name, id)
      }
      if (branches.size > 0) yield [session, branches]
    }
  }

  /**
   * Returns all refs below `refs/` or `refs/heads/`, those of other tools and archived ones included. `onBroken` as in
   * `sessions`.
   */
  everyRef(
    folder: 'refs/' | 'refs/heads/',
    onBroken?: (ref: string, error: unknown) => void,
  ): Map<RefName, ObjectId> {
    const archived = [...this.archives.sessions(onBroken).values()].flatMap(({ refs }) => [...refs])
    return new Map([
      ...archived.filter(([ref]) => ref.startsWith(folder)),
      ...this.repository.refs.list(folder, onBroken),
    ])
  }

  /** Returns the sessions that have a reserved line of one of these names, even if its ref is unreadable. */
  sessionsBeside(lines: readonly string[]): Set<SessionId> {
    const found = new Set<SessionId>()
    const add = (ref: string): void => {
      const parsed = parseRef(ref)
      if (parsed?.kind === 'reserved' && lines.includes(parsed.name)) found.add(parsed.session)
    }
    for (const ref of this.#list('refs/heads/', add).keys()) add(ref)
    return found
  }

  /** Returns tags by name; leaves out tags that do not lead to a commit. */
  async tags(session: SessionId): Promise<Map<TagName, CommitId>> {
    const found = new Map<TagName, CommitId>()
    for (const [name, id] of this.#named(`refs/tags/${encodeName(session)}/`, 'tag')) {
      const peeled = await peel(this.repository.objects, id)
      if (peeled !== undefined) found.set(name, peeled.commit)
    }
    return found
  }

  /**
   * Returns whether the session has a branch. Throws CorruptError if that is unknown because an archive is unreadable.
   */
  exists(session: SessionId): boolean {
    if (this.repository.refs.read(branchRef(session, MAIN)) !== undefined) return true
    if (this.branches(session).size > 0) return true
    this.archives.throwIfBroken()
    return false
  }

  #named<Kind extends ParsedRef['kind']>(folder: RefFolder, kind: Kind): Map<NameOf<Kind>, CommitId> {
    const found = new Map<NameOf<Kind>, CommitId>()
    for (const [ref, id] of this.#list(folder)) {
      const parsed = parseRef(ref)
      if (parsed?.kind === kind) found.set(parsed.name as NameOf<Kind>, id)
    }
    return found
  }

  /** Returns the refs below a folder. Refs below `refs/heads/` name commits; a tag may name any object. */
  #list(
    folder: RefFolder,
    onBroken?: (ref: string, error: unknown) => void,
    archives?: readonly Archive[],
  ): ReadonlyMap<RefName, CommitId> {
    const list = () => this.repository.refs.list(folder, onBroken) as Map<RefName, CommitId>
    const session = parseRef(`${folder}${MAIN}`)?.session
    const listed = list()
    const archived = session === undefined ? undefined : this.archives.of(session, archives)?.refs
    if (archived === undefined) return listed.size > 0 || session === undefined ? listed : list()
    const all = [...archived, ...listed].filter(([ref]) => ref.startsWith(folder))
    return new Map(
      all.sort(([a], [b]) => (a < b ? -1 : 1)).filter(([ref, id]) => (listed.get(ref) ?? id) === id),
    )
  }
}

type NameOf<Kind extends ParsedRef['kind']> = Extract<ParsedRef, { kind: Kind }>['name']
