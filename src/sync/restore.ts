/** Takes back the deletion of a session: its tombstones no longer count, and its refs exist again. */
import type { Checkpoints } from '../checkpoints/checkpoints.ts'
import { tombstoneOf } from '../checkpoints/tombstones/folded.ts'
import { Graves } from '../checkpoints/tombstones/graves.ts'
import {
  EVERY_REF,
  type NamedTip,
  newTombstone,
  readTombstones,
} from '../checkpoints/tombstones/tombstone.ts'
import { discarded, inTrash } from '../checkpoints/trash.ts'
import { AlreadyExistsError, NotFoundError } from '../errors.ts'
import type { NewObject } from '../git/objects/object.ts'
import { branchRef, type CommitId, goneRef, MAIN, type ObjectId, type SessionId } from '../ids.ts'
import { type LocalMove, moveRefs, PURGED } from './local-moves.ts'
import { isBelow } from './planning/facts.ts'
import { parseKey, type RefKey } from './planning/names.ts'

/**
 * Sets the deleted refs again: those in the trash, else those that tombstones name, if their checkpoints are still on
 * the disk. Newer work of the session can be pushed again. Returns the refs, without `refs/`.
 *
 * @throws NotFoundError if no deletion is known; AlreadyExistsError if a new session has the id of the one in the trash
 */
export async function restoreSession(checkpoints: Checkpoints, session: SessionId): Promise<RefKey[]> {
  const { history } = checkpoints
  const missing = new NotFoundError({ kind: 'session', id: session })
  if (!(await checkpoints.openFinished())) throw missing
  const restored = await moveRefs<RefKey[]>(checkpoints, session, async () => {
    const ref = goneRef(session)
    const from = history.tip(ref)
    const newest = await tombstoneOf(history, session)
    const tombstones = await readTombstones(history, newest)
    const isGone = tombstones.some(({ kind }) => kind !== 'joined')
    const [waiting] = discarded(history.repository, session)
    if (waiting === undefined && !isGone) throw missing
    if (waiting !== undefined && history.exists(session))
      throw new AlreadyExistsError({ kind: 'session', id: session })
    const tips = tombstones.flatMap((one) => (one.kind === 'restored' ? [] : one.tips))
    const back =
      waiting === undefined
        ? await newestTips(checkpoints, session, new Graves(tombstones), tips)
        : new Map([...waiting.refs].map(([name, id]) => [keyOf(name), id]))
    const moves: LocalMove[] = []
    for (const [key, id] of back)
      if (history.tip(`refs/${key}`) === undefined)
        moves.push({ ref: `refs/${key}`, from: undefined, to: id })
    const result = moves.map((move) => keyOf(move.ref))
    for (const [name, id] of waiting === undefined ? [] : inTrash(history.repository, waiting))
      moves.push({ ref: name, from: id, to: undefined })
    const objects = newest === undefined || !isGone ? [] : restoredTombstone(checkpoints, session, newest)
    const [tombstone] = objects
    if (tombstone !== undefined) moves.push({ ref, from, to: tombstone.id })
    const active = waiting && (waiting.active === MAIN ? null : branchRef(session, waiting.active))
    return { moves, objects, active, result }
  })
  if (restored === PURGED) throw missing
  return restored
}

const keyOf = (ref: string): RefKey => ref.slice('refs/'.length)

const restoredTombstone = ({ rules }: Checkpoints, session: SessionId, from: CommitId): NewObject[] =>
  newTombstone({ session, kind: 'restored', parents: [from], tips: [[EVERY_REF, from]], at: rules.now() })

/** Returns the newest value of each ref among those that are stored here. */
async function newestTips(
  { history }: Checkpoints,
  session: SessionId,
  graves: Graves,
  tips: readonly NamedTip[],
): Promise<Map<RefKey, ObjectId>> {
  const newest = new Map<RefKey, ObjectId>()
  for (const [key, id] of tips) {
    if (parseKey(key)?.session !== session || graves.of(key).length === 0) continue
    if (!(await history.objects.has(id))) continue
    const other = newest.get(key)
    if (other === undefined || (await isBelow(history, other, id))) newest.set(key, id)
  }
  return newest
}
