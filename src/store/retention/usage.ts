/** What each session takes on the disk: one walk over everything that its refs lead to. */
import type { History } from '../../checkpoints/commits/history.ts'
import { CorruptError } from '../../errors.ts'
import type { Repository } from '../../git/repository.ts'
import { reachableFrom } from '../../git/upkeep/reachable.ts'
import { shallowCommits } from '../../git/upkeep/roots.ts'
import { type ObjectId, parseRef, type SessionId } from '../../ids.ts'

/** Bytes on the disk. */
export interface SessionBytes {
  /** What nothing else needs: a purge frees so much once the session is deleted. */
  own: number
  /** What other sessions need as well, such as the history that a fork began with. */
  shared: number
}

/**
 * Bytes of all sessions. What a ref needs that is no session's counts as shared. The trash and forkpoint's other memories
 * are not asked. What is missing or broken has no bytes.
 *
 * @param onProgress told how many sessions were walked
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

/** Without a session: those of refs that belong to none. */
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
