/**
 * Finds newer work of others on checkpoints that were rewritten here: it is at the remote, and no local ref reaches it.
 */

import { readRewrites } from '../../checkpoints/tombstones/rewrites.ts'
import type { CommitId, RefName, SessionId } from '../../ids.ts'
import { bring, fetchSessions } from '../fetch.ts'
import { sessionFacts } from '../planning/facts.ts'
import { type Sharing, sessionsWith } from '../sharing.ts'

export interface OutdatedWork {
  /** Commits of the remote, by last-seen ref. */
  commits: ReadonlyMap<RefName, CommitId>
  /** Call this when refs reach the rewritten commits. */
  release(): void
}

/** Fetches a session, and returns its commits at the remote that must be rewritten. Throws RemoteError. */
export async function bringOutdated(sharing: Sharing, session: SessionId): Promise<OutdatedWork> {
  const { checkpoints, remote, names, options, writer } = sharing
  const { history } = checkpoints
  await fetchSessions(sharing, [session])
  const there = await remote.refs(names.prefixes([session]), options)
  const sessions = await sessionsWith(sharing, there, [session])
  const fetched = await bring(sharing, sessions, { rewrites: await readRewrites(history) })
  const commits = new Map<RefName, CommitId>()
  const shared = sessions.get(session)
  const { refs } = shared === undefined ? { refs: [] } : await sessionFacts(history, shared, writer)
  for (const { key, there: id, isRemoteOutdated } of refs) {
    const object = isRemoteOutdated && id !== undefined ? await history.objects.tryRead(id) : undefined
    if (object?.type === 'commit') commits.set(names.seen(key), id as CommitId)
  }
  return { commits, release: () => fetched?.release() }
}
