/** Adds the checkpoints of a rewrite to a session's map of rewritten ones. */
import { type CommitId, rewrittenRef, type SessionId } from '../../ids.ts'
import { FORKPOINT } from '../commits/author.ts'
import type { History } from '../commits/history.ts'
import { hashOf, MAP, type RewrittenIds, readRewritten, writeRewritten } from '../commits/rewritten.ts'
import type { Rewrites } from '../tombstones/rewrites.ts'
import type { Writing } from '../writing.ts'

export interface NewIds {
  /** New ids by old ids. */
  made: ReadonlyMap<CommitId, CommitId>
  /** Those that were made again only because the replacement they had is not stored here. */
  again: ReadonlySet<CommitId>
  /** Earlier rewrites. */
  rewrites: Rewrites
}

/** Writes the session's map of rewritten checkpoints, earlier rewrites included. */
export async function writeMap(
  history: History,
  writing: Writing,
  session: SessionId,
  { made, again, rewrites }: NewIds,
): Promise<void> {
  const ref = rewrittenRef(session)
  const tip = history.tip(ref)
  const before = tip === undefined ? undefined : await history.info(tip)
  const map: RewrittenIds =
    before === undefined
      ? { ids: new Map(), pending: new Set(), again: new Map() }
      : await readRewritten(history.objects, before.id)
  for (const [hash, id] of map.ids) if (!again.has(id)) map.ids.set(hash, made.get(id) ?? id)
  for (const [old, id] of made) {
    const hash = hashOf(old)
    if (!again.has(old)) {
      map.ids.set(hash, id)
      map.pending.delete(hash)
      continue
    }
    map.again.set(hash, id)
    // The other machine's checkpoint may still contain what was removed here.
    const other = map.pending.has(hash) ? map.ids.get(hash) : undefined
    if (other !== undefined && !rewrites.has(other)) map.ids.set(hashOf(other), id)
  }
  const { id } = await writing.commit({
    parent: before,
    files: new Map([[MAP, writeRewritten(map)]]),
    kind: 'rewrite',
    subject: 'rewrite',
    author: FORKPOINT,
    session,
    branch: '_rewritten',
  })
  writing.move(ref, id)
}
