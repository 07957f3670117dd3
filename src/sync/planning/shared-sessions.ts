/** Collects the values of sessions' refs: here, at a remote, and as last seen there. */

import type { Archives } from '../../checkpoints/commits/archives.ts'
import type { History } from '../../checkpoints/commits/history.ts'
import type { Refs } from '../../git/refs/refs.ts'
import {
  ARCHIVE,
  type CommitId,
  GONE,
  type ObjectId,
  parseRef,
  REWRITTEN,
  type RefFolder,
  type SessionId,
} from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import { parseKey, type RefKey, type RemoteNames } from './names.ts'

/** A value in three places. */
export interface Whereabouts<Id = ObjectId> {
  local?: Id | undefined
  seen?: Id | undefined
  remote?: Id | undefined
}

export interface SharedSession {
  session: SessionId
  refs: Map<RefKey, Whereabouts>
  /** The newest tombstone of the session. */
  gone: Whereabouts<CommitId>
  /** Where the session has no refs of its own, so that the values in `refs` are from archives. */
  archived: Record<keyof Whereabouts, boolean>
  /** The newest map of rewrites of the session. */
  rewritten: Whereabouts<CommitId>
}

export type SharedSessions = Map<SessionId, SharedSession>

/** Returns what this repository knows without asking the remote, of these sessions or of all. */
export function localSessions(
  { repository: { refs }, archives }: History,
  names: RemoteNames,
  only?: readonly SessionId[] | undefined,
): SharedSessions {
  const found: SharedSessions = new Map()
  addArchived(found, 'local', archives, refs.entries(ARCHIVE, passOver), only)
  addArchived(found, 'seen', archives, refs.entries(names.seenArchives, passOver), only)
  for (const [ref, id] of listed(refs, ['heads/', 'tags/'], 'refs/', only))
    place(found, ref.slice('refs/'.length), 'local', id)
  for (const [ref, id] of listed(refs, ['heads/', 'tags/'], names.seenFolder, only))
    place(found, ref.slice(names.seenFolder.length), 'seen', id)
  for (const [kind, folder] of TOMBSTONES) {
    for (const [ref, id] of refs.entries(folder, passOver))
      placeTombstone(found, kind, ref.slice(folder.length), 'local', id, only)
    const seen = `${names.seenFolder}${kind}/` as const
    for (const [ref, id] of refs.entries(seen, passOver))
      placeTombstone(found, kind, ref.slice(seen.length), 'seen', id, only)
  }
  return found
}

/** Adds what the remote has. Skips archives that are not stored here. */
export function addRemote(
  { archives }: History,
  sessions: SharedSessions,
  names: RemoteNames,
  there: ReadonlyMap<string, ObjectId>,
  only?: readonly SessionId[] | undefined,
): void {
  const isWanted = only === undefined ? undefined : new Set<string>(only)
  const all = [...there].filter(([ref]) => ref.startsWith(ARCHIVE))
  addArchived(sessions, 'remote', archives, all, only)
  for (const [ref, id] of there) {
    if (ref.startsWith(ARCHIVE)) continue
    const tombstone = TOMBSTONES.find(([, folder]) => ref.startsWith(folder))
    if (tombstone !== undefined) {
      const [kind, folder] = tombstone
      placeTombstone(sessions, kind, ref.slice(folder.length), 'remote', id, only)
    } else {
      const key = names.key(ref)
      if (key === undefined || isWanted?.has(parseKey(key)!.session) === false) continue
      place(sessions, key, 'remote', id)
    }
  }
}

/** Returns whether something here differs from what was last seen at the remote. */
export const isWaiting = ({ refs, gone, rewritten, archived }: SharedSession): boolean =>
  gone.local !== gone.seen ||
  rewritten.local !== rewritten.seen ||
  (archived.seen && !archived.local) ||
  [...refs.values()].some(({ local, seen }) => local !== undefined && local !== seen)

function addArchived(
  into: SharedSessions,
  where: keyof Whereabouts,
  archives: Archives,
  refs: Iterable<readonly [string, ObjectId]>,
  only: readonly SessionId[] | undefined,
): void {
  const parts = only?.map(encodeName)
  for (const [, id] of refs) {
    const sessions = archives.tryRead(id as CommitId)
    for (const part of sessions === undefined ? [] : (parts ?? sessions.keys())) {
      const one = sessions!.get(part)
      if (one === undefined) continue
      for (const [ref, tip] of one.refs) place(into, ref.slice('refs/'.length), where, tip, true)
    }
  }
}

function* listed(
  refs: Refs,
  kinds: readonly `${string}/`[],
  folder: RefFolder,
  only: readonly SessionId[] | undefined,
): Generator<[string, ObjectId]> {
  const parts = only === undefined ? [''] : only.map((session) => `${encodeName(session)}/`)
  for (const kind of kinds)
    for (const part of parts) yield* refs.entries(`${folder}${kind}${part}` as RefFolder, passOver)
}

function place(
  into: SharedSessions,
  key: RefKey,
  where: keyof Whereabouts,
  id: ObjectId,
  isArchived = false,
): void {
  const parsed = parseKey(key)
  if (parsed === undefined) return
  const { refs, archived } = of(into, parsed.session)
  refs.set(key, { ...refs.get(key), [where]: id })
  archived[where] = isArchived
}

const TOMBSTONES = [
  ['gone', GONE],
  ['rewritten', REWRITTEN],
] as const

function placeTombstone(
  into: SharedSessions,
  kind: 'gone' | 'rewritten',
  part: string,
  where: keyof Whereabouts,
  id: ObjectId,
  only: readonly SessionId[] | undefined,
): void {
  // Decodes the session's id in the same way as in the ref of a branch.
  const session = parseRef(`refs/heads/${part}/main`)?.session
  if (session === undefined || only?.includes(session) === false) return
  of(into, session)[kind][where] = id as CommitId
}

function of(into: SharedSessions, session: SessionId): SharedSession {
  const known = into.get(session)
  if (known !== undefined) return known
  const made: SharedSession = {
    session,
    refs: new Map(),
    gone: {},
    rewritten: {},
    archived: { local: false, seen: false, remote: false },
  }
  into.set(session, made)
  return made
}

/** Ignores unreadable refs; `verify` reports them. */
const passOver = (): void => undefined
