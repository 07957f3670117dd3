/** Moves a session's local refs under their locks, all or none. */
import type { Checkpoints } from '../checkpoints/checkpoints.ts'
import { AGAIN, type Aim, changeLocked } from '../checkpoints/locking/locking.ts'
import type { NewObject } from '../git/objects/object.ts'
import { nothing } from '../git/refs/change.ts'
import { changePurgeMark } from '../git/upkeep/purge-mark.ts'
import { activeRef, type ObjectId, type RefName, type SessionId } from '../ids.ts'

export interface LocalMove {
  ref: RefName
  from: ObjectId | undefined
  /** The new value; `undefined` deletes the ref. */
  to: ObjectId | undefined
}

export interface LocalMoves<T> {
  moves: readonly LocalMove[]
  objects: readonly NewObject[]
  /** Whether the old checkpoints are retired: others must check again before they set a ref to one of them. */
  retires?: boolean
  /** The ref of the new active branch, `null` for `main`; `undefined`: unchanged. */
  active?: RefName | null | undefined
  /** The active branches of sessions that the moves create. */
  actives?: readonly { ref: RefName; to: RefName }[]
  result: T
}

interface Aimed<T> extends Aim {
  planned: LocalMoves<T>
  symbolic: readonly { ref: RefName; to: RefName | null }[]
}

/** The fetched objects are gone, because someone has purged. */
export const PURGED = Symbol('purged')

/**
 * Makes the moves that `plan` returns, if all refs still have the values it found; otherwise calls `plan` again.
 * Returns `PURGED` if an object to which a ref should move does not exist.
 *
 * @param mark the result of `Checkpoints.mark` from before the new values were fetched
 */
export async function moveRefs<T>(
  checkpoints: Checkpoints,
  session: SessionId,
  plan: () => Promise<LocalMoves<T>>,
  mark = checkpoints.mark(),
): Promise<T | typeof PURGED> {
  const { history, refs } = checkpoints
  const { objects } = history
  return changeLocked<Aimed<T>, T | typeof PURGED>(history, {
    session,
    branch: 'main',
    aim: async () => {
      const planned = await plan()
      const gone = new Set<RefName>(planned.moves.flatMap(({ ref, to }) => (to === undefined ? [ref] : [])))
      const head = gone.size === 0 ? [] : refs.headElsewhere((ref) => gone.has(ref), session)
      const symbolic = [
        ...(planned.active === undefined ? [] : [{ ref: activeRef(session), to: planned.active }]),
        ...(planned.actives ?? []),
        ...head,
      ]
      const all = [...planned.moves.map(({ ref }) => ref), ...symbolic.map(({ ref }) => ref)]
      const reaches = planned.moves.some(({ to }) => to !== undefined)
      return { refs: all, reaches, frees: gone.size > 0, planned, symbolic }
    },
    decide: async ({ planned, symbolic }, current) => {
      const { moves, objects: made, result } = planned
      if (moves.some(({ ref, from }) => current.get(ref) !== from)) return nothing(AGAIN)
      if (checkpoints.mark() !== mark) objects.refresh()
      const isMade = new Set(made.map(({ id }) => id))
      for (const { to } of moves)
        if (to !== undefined && !isMade.has(to) && !(await objects.has(to))) return nothing(PURGED)
      if (planned.retires === true) changePurgeMark(history.repository)
      const gone = moves.flatMap(({ ref, to }) => (to === undefined ? [ref] : []))
      return {
        objects: made,
        moves: new Map(moves.filter(({ from, to }) => from !== to).map(({ ref, to }) => [ref, to ?? null])),
        symbolic,
        result,
        placed: () => checkpoints.forget(gone),
      }
    },
    head: ({ planned }) =>
      planned.moves.find(({ ref, to }) => ref.startsWith('refs/heads/') && to !== undefined)?.ref ??
      'refs/heads/main',
  })
}
