/** The refs of a session, made, moved and removed without a new checkpoint; each call in one transaction. */
import { AlreadyExistsError, NotFoundError } from '../errors.ts'
import type { Repository } from '../git/repository.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  type CommitId,
  goneRef,
  MAIN,
  type ObjectId,
  parseRef,
  reservedRef,
  type SessionId,
  type TagName,
  tagRef,
} from '../ids.ts'
import { encodeName, isSameName } from '../ref-part.ts'
import { activeAfterDelete } from './branch-rules.ts'
import type { History } from './commits/history.ts'
import { AGAIN, type Aim, changeLocked, nothing } from './locking.ts'
import { isShared, lastSeen } from './tombstones/sharing.ts'
import { newTombstone, type TombstoneKind } from './tombstones/tombstone.ts'
import { stillStands } from './writing.ts'

/** Where a new ref points, and the purge mark from before that was resolved. */
export interface RefTarget {
  to: CommitId
  mark: string
}

export class SessionRefs {
  readonly #repository: Repository
  readonly #history: History
  readonly #now: () => number
  readonly #gone: (refs: readonly string[]) => void

  /** `gone` is called with refs that were deleted. */
  constructor(history: History, now: () => number, gone: (refs: readonly string[]) => void) {
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
    return this.#deleteRef(session, 'tag', tagRef(session, tag))
  }

  /** Deletes a reserved line; says whether there was one. */
  deleteLine(session: SessionId, line: string): Promise<boolean> {
    return this.#deleteRef(session, 'branch', reservedRef(session, line))
  }

  /** Throws UnsupportedError for the only branch, and for the active one where there is no main. */
  deleteBranch(session: SessionId, branch: BranchName): Promise<boolean> {
    const [ref, active] = [branchRef(session, branch), activeRef(session)]
    return changeLocked(this.#repository, {
      session,
      branch,
      aim: () => {
        const head = this.headElsewhere((other) => other === ref, session)
        const shared = this.#sharedRefs(session, [ref])
        return {
          refs: [ref, active, ...head.map((move) => move.ref), ...shared],
          reaches: false,
          head,
          shared,
        }
      },
      decide: ({ head, shared }, current) => {
        if (current.get(ref) === undefined) return nothing(false)
        const before = this.#history.active(session)
        const after = activeAfterDelete(session, branch, [...this.#history.branches(session).keys()], before)
        return {
          ...this.#deletion(session, 'branch', [ref], shared, current),
          result: true,
          symbolic: [...(after === before ? [] : [{ ref: active, to: null }]), ...head],
        }
      },
    })
  }

  /** Branches, reserved lines, tags and the active branch, in one transaction. */
  deleteSession(session: SessionId): Promise<boolean> {
    type Symbolic = { ref: string; to: string | null }
    return changeLocked<Aim & { own: string[]; shared: string[]; symbolic: Symbolic[] }, boolean>(
      this.#repository,
      {
        session,
        branch: MAIN,
        aim: () => {
          const own = this.refsOf(session)
          const head = this.headElsewhere((ref) => isOf(session, ref))
          const symbolic = [{ ref: activeRef(session), to: null }, ...head]
          const shared = this.#sharedRefs(session, own)
          const refs = [...own, ...symbolic.map(({ ref }) => ref), ...shared]
          return { refs, reaches: false, own, symbolic, shared }
        },
        decide: ({ own, symbolic, shared }, current) => {
          if (this.refsOf(session).some((ref) => !own.includes(ref))) return nothing(AGAIN)
          return {
            ...this.#deletion(session, 'session', own, shared, current),
            result: own.length > 0,
            symbolic,
          }
        },
      },
    )
  }

  #deleteRef(session: SessionId, kind: TombstoneKind, ref: string): Promise<boolean> {
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
  #sharedRefs(session: SessionId, refs: readonly string[]): string[] {
    if (!isShared(this.#repository)) return []
    return [goneRef(session), ...lastSeen(this.#repository.refs, refs)]
  }

  /** The refs go, and what was last seen of them at remotes; where there are remotes, a tombstone names them. */
  #deletion(
    session: SessionId,
    kind: TombstoneKind,
    refs: readonly string[],
    shared: readonly string[],
    current: ReadonlyMap<string, ObjectId | undefined>,
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
    const moves = new Map<string, ObjectId | null>([...refs, ...shared].map((ref) => [ref, null] as const))
    const [tombstone] = objects
    if (tombstone !== undefined) moves.set(gone, tombstone.id)
    else moves.delete(gone)
    return { objects, moves, placed: () => this.#gone(refs) }
  }

  /** Sets a ref that must not exist to a checkpoint of the session, unless that was purged since it was resolved. */
  #newRef(
    ref: string,
    { session, branch, to, mark }: RefTarget & { session: SessionId; branch: string },
    exists: () => Error,
  ): Promise<void> {
    return changeLocked(this.#repository, {
      session,
      branch,
      aim: () => {
        const gone = this.#history.tip(goneRef(session)) === undefined ? [] : [goneRef(session)]
        return { refs: [ref, ...gone], reaches: true }
      },
      decide: async (_, current) => {
        if (current.get(ref) !== undefined) throw exists()
        if (!(await stillStands(this.#history, session, to, mark)))
          throw new NotFoundError({ kind: 'revision', id: to, session })
        const moves = new Map<string, ObjectId>([[ref, to]])
        const grave = current.get(goneRef(session)) as CommitId | undefined
        if (grave === undefined) return { ...nothing(undefined), moves }
        // Deleted before under this name, perhaps at this checkpoint.
        const objects = restoring(session, ref, grave, this.#now())
        return { ...nothing(undefined), objects, moves: moves.set(goneRef(session), objects[0].id) }
      },
    })
  }

  /** Branches, reserved lines and tags. */
  refsOf(session: SessionId): string[] {
    const part = encodeName(session)
    const { refs } = this.#repository
    return [`refs/heads/${part}/`, `refs/tags/${part}/`]
      .flatMap((folder) => [...refs.list(folder).keys()])
      .filter((ref) => parseRef(ref) !== undefined)
  }

  /**
   * HEAD has to point at a branch that stays, so that a plain clone checks something out: one of `near`, if there is
   * one, else of any session.
   */
  headElsewhere(goes: (ref: string) => boolean, near?: SessionId): { ref: string; to: string }[] {
    const head = this.#repository.refs.readValue('HEAD')
    if (head === undefined || !('symbolic' in head) || !goes(head.symbolic)) return []
    const folders = [...(near === undefined ? [] : [`refs/heads/${encodeName(near)}/`]), 'refs/heads/']
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

function isOf(session: SessionId, ref: string): boolean {
  const parsed = parseRef(ref)
  return parsed !== undefined && isSameName(parsed.session, session)
}
