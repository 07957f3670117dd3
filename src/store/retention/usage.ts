/** The disk usage of each session, from one walk over everything that its refs reach. */
import type { History } from '../../checkpoints/commits/history.ts'
import { CorruptError } from '../../errors.ts'
import type { Repository } from '../../git/repository.ts'
import { reachableFrom } from '../../git/upkeep/reachable.ts'
import { shallowCommits } from '../../git/upkeep/roots.ts'
import { type ObjectId, parseRef, type SessionId } from '../../ids.ts'

/** Bytes on the disk. */
export interface SessionBytes {
  /** Bytes that nothing else needs: a purge frees them after the session is deleted. */
  own: number
  /** Bytes that other sessions need too, such as the history that a fork began with. */
  shared: number
}

/**
 * Returns the bytes of all sessions. Objects that a ref outside of sessions needs too count as shared. The trash and
 * forkpoint's other own refs are ignored. Missing or damaged objects have no bytes.
 *
 * @param onProgress called with the number of sessions done, and of all
 */
export async function bytesOfSessions(
  history: History,
  onProgress?: (done: number, total: number) => void,
): Promise<Map<SessionId, SessionBytes>> {
  const { repository } = history
  const sizes = await repository.objects.sizes()
  const groups = tipsOfSessions(history)
  const owners = new Map<ObjectId, SessionId | typeof SEVERAL | undefined>()
  const bytes = new Map<SessionId, SessionBytes>()
  for (const [session, tips] of groups) {
    let all = 0
    for (const id of await everythingOf(repository, tips)) {
      all += sizes.get(id) ?? 0
      owners.set(id, owners.has(id) ? SEVERAL : session)
    }
    if (session !== undefined) bytes.set(session, { own: 0, shared: all })
    onProgress?.(bytes.size, groups.size)
  }
  for (const [id, owner] of owners) {
    const of = owner === undefined || owner === SEVERAL ? undefined : bytes.get(owner)
    if (of === undefined) continue
    const size = sizes.get(id) ?? 0
    of.own += size
    of.shared -= size
  }
  return bytes
}

const SEVERAL = Symbol('several sessions')

/** Returns the tips of each session; under `undefined`, those of refs that belong to no session. */
function tipsOfSessions({ repository, archives }: History): Map<SessionId | undefined, ObjectId[]> {
  const tips = new Map<SessionId | undefined, ObjectId[]>()
  const add = (session: SessionId | undefined, id: ObjectId): void => {
    const known = tips.get(session)
    if (known === undefined) tips.set(session, [id])
    else known.push(id)
  }
  for (const [ref, id] of repository.refs.entries('refs/', () => undefined))
    if (!ref.startsWith('refs/forkpoint/')) add(parseRef(ref)?.session, id)
  for (const { session, refs } of archives.sessions(() => undefined).values())
    for (const id of refs.values()) add(session, id)
  return tips
}

async function everythingOf(repository: Repository, tips: readonly ObjectId[]): Promise<Set<ObjectId>> {
  const shallow = shallowCommits(repository.folder)
  try {
    return await reachableFrom(repository.objects, tips, { shallow })
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error
    return reachableFrom(repository.objects, tips, { shallow, tolerant: true })
  }
}
