/** The disk usage of each session, from one walk over everything that its refs reach. */
import { hash } from 'node:crypto'
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

/** What one walk finds out about a session. */
export interface SessionUsage {
  bytes: SessionBytes
  /** Checkpoints that its branches and tags reach; 0 if one of them cannot be read. */
  checkpoints: number
}

/**
 * Returns the usage of all sessions. Objects that a ref outside of sessions needs too count as shared. The trash and
 * forkpoint's other own refs are ignored. Missing or damaged objects have no bytes. The result of a long walk is kept for
 * the next call, and used while refs, packs and loose objects are the same.
 *
 * @param onProgress called with the number of sessions done, and of all
 */
export async function usageOfSessions(
  history: History,
  onProgress?: (done: number, total: number) => void,
): Promise<Map<SessionId, SessionUsage>> {
  const { repository } = history
  const mark = history.copies.mark()
  repository.objects.refresh()
  const groups = tipsOfSessions(history)
  const state = stateOf(repository, groups)
  const known = readKept(history, state)
  if (known !== undefined) return known
  const sizes = await repository.objects.sizes()
  const owners = new Map<ObjectId, SessionId | typeof SEVERAL | undefined>()
  const found = new Map<SessionId, SessionUsage>()
  let isWhole = true
  for (const [session, tips] of groups) {
    let all = 0
    const { ids, isDamaged } = await everythingOf(repository, tips)
    for (const id of ids) {
      all += sizes.get(id) ?? 0
      owners.set(id, owners.has(id) ? SEVERAL : session)
    }
    isWhole &&= !isDamaged
    if (session !== undefined)
      found.set(session, { bytes: { own: 0, shared: all }, checkpoints: await countOf(history, session) })
    onProgress?.(found.size, groups.size)
  }
  for (const [id, owner] of owners) {
    const of = owner === undefined || owner === SEVERAL ? undefined : found.get(owner)
    if (of === undefined) continue
    const size = sizes.get(id) ?? 0
    of.bytes.own += size
    of.bytes.shared -= size
  }
  if (isWhole && owners.size >= WORTH_KEEPING) keep(history, state, found, mark)
  return found
}

const KIND = 'usage 1'
/** There is one copy, which names the state that it is of. */
const NAME = hash('sha1', KIND, 'hex')
/** Fewer objects are walked as fast as a copy is read. */
const WORTH_KEEPING = 500

/** Returns a hash of everything that the usage depends on. */
function stateOf(
  { objects, folder }: Repository,
  groups: ReadonlyMap<SessionId | undefined, readonly ObjectId[]>,
): string {
  const packs = objects.packs().map(({ name }) => name)
  const tips = [...groups].map(([session, ids]) => `${session ?? ''} ${ids.join(' ')}`)
  const parts = [tips, packs.sort(), [...objects.looseIds()].sort(), [...shallowCommits(folder)].sort()]
  return hash('sha1', parts.map((part) => part.join('\n')).join('\n\n'), 'hex')
}

/** Returns the copy, if it is of this state. */
function readKept({ copies }: History, state: string): Map<SessionId, SessionUsage> | undefined {
  const [of, rows] = JSON.parse(copies.read(KIND, NAME)?.toString() ?? '[]') as [string?, Row[]?]
  if (of !== state) return undefined
  return new Map(
    rows!.map(([session, own, shared, checkpoints]) => [session, { bytes: { own, shared }, checkpoints }]),
  )
}

type Row = [session: SessionId, own: number, shared: number, checkpoints: number]

function keep(
  { copies }: History,
  state: string,
  found: ReadonlyMap<SessionId, SessionUsage>,
  mark: string,
): void {
  const rows = [...found].map(
    ([session, { bytes, checkpoints }]): Row => [session, bytes.own, bytes.shared, checkpoints],
  )
  copies.write(KIND, NAME, Buffer.from(JSON.stringify([state, rows])), mark)
}

async function countOf(history: History, session: SessionId): Promise<number> {
  try {
    const tips = [...history.branches(session).values(), ...(await history.tags(session)).values()]
    return (await history.reachable(tips)).size
  } catch (error) {
    if (error instanceof CorruptError) return 0
    throw error
  }
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

async function everythingOf(
  { objects, folder }: Repository,
  tips: readonly ObjectId[],
): Promise<{ ids: Set<ObjectId>; isDamaged: boolean }> {
  const shallow = shallowCommits(folder)
  try {
    return { ids: await reachableFrom(objects, tips, { shallow }), isDamaged: false }
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error
    return { ids: await reachableFrom(objects, tips, { shallow, tolerant: true }), isDamaged: true }
  }
}
