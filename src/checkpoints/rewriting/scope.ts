/** Finds the refs of a rewrite: those of a session, and of others that share checkpoints with it. */
import { type Peeled, peel } from '../../git/database/peel.ts'
import type { Repository } from '../../git/repository.ts'
import {
  type CommitId,
  isFilesLine,
  type ObjectId,
  parseRef,
  type RefName,
  type SessionId,
} from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { History } from '../commits/history.ts'

/**
 * `session`: the session's refs; `related`: also the refs of all sessions that share a checkpoint with it; `all`: every
 * ref.
 */
export type RewriteScope = 'session' | 'related' | 'all'

/** A ref, what it names, and the commit reached from there. */
export interface ScopedRef extends Peeled {
  ref: RefName
  id: ObjectId
}

export async function refsInScope(
  history: History,
  session: SessionId | undefined,
  scope: RewriteScope,
): Promise<ScopedRef[]> {
  const { repository } = history
  const refs: ScopedRef[] = []
  for (const [ref, id] of history.everyRef('refs/')) {
    const value = repository.refs.readValue(ref)
    if ((value !== undefined && !('id' in value)) || isTombstone(ref)) continue
    const peeled = await peel(repository.objects, id)
    if (peeled !== undefined) refs.push({ ref, id, ...peeled })
  }
  // Files lines first: checkpoints name their commits, and so need their new ids.
  refs.sort((a, b) => Number(isFiles(b.ref)) - Number(isFiles(a.ref)))
  if (scope === 'all' || session === undefined) return refs
  const own = encodeName(session)
  if (scope === 'session') return refs.filter(({ ref }) => groupOf(ref) === own)
  const related = await groupsWith(repository, refs, own)
  return refs.filter(({ ref }) => related.has(groupOf(ref)))
}

const isFiles = (ref: string): boolean => {
  const parsed = parseRef(ref)
  return parsed?.kind === 'reserved' && isFilesLine(parsed.name)
}

/**
 * Returns whether a ref names deletions, rewrites or an archive, here or as last seen at a remote. These are not
 * rewritten.
 */
const isTombstone = (ref: string): boolean =>
  /^refs\/forkpoint\/(?:remote\/[^/]+\/)?(?:gone|rewritten|archive)\//.test(ref)

/** Returns the group of a ref: the refs of a session are rewritten together, any other ref alone. */
function groupOf(ref: string): string {
  const parsed = parseRef(ref)
  return parsed === undefined ? ref : encodeName(parsed.session)
}

/** Returns the groups that share commits with this one, directly or through other groups. */
async function groupsWith(
  { objects }: Repository,
  refs: readonly ScopedRef[],
  own: string,
): Promise<Set<string>> {
  const owners = new Map<CommitId, string>()
  const near = new Map<string, Set<string>>()
  const join = (a: string, b: string) => near.set(a, (near.get(a) ?? new Set()).add(b))
  const slice = new TimeSlice()
  for (const { ref, commit } of refs) {
    const group = groupOf(ref)
    const waiting = [commit]
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const owner = owners.get(id)
      if (owner !== undefined) {
        join(group, owner)
        join(owner, group)
        continue
      }
      owners.set(id, group)
      waiting.push(...objects.parentsOf(id, await objects.readCommitData(id)))
      if (slice.isOver()) await slice.next()
    }
  }
  const found = new Set([own])
  for (const group of found) for (const other of near.get(group) ?? []) found.add(other)
  return found
}
