/** The refs of a session, made, moved and removed without a new checkpoint; each call in one transaction. */
import { AlreadyExistsError, NotFoundError } from '../errors.ts'
import type { AnyRepository } from '../git/any-repository.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  type CommitId,
  filesRef,
  goneRef,
  type LockName,
  MAIN,
  type ObjectId,
  parseRef,
  type RefFolder,
  type RefName,
  reservedRef,
  type SessionId,
  type TagName,
  tagRef,
} from '../ids.ts'
import { encodeName, isSameName } from '../ref-part.ts'
import { activeAfterDelete } from './branch-rules.ts'
import type { History } from './commits/history.ts'
import { filesOf, storedFiles } from './files-line.ts'
import { AGAIN, type Aim, changeLocked, nothing } from './locking.ts'
import { isShared, lastSeen } from './tombstones/sharing.ts'
import { newTombstone, type TombstoneKind } from './tombstones/tombstone.ts'
import { trashRefs } from './trash.ts'
import { stillStands } from './writing.ts'

interface DeleteAim extends Aim {
  own: RefName[]
  shared: RefName[]
  symbolic: { ref: RefName; to: RefName | null }[]
  trash: { ref: RefName; from: RefName }[]
}

/** Where a new ref points, and the purge mark from before that was resolved. */
export interface RefTarget {
  to: CommitId
  mark: string
}

interface NewRef extends RefTarget {
  session: SessionId
  branch: string
  /** Another ref that begins with it, where the commit is still there. */
  line?: { ref: RefName; to: CommitId } | undefined
}

export class SessionRefs {
  readonly #repository: AnyRepository
  readonly #history: History<AnyRepository>
  readonly #now: () => number
  readonly #gone: (refs: readonly RefName[]) => void

  /** `gone` is called with refs that were deleted. */
  constructor(history: History<AnyRepository>, now: () => number, gone: (refs: readonly RefName[]) => void) {
    this.#repository = history.repository
    this.#history = history
    this.#now = now
    this.#gone = gone
  }

