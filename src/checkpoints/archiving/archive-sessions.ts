/** Moves cold sessions into archives: one ref then stands for hundreds of sessions. */
import { ConflictError, CorruptError } from '../../errors.ts'
import type { Plan } from '../../git/refs/change.ts'
import { PURGE_LOCK } from '../../git/upkeep/purge-mark.ts'
import {
  activeRef,
  branchRef,
  type CommitId,
  type LockName,
  MAIN,
  type ObjectId,
  type RefName,
  type SessionId,
} from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import type { Checkpoints } from '../checkpoints.ts'
import {
  type Archive,
  type ArchivedSession,
  MOST_LINES,
  MOST_TIPS,
  type NewArchive,
  newArchive,
} from '../commits/archive.ts'
import { AGAIN, type Again, nothing } from '../locking/locking.ts'
import { datesOf, without } from '../locking/return.ts'

export interface Archiving {
  /** Sessions that are archived now. */
  archived: SessionId[]
  /** Sessions that someone else changed in the meantime; they were left as they are. */
  changed: SessionId[]
  /** Refs of the new archives. */
  archives: RefName[]
}

/** Archives with fewer tips are merged into the next archives that are made. */
const FEW = 100
const ROUNDS = 10

/**
 * Archives sessions, in changes of up to 1,000 tips each: removes their refs and records them in an archive. Throws
 * LockedError, StorageError, CorruptError; sessions that were not archived by then are unchanged.
 *
 * @param seen each session's refs, as `SessionRefs.of` returned them; a session whose refs have changed since is not
 * archived
 */
export async function archiveSessions(
  checkpoints: Checkpoints,
  seen: ReadonlyMap<SessionId, ReadonlyMap<RefName, ObjectId>>,
  onProgress?: (done: number) => void,
): Promise<Archiving> {
  const { history } = checkpoints
  const archives = history.archives.all()
  const few = archives.filter(({ sessions }) => tipsOf([...sessions.values()]) < FEW)
  const all = new Map(
    [...seen.keys()].map((session) => [encodeName(session), archivable(checkpoints, session, archives)]),
  )
  for (const { sessions } of few) for (const [part, one] of sessions) if (!all.has(part)) all.set(part, one)
  const done: Archiving = { archived: [], changed: [], archives: [] }
  for (const chunk of await chunksOf(checkpoints, [...all.values()])) {
    const { archive, changed } = await fold(checkpoints, chunk, seen)
    done.changed.push(...changed)
    if (archive !== undefined) done.archives.push(archive)
    for (const { session } of chunk)
      if (seen.has(session) && !changed.includes(session)) done.archived.push(session)
    onProgress?.(done.archived.length)
  }
  return done
}

/**
 * Archives these sessions in one change, with the given refs, if the local refs are the same or there are none. Returns
 * the ids of the sessions that had refs of their own or did not exist here.
 *
 * @param as an archive whose objects are stored already, and which holds at least these sessions
 */
export async function foldSessions(
  checkpoints: Checkpoints,
  wanted: readonly ArchivedSession[],
  as?: Archive,
): Promise<SessionId[]> {
  const { history } = checkpoints
  const archives = history.archives.readable()
  const fresh = wanted.flatMap(({ session }) => (history.isArchived(session, archives) ? [] : session))
  const seen = new Map(wanted.map(({ session, refs }) => [session, refs]))
  const { changed } = await fold(checkpoints, wanted, seen, as)
  return fresh.filter((session) => !changed.includes(session))
}

/** Returns why a session cannot be archived; `undefined` if it can. */
export async function whyNotArchivable(
  { history }: Checkpoints,
  session: SessionId,
): Promise<'damaged' | 'no commit' | undefined> {
  for (const id of history.refsOf(session).values()) {
    try {
      if ((await history.objects.read(id)).type !== 'commit') return 'no commit'
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error
      return 'damaged'
    }
  }
  return undefined
}

function archivable(
  { history }: Checkpoints,
  session: SessionId,
  archives: readonly Archive[],
): ArchivedSession {
  const active = history.active(session, archives)
  const refs = history.refsOf(session, archives) as Map<RefName, CommitId>
  return { session, refs, active: active === MAIN ? undefined : branchRef(session, active) }
}

const tipsOf = (sessions: readonly ArchivedSession[]): number =>
  new Set(sessions.flatMap(({ refs }) => [...refs.values()])).size

