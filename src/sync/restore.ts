/** A deletion taken back: what tombstones name of a session is no longer deleted, and its refs are there again. */
import type { Checkpoints } from '../checkpoints/checkpoints.ts'
import { Graves } from '../checkpoints/tombstones/graves.ts'
import {
  EVERY_REF,
  type NamedTip,
  newTombstone,
  readTombstones,
} from '../checkpoints/tombstones/tombstone.ts'
import { goneRef, type ObjectId, type SessionId } from '../ids.ts'
import { type LocalMove, moveRefs, PURGED } from './local-moves.ts'
import { isBelow } from './planning/facts.ts'
import { parseKey, type RefKey } from './planning/names.ts'

/**
 * Sets the refs that were deleted, as far as their checkpoints are still on the disk, and lets newer work of the session be
 * pushed again. Returns those refs, without `refs/`; empty where nothing was deleted.
 */
export async function restoreSession(checkpoints: Checkpoints, session: SessionId): Promise<RefKey[]> {
  const { history } = checkpoints
  if (!(await checkpoints.openFinished())) return []
  const restored = await moveRefs<RefKey[]>(checkpoints, session, async () => {
    const ref = goneRef(session)
    const from = history.tip(ref)
    const tombstones = await readTombstones(history, from)
    if (from === undefined || !tombstones.some(({ kind }) => kind !== 'joined')) return NOTHING
    const moves: LocalMove[] = []
    for (const [key, id] of await newestTips(
      checkpoints,
      session,
      new Graves(tombstones),
      tombstones.flatMap((one) => (one.kind === 'restored' ? [] : one.tips)),
    ))
      if (history.tip(`refs/${key}`) === undefined)
        moves.push({ ref: `refs/${key}`, from: undefined, to: id })
    const [commit, tree] = newTombstone({
      session,
      kind: 'restored',
      parents: [from],
      tips: [[EVERY_REF, from]],
      at: checkpoints.rules.now(),
    })
    return {
      moves: [...moves, { ref, from, to: commit.id }],
      objects: [commit, tree],
      result: moves.map((move) => move.ref.slice('refs/'.length)),
    }
  })
  return restored === PURGED ? [] : restored
}

const NOTHING = { moves: [], objects: [], result: [] }

/** Of each ref the value that leads to the others, of those that are here. */
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
