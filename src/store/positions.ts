/** The optimistic lock: from a caller's position, it decides the parent of a write. */
import { ConflictError, NotFoundError } from '../errors.ts'
import type { BranchName, CommitId, SessionId } from '../ids.ts'
import { isSameName } from '../ref-part.ts'
import type { Kept, Look } from './backend.ts'

/** The checkpoint of a session that a caller has last seen. */
export interface Position {
  session: SessionId
  /** The branch it was seen on; `undefined` if on none, such as for a handle that will create its branch. */
  branch: BranchName | undefined
  checkpoint: CommitId
}

/** Returns the position of a caller who has read a session: on the branch, if that exists. */
export const positionAt = (session: SessionId, { branch, tip, commit }: Look<Kept>): Position => ({
  session,
  branch: tip === undefined ? undefined : branch,
  checkpoint: commit.id,
})

/**
 * Positions of state objects that a store has returned or saved. Weak: an object that is not used any more is
 * forgotten.
 */
export class Positions {
  readonly #known = new WeakMap<object, Position>()

  of(state: object): Position | undefined {
    return this.#known.get(state)
  }

  set(state: object, position: Position): void {
    this.#known.set(state, position)
  }
}

export interface Request {
  session: SessionId
  branch: BranchName
  expected: string | null | undefined
  /** The caller's position, if known. A position in another session is ignored. */
  known?: Position | undefined
  /** Whether the position still is a checkpoint of the session. Only used if the branch does not exist. */
  stands?: boolean
  /** The tip of the branch; `undefined` if the branch does not exist. */
  tip: CommitId | undefined
}

/**
 * Returns the parent of a save; `undefined` if it starts a new line. A branch that does not exist starts at the
 * caller's position. Throws ConflictError if the branch is not where the caller expects it, or if it exists and the
 * caller has neither a position nor `expected`.
 */
export function decideParent(request: Request): CommitId | undefined {
  const { session, branch, expected, stands = true, tip } = request
  const known =
    request.known !== undefined && isSameName(request.known.session, session) ? request.known : undefined
  const conflict = (seen: string | null | undefined) =>
    new ConflictError({ session, branch, expected: seen, actual: tip ?? null })

  if (tip !== undefined) {
    const seen = expected === undefined ? known?.checkpoint : expected
    if (seen === 'any' || seen === tip) return tip
    throw conflict(seen)
  }
  if (typeof expected === 'string' && expected !== 'any') throw conflict(expected)
  // The position's branch, or everything that reached the position, was deleted since the caller has seen it.
  if (expected === undefined && known !== undefined && (isOn(known, branch) || !stands)) {
    throw conflict(known.checkpoint)
  }
  return stands ? known?.checkpoint : undefined
}

const isOn = ({ branch }: Position, other: BranchName): boolean =>
  branch !== undefined && isSameName(branch, other)

/**
 * Returns the parent of an append. Without `expected` and a position, it is the tip. Throws as `decideParent`, and
 * NotFoundError if there is neither a branch nor a position to start one at.
 */
export function decideAppendParent(request: Request): CommitId {
  const { session, branch, expected, known, tip } = request
  if (tip !== undefined && expected === undefined && known === undefined) return tip
  const parent = decideParent(request)
  if (parent === undefined) throw new NotFoundError({ kind: 'branch', id: branch, session })
  return parent
}

/** The error for an append that would replace an item that the caller has not seen. */
export function unseenReplacement(
  { session, branch, tip }: Pick<Request, 'session' | 'branch' | 'tip'>,
  item: { collection: string; id: string | undefined },
): ConflictError {
  return new ConflictError(
    { session, branch, expected: undefined, actual: tip ?? null },
    `Session '${session}' already has '${item.id}' in ${item.collection} on ${branch}, with different content. To replace it, pass 'expected', or open the session first.`,
  )
}