/** Divides sessions, oldest first, into as few chunks as possible, of about the same size. Never divides a session. */
async function chunksOf(
  { history }: Checkpoints,
  sessions: readonly ArchivedSession[],
): Promise<ArchivedSession[][]> {
  const dates = await datesOf(history, sessions)
  const newest = ({ refs }: ArchivedSession): number =>
    Math.max(0, ...[...refs.values()].map((id) => dates.get(id)!))
  const sorted = [...sessions].sort((a, b) => newest(a) - newest(b) || (a.session < b.session ? -1 : 1))
  const size = ({ refs }: ArchivedSession): number =>
    Math.max(refs.size / MOST_LINES, new Set(refs.values()).size / MOST_TIPS)
  const total = sorted.reduce((sum, one) => sum + size(one), 0)
  const share = total / Math.max(1, Math.ceil(total))
  const chunks: ArchivedSession[][] = []
  let room = 0
  for (const one of sorted) {
    if (chunks.length === 0 || size(one) > room + 1e-9) {
      chunks.push([])
      room = share
    }
    chunks.at(-1)!.push(one)
    room -= size(one)
  }
  return chunks
}

/** Puts these sessions into an archive of their own and removes them from all other archives, in one change. */
async function fold(
  checkpoints: Checkpoints,
  wanted: readonly ArchivedSession[],
  seen: ReadonlyMap<SessionId, ReadonlyMap<RefName, ObjectId>>,
  as?: Archive,
): Promise<{ archive: RefName | undefined; changed: SessionId[] }> {
  const { history, refs } = checkpoints
  const asNow = (all: readonly ArchivedSession[]): ArchivedSession[] => {
    const archives = history.archives.readable()
    return all.map((given) => {
      const own = archivable(checkpoints, given.session, archives)
      const isGiven = own.refs.size === 0 || isSame(own.refs, given.refs)
      return as !== undefined && isGiven ? given : own
    })
  }
  for (let round = 0; round < ROUNDS; round++) {
    const now = asNow(wanted)
    const isSeen = ({ session, refs }: ArchivedSession): boolean => isSame(refs, seen.get(session) ?? refs)
    const changed = now.filter((one) => !isSeen(one)).map(({ session }) => session)
    const sessions = now.filter((one) => isSeen(one) && one.refs.size > 0)
    if (sessions.every(({ session }) => !seen.has(session))) return { archive: undefined, changed }
    const parts = new Set(sessions.map(({ session }) => encodeName(session)))
    const isWhole = as !== undefined && sessions.length === as.sessions.size
    const made: NewArchive = isWhole
      ? { ...as, objects: [] }
      : newArchive(sessions, await datesOf(history, sessions))
    const others = history.archives
      .all()
      .filter((one) => one.ref !== made.ref && [...parts].some((part) => one.sessions.has(part)))
    const rest = (await Promise.all(others.map((one) => without(history, one, parts)))).flatMap(
      (one) => one ?? [],
    )
    const gone = new Set(sessions.flatMap((one) => [...one.refs.keys()]))
    const head = refs.headElsewhere((ref) => gone.has(ref))
    const locks: LockName[] = [
      ...gone,
      ...sessions.map(({ session }) => activeRef(session)),
      ...[made, ...others, ...rest].map(({ ref }) => ref),
      ...head.map(({ ref }) => ref),
      PURGE_LOCK,
    ]
    const result = await history.repository.change<RefName | Again>({
      refs: [...new Set(locks)],
      prepare: (current): Plan<RefName | Again> => {
        const isAsBefore =
          asNow(sessions).every((one, at) => isEqual(one, sessions[at]!)) &&
          others.every(({ ref, id }) => current.get(ref) === id)
        if (!isAsBefore) return nothing(AGAIN)
        const moves = new Map<RefName, ObjectId | null>(
          [...gone, ...others.map(({ ref }) => ref)].map((ref) => [ref, null]),
        )
        for (const { ref, id } of [...rest, made]) moves.set(ref, id)
        return {
          objects: [...rest, made].flatMap(({ objects }) => objects),
          moves,
          symbolic: [
            // Also where the archive comes from a machine with another active branch.
            ...sessions.map(({ session }) => ({ ref: activeRef(session), to: null })),
            ...head,
          ],
          result: made.ref,
          placed: () => checkpoints.forget(gone),
        }
      },
    })
    if (result !== AGAIN) return { archive: result, changed }
  }
  throw new ConflictError(
    { session: wanted[0]!.session, branch: MAIN, actual: null },
    'Other processes keep changing the sessions that should be archived. Try again.',
  )
}

const isSame = (a: ReadonlyMap<RefName, ObjectId>, b: ReadonlyMap<RefName, ObjectId>): boolean =>
  a.size === b.size && [...a].every(([ref, id]) => b.get(ref) === id)

const isEqual = (a: ArchivedSession, b: ArchivedSession): boolean =>
  a.active === b.active && isSame(a.refs, b.refs)
