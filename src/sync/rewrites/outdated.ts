/** Newer work of others on what was rewritten here: it is at the remote, and no ref here leads to it. */

import { readRewrites } from '../../checkpoints/tombstones/rewrites.ts'
import type { CommitId, RefName, SessionId } from '../../ids.ts'
import { bring, fetchSessions } from '../fetch.ts'
import { sessionFacts } from '../planning/facts.ts'
import { type Sharing, sessionsWith } from '../sharing.ts'

export interface OutdatedWork {
  /** Commits of the remote, by the ref that says what was last seen there. */
  commits: ReadonlyMap<RefName, CommitId>
  /** Call it when refs lead to what they have become. */
  release(): void
}

/** Fetches a session, and says what of it at the remote waits until it was made once more. Throws RemoteError. */
export async function bringOutdated(sharing: Sharing, session: SessionId): Promise<OutdatedWork> {
  const { checkpoints, remote, names, options, writer } = sharing
  const { history } = checkpoints
  await fetchSessions(sharing, [session])
  const there = await remote.refs(names.prefixes([session]), options)
  const sessions = sessionsWith(sharing, there, [session])
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
