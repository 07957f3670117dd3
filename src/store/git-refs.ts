/** The refs of sessions in a git store: made, moved and removed, each call in one transaction. */
import { AlreadyExistsError, NotFoundError } from '../errors.ts'
import type { Plan } from '../git/group-commit.ts'
import { PURGE_LOCK, purgeMark } from '../git/purge.ts'
import type { Repository } from '../git/repository.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  type CommitId,
  encodeName,
  isSameName,
  MAIN,
  parseRef,
  type SessionId,
  type TagName,
  tagRef,
} from '../ids.ts'
import { activeAfterDelete } from './branch-rules.ts'
import type { GitHistory } from './git-history.ts'

/** Where a new ref points, and the purge mark from before that was resolved. */
export interface RefTarget {
  to: CommitId
  mark: string
}

export class GitSessionRefs {
  readonly #repository: Repository
  readonly #history: GitHistory
  readonly #gone: (refs: readonly string[]) => void

  /** `gone` is called with refs that were deleted. */
  constructor(repository: Repository, history: GitHistory, gone: (refs: readonly string[]) => void) {
    this.#repository = repository
    this.#history = history
    this.#gone = gone
  }

  /** Moves the active branch. Throws NotFoundError when there is no such branch. */
  switch(session: SessionId, branch: BranchName): Promise<void> {
    const [ref, active] = [branchRef(session, branch), activeRef(session)]
    return this.#repository.change({
      refs: [ref, active],
      prepare: (current): Plan<void> => {
        if (current.get(ref) === undefined) throw new NotFoundError({ kind: 'branch', id: branch, session })
        const symbolic = branch === MAIN ? { ref: active, to: null } : { ref: active, to: ref }
        return { ...NOTHING, symbolic: [symbolic], result: undefined }
      },
    })
  }

  /** Throws AlreadyExistsError, or NotFoundError when the checkpoint was purged meanwhile. */
  newBranch(session: SessionId, branch: BranchName, target: RefTarget): Promise<void> {
    const exists = () => new AlreadyExistsError({ kind: 'branch', id: branch, session })
    return this.#newRef(branchRef(session, branch), { ...target, session }, exists)
  }

  /** Throws AlreadyExistsError, or NotFoundError when the checkpoint was purged meanwhile. */
  newTag(session: SessionId, tag: TagName, target: RefTarget): Promise<void> {
    const exists = () => new AlreadyExistsError({ kind: 'tag', id: tag, session })
    return this.#newRef(tagRef(session, tag), { ...target, session }, exists)
  }

  deleteTag(session: SessionId, tag: TagName): Promise<boolean> {
    const ref = tagRef(session, tag)
    return this.#repository.change({
      refs: [ref],
      prepare: (current) => ({
        ...NOTHING,
        moves: new Map([[ref, null]]),
        result: current.get(ref) !== undefined,
      }),
    })
  }

  /** Throws UnsupportedError for the only branch, and for the active one where there is no main. */
  async deleteBranch(session: SessionId, branch: BranchName): Promise<boolean> {
    const [ref, active] = [branchRef(session, branch), activeRef(session)]
    const head = this.#headElsewhere((other) => other === ref, session)
    return this.#repository.change({
      refs: [ref, active, ...head.map((move) => move.ref)],
      prepare: (current): Plan<boolean> => {
        if (current.get(ref) === undefined) return { ...NOTHING, result: false }
        const before = this.#history.active(session)
        const after = activeAfterDelete(session, branch, [...this.#history.branches(session).keys()], before)
        const symbolic = [...(after === before ? [] : [{ ref: active, to: null }]), ...head]
        return {
          ...NOTHING,
          moves: new Map([[ref, null]]),
          symbolic,
          result: true,
          placed: () => this.#gone([ref]),
        }
      },
    })
  }

  /** Branches, reserved lines, tags and the active branch, in one transaction. */
  async deleteSession(session: SessionId): Promise<boolean> {
    for (;;) {
      const refs = this.#refsOf(session)
      const symbolic = [
        { ref: activeRef(session), to: null },
        ...this.#headElsewhere((ref) => isOf(session, ref)),
      ]
      const result = await this.#repository.change({
        refs: [...refs, ...symbolic.map(({ ref }) => ref)],
        prepare: (): Plan<boolean | 'again'> => {
          if (this.#refsOf(session).some((ref) => !refs.includes(ref))) return { ...NOTHING, result: 'again' }
          const moves = new Map(refs.map((ref) => [ref, null] as const))
          return {
            ...NOTHING,
            moves,
            symbolic,
            result: refs.length > 0,
            placed: () => this.#gone(refs),
          }
        },
      })
      if (result !== 'again') return result
    }
  }

  /**
   * Sets a ref that must not exist to a checkpoint of the session, unless that was purged since it was resolved.
   * `mark`: the purge mark from before.
   */
  #newRef(
    ref: string,
    { session, to, mark }: RefTarget & { session: SessionId },
    exists: () => Error,
  ): Promise<void> {
    return this.#repository.change({
      refs: [ref, PURGE_LOCK],
      prepare: async (current): Promise<Plan<void>> => {
        if (current.get(ref) !== undefined) throw exists()
        // Without a purge in between, what could be resolved is there; to make sure otherwise takes longer.
        const isThere =
          purgeMark(this.#repository) === mark
            ? await this.#repository.objects.has(to)
            : await this.#history.has(session, to)
        if (!isThere) throw new NotFoundError({ kind: 'revision', id: to, session })
        return { ...NOTHING, moves: new Map([[ref, to]]), result: undefined }
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

const NOTHING = { objects: [], moves: new Map<string, string | null>() } as const
