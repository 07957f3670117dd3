/** Creates, moves and deletes the refs of a session without a new checkpoint; each call is one transaction. */
import { AlreadyExistsError, NotFoundError } from '../errors.ts'
import type { AnyRepository } from '../git/any-repository.ts'
import type { NewObject } from '../git/objects/object.ts'
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
import { stillStands } from './commits/still-stands.ts'
import { filesOf, storedFiles } from './files-line.ts'
import { AGAIN, type Aim, changeLocked, nothing } from './locking/locking.ts'
import { tombstoneOf } from './tombstones/folded.ts'
import { isShared, lastSeen, seenBefore } from './tombstones/sharing.ts'
import { newTombstone, type TombstoneKind } from './tombstones/tombstone.ts'
import { trashRefs } from './trash.ts'

interface DeleteAim extends Aim {
  own: RefName[]
  shared: RefName[]
  symbolic: { ref: RefName; to: RefName | null }[]
  trash: { ref: RefName; from: RefName }[]
}

/** The target of a new ref, and the purge mark from before it was resolved. */
export interface RefTarget {
  to: CommitId
  mark: string
}

interface NewRef extends RefTarget {
  session: SessionId
  branch: string
  /** Another ref to create, if it is missing and its commit is still stored. */
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

  /** Makes a branch the active one. Throws NotFoundError if there is no such branch. */
  switch(session: SessionId, branch: BranchName): Promise<void> {
    const [ref, active] = [branchRef(session, branch), activeRef(session)]
    return changeLocked(this.#history, {
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
   * Creates a branch, whose files line begins at the files of the checkpoint. Throws AlreadyExistsError, or
   * NotFoundError if the checkpoint was purged in the meantime.
   */
  async newBranch(session: SessionId, branch: BranchName, target: RefTarget): Promise<void> {
    const exists = () => new AlreadyExistsError({ kind: 'branch', id: branch, session })
    const files = await storedFiles(this.#history, filesOf(await this.#history.info(target.to)))
    const line = files && { ref: filesRef(session, branch), to: files.id }
    await this.#newRef(branchRef(session, branch), { ...target, session, branch, line }, exists)
  }

  /** Creates a tag. Throws AlreadyExistsError, or NotFoundError if the checkpoint was purged in the meantime. */
  newTag(session: SessionId, tag: TagName, target: RefTarget): Promise<void> {
    const exists = () => new AlreadyExistsError({ kind: 'tag', id: tag, session })
    return this.#newRef(tagRef(session, tag), { ...target, session, branch: MAIN }, exists)
  }

  deleteTag(session: SessionId, tag: TagName): Promise<boolean> {
    return this.#deleteRef(session, 'tag', tagRef(session, tag))
  }

  /** Deletes a reserved line; returns whether it existed. */
  deleteLine(session: SessionId, line: string): Promise<boolean> {
    return this.#deleteRef(session, 'branch', reservedRef(session, line))
  }

  /** Returns the values of the session's branches, reserved lines and tags, by ref. */
  of(session: SessionId): Map<RefName, ObjectId> {
    return this.#history.refsOf(session)
  }

  /** Brings sessions back from archives, in one change. Returns whether an archive held one of them. */
  unarchive(session: SessionId, ...beside: readonly SessionId[]): Promise<boolean> {
    const { archives } = this.#history
    const archived = () => {
      const all = archives.readable()
      return [session, ...beside].flatMap((one) => [...(archives.of(one, all)?.refs.keys() ?? [])])
    }
    return changeLocked(this.#history, {
      session,
      beside,
      branch: MAIN,
      aim: () => ({ refs: archived(), reaches: true, frees: true }),
      decide: (_, current) => {
        const moves = new Map(archived().map((ref) => [ref, current.get(ref) ?? null]))
        return { ...nothing(moves.size > 0), moves }
      },
    })
  }

  /**
   * Deletes a branch and its files line; returns whether the branch existed. Throws UnsupportedError for the only
   * branch, and for the active one if there is no `main`.
   */
  deleteBranch(session: SessionId, branch: BranchName): Promise<boolean> {
    const [ref, active] = [branchRef(session, branch), activeRef(session)]
    const line = filesRef(session, branch)
    return changeLocked(this.#history, {
      session,
      branch,
      aim: () => {
        const head = this.headElsewhere((other) => other === ref, session)
        const own = this.#history.tip(line) === undefined ? [ref] : [ref, line]
        const shared = this.#sharedRefs(session, own)
        const refs = [ref, line, active, ...head.map((move) => move.ref), ...shared]
        return { refs, reaches: false, frees: true, head, shared }
      },
      decide: async ({ head, shared }, current) => {
        if (current.get(ref) === undefined) return nothing(false)
        const before = this.#history.active(session)
        const after = activeAfterDelete(session, branch, [...this.#history.branches(session).keys()], before)
        return {
          ...(await this.#deletion(
            session,
            'branch',
            current.get(line) === undefined ? [ref] : [ref, line],
            shared,
            current,
          )),
          result: true,
          symbolic: [...(after === before ? [] : [{ ref: active, to: null }]), ...head],
        }
      },
    })
  }

  /**
   * Deletes a session's branches, reserved lines, tags and active branch, in one transaction; returns whether there
   * were any.
   *
   * @param discardedAt milliseconds; the session moves to the trash, from which it can be restored. Default: it does
   * not
   * @param expected the refs of the session, as `of` returned them; nothing is deleted if they have changed since
   */
  deleteSession(
    session: SessionId,
    { discardedAt, expected }: { discardedAt?: number; expected?: ReadonlyMap<RefName, ObjectId> } = {},
  ): Promise<boolean> {
    return changeLocked<DeleteAim, boolean>(this.#history, {
      session,
      branch: MAIN,
      aim: () => {
        const own = this.refsOf(session)
        const head = this.headElsewhere((ref) => isOf(session, ref))
        const symbolic = [{ ref: activeRef(session), to: null }, ...head]
        const trash = discardedAt === undefined ? [] : this.#trash(session, own, discardedAt)
        const shared = this.#sharedRefs(session, own)
        const refs = [...own, ...symbolic.map(({ ref }) => ref), ...trash.map(({ ref }) => ref), ...shared]
        return { refs, reaches: false, frees: true, own, symbolic, trash, shared }
      },
      decide: async ({ own, symbolic, trash, shared }, current) => {
        if (this.refsOf(session).some((ref) => !own.includes(ref))) return nothing(AGAIN)
        const isOther = own.some((ref) => expected !== undefined && expected.get(ref) !== current.get(ref))
        if (isOther) return nothing(false)
        const kind = expected === undefined ? 'session' : 'pruned'
        const deletion = await this.#deletion(session, kind, own, shared, current)
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
    return changeLocked(this.#history, {
      session,
      branch: MAIN,
      aim: () => {
        const shared = this.#sharedRefs(session, [ref])
        return { refs: [ref, ...shared], reaches: false, frees: true, shared }
      },
      decide: async ({ shared }, current) => ({
        ...(await this.#deletion(session, kind, [ref], shared, current)),
        result: current.get(ref) !== undefined,
      }),
    })
  }

  /** Returns the other refs that a deletion changes if a remote may have the deleted refs, too. */
  #sharedRefs(session: SessionId, refs: readonly RefName[]): RefName[] {
    if (!isShared(this.#repository)) return []
    return [goneRef(session), ...lastSeen(this.#repository.refs, refs)]
  }

  /**
   * Returns the deletion of refs, and of what was last seen of them at remotes. If there are remotes, a tombstone names
   * them.
   */
  async #deletion(
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
    let objects: NewObject[] = []
    if (shared.length > 0 && tips.length > 0) {
      const before = await tombstoneOf(this.#history, session)
      const parents = before === undefined ? [] : [before]
      // Other kinds delete whatever a remote has.
      const older = kind === 'pruned' ? await seenBefore(this.#history, tips, shared, current) : []
      objects = newTombstone({ session, kind, parents, tips: [...tips, ...older], at: this.#now() })
    }
    const moves = new Map<RefName, ObjectId | null>([...refs, ...shared].map((ref) => [ref, null] as const))
    const [tombstone] = objects
    if (tombstone !== undefined) moves.set(gone, tombstone.id)
    else moves.delete(gone)
    return { objects, moves, placed: () => this.#gone(refs) }
  }

  /** Creates a ref that names a checkpoint of the session, unless the ref exists or the checkpoint was purged. */
  #newRef(ref: RefName, { session, branch, to, mark, line }: NewRef, exists: () => Error): Promise<void> {
    return changeLocked(this.#history, {
      session,
      branch,
      aim: async () => {
        const isGone = (await tombstoneOf(this.#history, session)) !== undefined
        const more = [...(isGone ? [goneRef(session)] : []), ...(line === undefined ? [] : [line.ref])]
        return { refs: [ref, ...more], reaches: true }
      },
      decide: async ({ refs }, current) => {
        if (current.get(ref) !== undefined) throw exists()
        if (!(await stillStands(this.#history, session, to, mark)))
          throw new NotFoundError({ kind: 'revision', id: to, session })
        const moves = new Map<RefName, ObjectId>([[ref, to]])
        const begins = line !== undefined && current.get(line.ref) === undefined
        if (begins && (await this.#history.objects.has(line.to))) moves.set(line.ref, line.to)
        const isMarked = refs.includes(goneRef(session))
        const grave = isMarked ? await tombstoneOf(this.#history, session) : undefined
        if (grave === undefined) return { ...nothing(undefined), moves }
        // A ref of this name may have been deleted before, perhaps at this checkpoint.
        const objects = restoring(session, ref, grave, this.#now())
        return { ...nothing(undefined), objects, moves: moves.set(goneRef(session), objects[0].id) }
      },
    })
  }

  /** Returns where each of the session's refs is kept in the trash. */
  #trash(session: SessionId, own: readonly RefName[], at: number): { ref: RefName; from: RefName }[] {
    const active = this.#history.active(session)
    return trashRefs(this.#repository, session, own, { at, active })
  }

  /** Returns the refs of branches, reserved lines and tags. */
  refsOf(session: SessionId): RefName[] {
    return [...this.of(session).keys()]
  }

  /**
   * Returns the move of HEAD if its branch is deleted, so that a plain clone can still check out a branch: to a branch
   * of `near`, if there is one, else of any session.
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

/** Makes a tombstone that says that the ref exists again. */
export const restoring = (session: SessionId, ref: string, grave: CommitId, at: number) =>
  newTombstone({
    session,
    kind: 'restored',
    parents: [grave],
    tips: [[ref.slice('refs/'.length), grave]],
    at,
  })

/** Ignores damaged refs of other sessions. */
const passOver = (): void => undefined

function isOf(session: SessionId, ref: RefName): boolean {
  const parsed = parseRef(ref)
  return parsed !== undefined && isSameName(parsed.session, session)
}
