/** Compares the sessions here with those of a remote, without fetching. */

import { sessionFacts } from './planning/facts.ts'
import { isBlocked, type RefFacts } from './planning/fetch-plan.ts'
import type { SharedSession } from './planning/shared-sessions.ts'
import type { RemoteStatus, SessionStatus } from './report.ts'
import { each, type Only, type Sharing, sessionsWith } from './sharing.ts'

/** Returns the status of sessions. Throws RemoteError. */
export async function statusOf(sharing: Sharing, url: string, only?: Only): Promise<RemoteStatus> {
  const { checkpoints, remote, names, options, writer } = sharing
  const there = await remote.refs(names.prefixes(only), options)
  const sessions = await sessionsWith(sharing, there, only)
  const differing: SessionStatus[] = []
  let same = 0
  await each(sessions.values(), async (shared) => {
    const { refs } = await sessionFacts(checkpoints.history, shared, writer)
    const status = describe(shared, refs)
    const { ahead, behind, diverged, waiting, kept, hidden, outdated } = status
    if (waiting || [ahead, behind, diverged, kept, hidden, outdated].some((list) => list.length > 0))
      differing.push(status)
    else if (shared.refs.size > 0) same++
  })
  differing.sort((a, b) => (a.session < b.session ? -1 : 1))
  return { remote: names.remote, url, sessions: differing, same }
}

function describe({ session, gone, rewritten }: SharedSession, refs: readonly RefFacts[]): SessionStatus {
  const keys = (which: (fact: RefFacts) => boolean): string[] =>
    refs
      .filter(which)
      .map(({ key }) => key)
      .sort()
  return {
    session,
    ahead: keys((fact) => standing(fact) === 'ahead'),
    behind: keys((fact) => standing(fact) === 'behind'),
    diverged: keys((fact) => standing(fact) === 'diverged'),
    waiting: [gone, rewritten].some(({ local, seen }) => local !== undefined && local !== seen),
    kept: keys((fact) => isBlocked(fact) && (fact.remote === undefined || fact.isRemoteDead)),
    hidden: keys(
      ({ there, remote, isRemoteDead }) => there !== undefined && (isRemoteDead || there !== remote),
    ),
    outdated: keys(({ isOutdated }) => isOutdated),
  }
}

/**
 * Returns how a ref differs. If the remote's value was not fetched yet, the last-seen value tells which side has moved.
 */
function standing({
  kind,
  local,
  seen,
  remote,
  relation,
  isRemoteDead,
  isOutdated,
  isRemoteOutdated,
  fate,
}: RefFacts): 'ahead' | 'behind' | 'diverged' | undefined {
  const there = isRemoteDead ? undefined : remote
  if (local === there || fate !== 'alive' || isOutdated || isRemoteOutdated) return undefined
  if (local === undefined) return 'behind'
  if (there === undefined) return kind === 'workspace' ? undefined : 'ahead'
  if (relation !== undefined) return relation === 'same' ? undefined : relation
  return local === seen ? 'behind' : 'diverged'
}
