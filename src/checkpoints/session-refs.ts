/** The refs of a session, made, moved and removed without a new checkpoint; each call in one transaction. */
import { AlreadyExistsError, NotFoundError } from '../errors.ts'
import type { Repository } from '../git/repository.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  type CommitId,
  filesRef,
  MAIN,
  parseRef,
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
import { stillStands } from './writing.ts'

/** Where a new ref points, and the purge mark from before that was resolved. */
export interface RefTarget {
  to: CommitId
  mark: string
}

interface NewRef extends RefTarget {
  session: SessionId
  branch: string
  /** Another ref that begins with it, where the commit is still there. */
  line?: { ref: string; to: CommitId } | undefined
}

export class SessionRefs {
  readonly #repository: Repository
  readonly #history: History
  readonly #gone: (refs: readonly string[]) => void

  /** `gone` is called with refs that were deleted. */
  constructor(repository: Repository, history: History, gone: (refs: readonly string[]) => void) {
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
    return this.#deleteRef(session, tagRef(session, tag))
  }

  /** Deletes a reserved line; says whether there was one. */
  deleteLine(session: SessionId, line: string): Promise<boolean> {
    return this.#deleteRef(session, reservedRef(session, line))
  }

  /** Throws UnsupportedError for the only branch, and for the active one where there is no main. */
  deleteBranch(session: SessionId, branch: BranchName): Promise<boolean> {
    const [ref, active] = [branchRef(session, branch), activeRef(session)]
    const line = filesRef(session, branch)
    return changeLocked(this.#repository, {
      session,
      branch,
      aim: () => {
        const head = this.#headElsewhere((other) => other === ref, session)
        return { refs: [ref, line, active, ...head.map((move) => move.ref)], reaches: false, head }
      },
      decide: ({ head }, current) => {
        if (current.get(ref) === undefined) return nothing(false)
        const before = this.#history.active(session)
        const after = activeAfterDelete(session, branch, [...this.#history.branches(session).keys()], before)
        return {
          ...nothing(true),
          moves: new Map([ref, line].flatMap((one) => (current.get(one) === undefined ? [] : [[one, null]]))),
          symbolic: [...(after === before ? [] : [{ ref: active, to: null }]), ...head],
          placed: () => this.#gone([ref, line]),
        }
      },
    })
  }

  /** Branches, reserved lines, tags and the active branch, in one transaction. */
  deleteSession(session: SessionId): Promise<boolean> {
    return changeLocked<Aim & { own: string[]; symbolic: { ref: string; to: string | null }[] }, boolean>(
      this.#repository,
      {
        session,
        branch: MAIN,
        aim: () => {
          const own = this.#refsOf(session)
          const head = this.#headElsewhere((ref) => isOf(session, ref))
          const symbolic = [{ ref: activeRef(session), to: null }, ...head]
          return { refs: [...own, ...symbolic.map(({ ref }) => ref)], reaches: false, own, symbolic }
        },
        decide: ({ own, symbolic }) => {
          if (this.#refsOf(session).some((ref) => !own.includes(ref))) return nothing(AGAIN)
          return {
            ...nothing(own.length > 0),
            moves: new Map(own.map((ref) => [ref, null] as const)),
            symbolic,
            placed: () => this.#gone(own),
          }
        },
      },
    )
  }

  #deleteRef(session: SessionId, ref: string): Promise<boolean> {
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
  #newRef(ref: string, { session, branch, to, mark, line }: NewRef, exists: () => Error): Promise<void> {
    return changeLocked(this.#repository, {
      session,
      branch,
      aim: () => ({ refs: line === undefined ? [ref] : [ref, line.ref], reaches: true }),
      decide: async (_, current) => {
        if (current.get(ref) !== undefined) throw exists()
        if (!(await stillStands(this.#history, session, to, mark)))
          throw new NotFoundError({ kind: 'revision', id: to, session })
        const moves = new Map([[ref as string, to]])
        const begins = line !== undefined && current.get(line.ref) === undefined
        if (begins && (await this.#history.objects.has(line.to))) moves.set(line.ref, line.to)
        return { ...nothing(undefined), moves }
      },
    })
  }

  #refsOf(session: SessionId): string[] {
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
  #headElsewhere(goes: (ref: string) => boolean, near?: SessionId): { ref: string; to: string }[] {
    const head = this.#repository.refs.readValue('HEAD')
    if (head === undefined || !('symbolic' in head) || !goes(head.symbolic)) return []
    const folders = [...(near === undefined ? [] : [`refs/heads/${encodeName(near)}/`]), 'refs/heads/']
    for (const ref of folders.flatMap((folder) => [...this.#repository.refs.list(folder, passOver).keys()])) {
      if (parseRef(ref)?.kind === 'branch' && !goes(ref)) return [{ ref: 'HEAD', to: ref }]
    }
    return []
  }
}

/** Another session's damaged ref is that session's trouble. */
const passOver = (): void => undefined

function isOf(session: SessionId, ref: string): boolean {
  const parsed = parseRef(ref)
  return parsed !== undefined && isSameName(parsed.session, session)
}
