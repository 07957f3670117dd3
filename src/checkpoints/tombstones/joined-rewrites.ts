/**
 * Joins the rewrites of two machines: those that the server had first take precedence, and no rewritten checkpoint
 * comes back.
 */

import { isAncestor } from '../../git/database/ancestry.ts'
import { encodeCommit } from '../../git/objects/commit.ts'
import { type NewObject, newObject } from '../../git/objects/object.ts'
import { changeTree, NO_ENTRIES } from '../../git/objects/tree.ts'
import type { CommitId, SessionId } from '../../ids.ts'
import { FORKPOINT } from '../commits/author.ts'
import type { History } from '../commits/history.ts'
import { messageText } from '../commits/message.ts'
import { hashOf, MAP, type RewrittenIds, readRewritten, writeRewritten } from '../commits/rewritten.ts'

export interface JoinedRewrites {
  /** The commit with the joined map. */
  tip: CommitId
  map: RewrittenIds
  /** New objects, the commit first; empty if the commit exists. */
  objects: readonly NewObject[]
}

/** Joins two rewrites. Every machine that joins the same two gets the same result. Throws CorruptError. */
export async function joinRewrites(
  history: History,
  session: SessionId,
  local: CommitId | undefined,
  remote: CommitId,
): Promise<JoinedRewrites> {
  const { objects } = history
  const theirs = await readRewritten(objects, remote)
  if (local === undefined || local === remote) return { tip: remote, map: theirs, objects: [] }
  const ours = await readRewritten(objects, local)
  if (await isAncestor(objects, remote, local)) return { tip: local, map: ours, objects: [] }
  const isNewer = await isAncestor(objects, local, remote)
  const map = joinedMap(ours, theirs)
  const isSame = map.ids.size === theirs.ids.size && map.again.size === theirs.again.size
  if (isNewer && isSame) return { tip: remote, map: theirs, objects: [] }
  const parents = isNewer ? [remote] : [local, remote].sort()
  const times = await Promise.all([local, remote].map(async (id) => (await history.info(id)).committed))
  const made = newRewrite(session, parents, map, Math.max(...times))
  return { tip: made[0].id as CommitId, map, objects: made }
}

function joinedMap(ours: RewrittenIds, theirs: RewrittenIds): RewrittenIds {
  const ids = new Map([...ours.ids, ...theirs.ids])
  const again = new Map([...ours.again, ...theirs.again])
  const pending = new Set([...ours.pending].filter((hash) => !theirs.ids.has(hash)))
  for (const hash of theirs.pending) pending.add(hash)
  for (const [hash, other] of ours.ids) {
    const now = ids.get(hash)!
    const hashOfOther = hashOf(other)
    if (ids.has(hashOfOther) || leadsTo(ids, now, other)) continue
    // Their checkpoint may still contain what was removed here.
    ids.set(hashOfOther, now)
    pending.add(hashOfOther)
  }
  return { ids, pending, again }
}

function leadsTo(ids: ReadonlyMap<string, CommitId>, from: CommitId, to: CommitId): boolean {
  const seen = new Set<CommitId>()
  for (let at: CommitId | undefined = from; at !== undefined && !seen.has(at); at = ids.get(hashOf(at))) {
    if (at === to) return true
    seen.add(at)
  }
  return false
}

function newRewrite(
  session: SessionId,
  parents: readonly CommitId[],
  map: RewrittenIds,
  at: number,
): [NewObject, NewObject, NewObject] {
  const blob = newObject('blob', writeRewritten(map))
  const entry = { mode: '100644', id: blob.id } as const
  const tree = newObject('tree', changeTree(NO_ENTRIES, [{ name: MAP, entry }]).data)
  const trailers = new Map([
    ['Session', session],
    ['Kind', 'rewrite'],
    ['At', String(at)],
    ['Format', '1'],
  ])
  const person = { ...FORKPOINT, at }
  const message = messageText({ subject: 'join the rewrites of two machines', body: '', trailers })
  const commit = encodeCommit({ tree: tree.id, parents, author: person, committer: person, message })
  return [newObject('commit', commit), tree, blob]
}
