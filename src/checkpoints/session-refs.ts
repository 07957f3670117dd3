/** The refs of a session, made, moved and removed without a new checkpoint; each call in one transaction. */
import { AlreadyExistsError, NotFoundError } from '../errors.ts'
import type { AnyRepository } from '../git/any-repository.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  type CommitId,
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
import { AGAIN, type Aim, changeLocked, nothing } from './locking.ts'
import { trashRefs } from './trash.ts'
import { stillStands } from './writing.ts'

interface DeleteAim extends Aim {
  own: RefName[]
  symbolic: { ref: RefName; to: RefName | null }[]
  trash: { ref: RefName; from: RefName }[]
}

/** Where a new ref points, and the purge mark from before that was resolved. */
export interface RefTarget {
  to: CommitId
  mark: string
}

export class SessionRefs {
  readonly #repository: AnyRepository
  readonly #history: History
  readonly #gone: (refs: readonly RefName[]) => void

  /** `gone` is called with refs that were deleted. */
  constructor(repository: AnyRepository, history: History, gone: (refs: readonly RefName[]) => void) {
    this.#repository = repository
    this.#history = history
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

  /** Throws AlreadyExistsError, or NotFoundError when the checkpoint was purged meanwhile. */
  newBranch(session: SessionId, branch: BranchName, target: RefTarget): Promise<void> {
    const exists = () => new AlreadyExistsError({ kind: 'branch', id: branch, session })
    return this.#newRef(branchRef(session, branch), { ...target, session, branch }, exists)
  }

  /** Throws AlreadyExistsError, or NotFoundError when the checkpoint was purged meanwhile. */
  newTag(session: SessionId, tag: TagName, target: RefTarget): Promise<void> {
    const exists = () => new AlreadyExistsError({ kind: 'tag', id: tag, session })
    return this.#newRef(tagRef(session, tag), { ...target, session, branch: MAIN }, exists)
  }

  deleteTag(session: SessionId, tag: TagName): Promise<boolean> {
    return this.#deleteRef(session, tagRef(session, tag))
  }

  /** Deletes a reserved line; says whether there was one. */
  deleteLine(session: SessionId, line: string): Promise<boolean> {
    return this.#deleteRef(session, reservedRef(session, line))
  }

  /** Branches, reserved lines and tags, by their refs. */
  of(session: SessionId): Map<RefName, ObjectId> {
    const { refs } = this.#repository
    return new Map(
      this.#refsOf(session).flatMap((ref) => {
        const id = refs.read(ref)
        return id === undefined ? [] : [[ref, id] as const]
      }),
    )
  }

  /** Throws UnsupportedError for the only branch, and for the active one where there is no main. */
  deleteBranch(session: SessionId, branch: BranchName): Promise<boolean> {
    const [ref, active] = [branchRef(session, branch), activeRef(session)]
    return changeLocked(this.#repository, {
      session,
      branch,
      aim: () => {
        const head = this.#headElsewhere((other) => other === ref, session)
        return { refs: [ref, active, ...head.map((move) => move.ref)], reaches: false, head }
      },
      decide: ({ head }, current) => {
        if (current.get(ref) === undefined) return nothing(false)
        const before = this.#history.active(session)
        const after = activeAfterDelete(session, branch, [...this.#history.branches(session).keys()], before)
        return {
          ...nothing(true),
          moves: new Map([[ref, null]]),
          symbolic: [...(after === before ? [] : [{ ref: active, to: null }]), ...head],
          placed: () => this.#gone([ref]),
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
        const own = this.#refsOf(session)
        const head = this.#headElsewhere((ref) => isOf(session, ref))
        const symbolic = [{ ref: activeRef(session), to: null }, ...head]
        const trash = discardedAt === undefined ? [] : this.#trash(session, own, discardedAt)
        const refs = [...own, ...symbolic.map(({ ref }) => ref), ...trash.map(({ ref }) => ref)]
        return { refs, reaches: false, own, symbolic, trash }
      },
      decide: ({ own, symbolic, trash }, current) => {
        if (this.#refsOf(session).some((ref) => !own.includes(ref))) return nothing(AGAIN)
        const isOther = own.some((ref) => expected !== undefined && expected.get(ref) !== current.get(ref))
        if (isOther) return nothing(false)
        const gone = own.map((ref) => [ref, null] as const)
        const kept = trash.map(({ ref, from }) => [ref, current.get(from) ?? null] as const)
        return {
          ...nothing(own.length > 0),
          moves: new Map<RefName, ObjectId | null>([...gone, ...kept]),
          symbolic,
          placed: () => this.#gone(own),
        }
      },
    })
  }

  #deleteRef(session: SessionId, ref: RefName): Promise<boolean> {
    return changeLocked(this.#repository, {
      session,
      branch: MAIN,
      aim: () => ({ refs: [ref], reaches: false }),
      decide: (_, current) => ({
        ...nothing(current.get(ref) !== undefined),
        moves: new Map([[ref, null]]),
        placed: () => this.#gone([ref]),
      }),
    })
  }

  /** Sets a ref that must not exist to a checkpoint of the session, unless that was purged since it was resolved. */
  #newRef(
    ref: RefName,
    { session, branch, to, mark }: RefTarget & { session: SessionId; branch: string },
    exists: () => Error,
  ): Promise<void> {
    return changeLocked(this.#repository, {
      session,
      branch,
      aim: () => ({ refs: [ref], reaches: true }),
      decide: async (_, current) => {
        if (current.get(ref) !== undefined) throw exists()
        if (!(await stillStands(this.#history, session, to, mark)))
          throw new NotFoundError({ kind: 'revision', id: to, session })
        return { ...nothing(undefined), moves: new Map([[ref, to]]) }
      },
    })
  }

  /** Where each of the session's refs waits in the trash. */
  #trash(session: SessionId, own: readonly RefName[], at: number): { ref: RefName; from: RefName }[] {
    const active = this.#history.active(session)
    return trashRefs(this.#repository, session, own, { at, active })
  }

  #refsOf(session: SessionId): RefName[] {
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
  #headElsewhere(goes: (ref: RefName) => boolean, near?: SessionId): { ref: RefName; to: RefName }[] {
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

/** Another session's damaged ref is that session's trouble. */
const passOver = (): void => undefined

function isOf(session: SessionId, ref: RefName): boolean {
  const parsed = parseRef(ref)
  return parsed !== undefined && isSameName(parsed.session, session)
}
