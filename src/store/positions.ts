/** The optimistic lock: where a caller stands, and what a save may therefore be put on. */
import { ConflictError, NotFoundError } from '../errors.ts'
import type { BranchName, CommitId, SessionId } from '../ids.ts'
import { isSameName } from '../ref-part.ts'
import type { Kept, Look } from './backend.ts'

/** What a caller has last seen of a session. */
export interface Position {
  session: SessionId
  /** The branch it was seen on; `undefined` when it was seen on none, as a handle that is about to start one. */
  branch: BranchName | undefined
  checkpoint: CommitId
}

/** Where somebody stands who has looked at a session: on the branch, if there is one of that name yet. */
export const positionAt = (session: SessionId, { branch, tip, commit }: Look<Kept>): Position => ({
  session,
  branch: tip === undefined ? undefined : branch,
  checkpoint: commit.id,
})

/** The positions of state objects that a store has returned or saved; forgets those that nobody holds any more. */
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
  /** The caller's position, if it is known. One in another session counts as none. */
  known?: Position | undefined
  /** Whether the position is still a checkpoint of the session. Only matters when there is no such branch. */
  stands?: boolean
  /** Where the branch is; `undefined` when there is no such branch. */
  tip: CommitId | undefined
}

/**
 * What a save goes on top of; `undefined`: nothing, it starts a line of its own. A branch that does not exist starts
 * at the caller's position. Throws ConflictError when the branch is not where the caller believes it to be, or when
 * the caller has not said anything about a branch that exists.
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
  // Its own branch is gone, or all that led to it: somebody deleted what the caller has seen.
  if (expected === undefined && known !== undefined && (isOn(known, branch) || !stands)) {
    throw conflict(known.checkpoint)
  }
  return stands ? known?.checkpoint : undefined
}

const isOn = ({ branch }: Position, other: BranchName): boolean =>
  branch !== undefined && isSameName(branch, other)

/**
 * What an append goes on top of. Without `expected` and without a position that is whatever the tip is. Throws as
 * `decideParent`, and NotFoundError when there is neither a branch nor a position to start one at.
 */
export function decideAppendParent(request: Request): CommitId {
  const { session, branch, expected, known, tip } = request
  if (tip !== undefined && expected === undefined && known === undefined) return tip
  const parent = decideParent(request)
  if (parent === undefined) throw new NotFoundError({ kind: 'branch', id: branch, session })
  return parent
}

/** The error for an append that replaces something without knowing what is there. */
export function unseenReplacement(
  { session, branch, tip }: Pick<Request, 'session' | 'branch' | 'tip'>,
  item: { collection: string; id: string | undefined },
): ConflictError {
  return new ConflictError(
    { session, branch, expected: undefined, actual: tip ?? null },
    `Session '${session}' already has '${item.id}' in ${item.collection} on ${branch}, with different content. To replace it, pass 'expected', or open the session first.`,
  )
}