  /** Moves the active branch. Throws NotFoundError when there is no such branch. */
  switch(session: SessionId, branch: BranchName): Promise<void> {
    const [ref, active] = [branchRef(session, branch), activeRef(session)]
    return changeLocked(this.#repository, {
      session,
      branch,
      aim: () => ({ refs: [ref, active], reaches: false }),
      decide: (_, current) => {
        if (current.get(ref) === undefined) throw new NotFoundError({ kind: 'branch', id: branch, session })
        return { ...nothing(undefined), symbolic: [{ ref: active, to: branch === MAIN ? null : ref }] }
      },
    })
  }

  /**
   * The line of its files begins at those of the checkpoint. Throws AlreadyExistsError, or NotFoundError when the
   * checkpoint was purged meanwhile.
   */
  async newBranch(session: SessionId, branch: BranchName, target: RefTarget): Promise<void> {
    const exists = () => new AlreadyExistsError({ kind: 'branch', id: branch, session })
    const files = await storedFiles(this.#history, filesOf(await this.#history.info(target.to)))
    const line = files && { ref: filesRef(session, branch), to: files.id }
    await this.#newRef(branchRef(session, branch), { ...target, session, branch, line }, exists)
  }

  /** Throws AlreadyExistsError, or NotFoundError when the checkpoint was purged meanwhile. */
  newTag(session: SessionId, tag: TagName, target: RefTarget): Promise<void> {
    const exists = () => new AlreadyExistsError({ kind: 'tag', id: tag, session })
    return this.#newRef(tagRef(session, tag), { ...target, session, branch: MAIN }, exists)
  }

  deleteTag(session: SessionId, tag: TagName): Promise<boolean> {
    return this.#deleteRef(session, 'tag', tagRef(session, tag))
  }

  /** Deletes a reserved line; says whether there was one. */
  deleteLine(session: SessionId, line: string): Promise<boolean> {
    return this.#deleteRef(session, 'branch', reservedRef(session, line))
  }

  /** Branches, reserved lines and tags, by their refs. */
  of(session: SessionId): Map<RefName, ObjectId> {
    const { refs } = this.#repository
    return new Map(
      this.refsOf(session).flatMap((ref) => {
        const id = refs.read(ref)
        return id === undefined ? [] : [[ref, id] as const]
      }),
    )
  }

  /** Throws UnsupportedError for the only branch, and for the active one where there is no main. */
  deleteBranch(session: SessionId, branch: BranchName): Promise<boolean> {
    const [ref, active] = [branchRef(session, branch), activeRef(session)]
    const line = filesRef(session, branch)
    return changeLocked(this.#repository, {
      session,
      branch,
      aim: () => {
        const head = this.headElsewhere((other) => other === ref, session)
        const own = this.#repository.refs.read(line) === undefined ? [ref] : [ref, line]
        const shared = this.#sharedRefs(session, own)
        const refs = [ref, line, active, ...head.map((move) => move.ref), ...shared]
        return { refs, reaches: false, head, shared }
      },
      decide: ({ head, shared }, current) => {
        if (current.get(ref) === undefined) return nothing(false)
        const before = this.#history.active(session)
        const after = activeAfterDelete(session, branch, [...this.#history.branches(session).keys()], before)
        return {
          ...this.#deletion(
            session,
            'branch',
            current.get(line) === undefined ? [ref] : [ref, line],
            shared,
            current,
          ),
          result: true,
          symbolic: [...(after === before ? [] : [{ ref: active, to: null }]), ...head],
        }
      },
    })
  }

  /**
   * Branches, reserved lines, tags and the active branch, in one transaction.
   *
   * @param discardedAt milliseconds: the session goes to the trash, from which it can come back. Default: it does not
   * @param expected the refs of the session, as `of` said before: it stays if they are others now
   */
  deleteSession(
    session: SessionId,
    { discardedAt, expected }: { discardedAt?: number; expected?: ReadonlyMap<RefName, ObjectId> } = {},
  ): Promise<boolean> {
    return changeLocked<DeleteAim, boolean>(this.#repository, {
      session,
      branch: MAIN,
      aim: () => {
        const own = this.refsOf(session)
        const head = this.headElsewhere((ref) => isOf(session, ref))
        const symbolic = [{ ref: activeRef(session), to: null }, ...head]
        const trash = discardedAt === undefined ? [] : this.#trash(session, own, discardedAt)
        const shared = this.#sharedRefs(session, own)
        const refs = [...own, ...symbolic.map(({ ref }) => ref), ...trash.map(({ ref }) => ref), ...shared]
        return { refs, reaches: false, own, symbolic, trash, shared }
      },
      decide: ({ own, symbolic, trash, shared }, current) => {
        if (this.refsOf(session).some((ref) => !own.includes(ref))) return nothing(AGAIN)
        const isOther = own.some((ref) => expected !== undefined && expected.get(ref) !== current.get(ref))
        if (isOther) return nothing(false)
        const kind = expected === undefined ? 'session' : 'pruned'
        const deletion = this.#deletion(session, kind, own, shared, current)
        const kept = trash.map(({ ref, from }) => [ref, current.get(from) ?? null] as const)
        return {
          ...deletion,
          moves: new Map([...deletion.moves, ...kept]),
          result: own.length > 0,
          symbolic,
        }
      },
    })
  }

  #deleteRef(session: SessionId, kind: TombstoneKind, ref: RefName): Promise<boolean> {
    return changeLocked(this.#repository, {
      session,
      branch: MAIN,
      aim: () => {
        const shared = this.#sharedRefs(session, [ref])
        return { refs: [ref, ...shared], reaches: false, shared }
      },
      decide: ({ shared }, current) => ({
        ...this.#deletion(session, kind, [ref], shared, current),
        result: current.get(ref) !== undefined,
      }),
    })
  }

  /** What a deletion moves beside the refs that go, where a remote may have them too. */
  #sharedRefs(session: SessionId, refs: readonly RefName[]): RefName[] {
    if (!isShared(this.#repository)) return []
    return [goneRef(session), ...lastSeen(this.#repository.refs, refs)]
  }

  /** The refs go, and what was last seen of them at remotes; where there are remotes, a tombstone names them. */
  #deletion(
    session: SessionId,
    kind: TombstoneKind,
    refs: readonly RefName[],
    shared: readonly RefName[],
    current: ReadonlyMap<LockName, ObjectId | undefined>,
  ) {
    const gone = goneRef(session)
    const tips = refs.flatMap((ref) => {
      const id = current.get(ref)
      return id === undefined ? [] : [[ref.slice('refs/'.length), id] as const]
    })
    const before = current.get(gone) as CommitId | undefined
    const parents = before === undefined ? [] : [before]
    const objects =
      shared.length > 0 && tips.length > 0
        ? newTombstone({ session, kind, parents, tips, at: this.#now() })
        : []
    const moves = new Map<RefName, ObjectId | null>([...refs, ...shared].map((ref) => [ref, null] as const))
    const [tombstone] = objects
    if (tombstone !== undefined) moves.set(gone, tombstone.id)
    else moves.delete(gone)
    return { objects, moves, placed: () => this.#gone(refs) }
  }

  /** Sets a ref that must not exist to a checkpoint of the session, unless that was purged since it was resolved. */
  #newRef(ref: RefName, { session, branch, to, mark, line }: NewRef, exists: () => Error): Promise<void> {
    return changeLocked(this.#repository, {
      session,
      branch,
      aim: () => {
        const isGone = this.#history.tip(goneRef(session)) !== undefined
        const more = [...(isGone ? [goneRef(session)] : []), ...(line === undefined ? [] : [line.ref])]
        return { refs: [ref, ...more], reaches: true }
      },
      decide: async (_, current) => {
        if (current.get(ref) !== undefined) throw exists()
        if (!(await stillStands(this.#history, session, to, mark)))
          throw new NotFoundError({ kind: 'revision', id: to, session })
        const moves = new Map<RefName, ObjectId>([[ref, to]])
        const begins = line !== undefined && current.get(line.ref) === undefined
        if (begins && (await this.#history.objects.has(line.to))) moves.set(line.ref, line.to)
        const grave = current.get(goneRef(session)) as CommitId | undefined
        if (grave === undefined) return { ...nothing(undefined), moves }
        // Deleted before under this name, perhaps at this checkpoint.
        const objects = restoring(session, ref, grave, this.#now())
        return { ...nothing(undefined), objects, moves: moves.set(goneRef(session), objects[0].id) }
      },
    })
  }

  /** Where each of the session's refs waits in the trash. */
  #trash(session: SessionId, own: readonly RefName[], at: number): { ref: RefName; from: RefName }[] {
    const active = this.#history.active(session)
    return trashRefs(this.#repository, session, own, { at, active })
  }

  /** Branches, reserved lines and tags. */
  refsOf(session: SessionId): RefName[] {
    const part = encodeName(session)
    const { refs } = this.#repository
    return ([`refs/heads/${part}/`, `refs/tags/${part}/`] as const)
      .flatMap((folder) => [...refs.list(folder).keys()])
      .filter((ref) => parseRef(ref) !== undefined)
  }

  /**
   * HEAD has to point at a branch that stays, so that a plain clone checks something out: one of `near`, if there is
   * one, else of any session.
   */
  headElsewhere(goes: (ref: RefName) => boolean, near?: SessionId): { ref: RefName; to: RefName }[] {
    const head = this.#repository.refs.readValue('HEAD')
    if (head === undefined || !('symbolic' in head) || !goes(head.symbolic)) return []
    const own: RefFolder[] = near === undefined ? [] : [`refs/heads/${encodeName(near)}/`]
    const folders: RefFolder[] = [...own, 'refs/heads/']
    for (const ref of folders.flatMap((folder) => [...this.#repository.refs.list(folder, passOver).keys()])) {
      if (parseRef(ref)?.kind === 'branch' && !goes(ref)) return [{ ref: 'HEAD', to: ref }]
    }
    return []
  }
}

/** A tombstone that says that the ref is there again. */
export const restoring = (session: SessionId, ref: string, grave: CommitId, at: number) =>
  newTombstone({
    session,
    kind: 'restored',
    parents: [grave],
    tips: [[ref.slice('refs/'.length), grave]],
    at,
  })

/** Another session's damaged ref is that session's trouble. */
const passOver = (): void => undefined

function isOf(session: SessionId, ref: RefName): boolean {
  const parsed = parseRef(ref)
  return parsed !== undefined && isSameName(parsed.session, session)
}
