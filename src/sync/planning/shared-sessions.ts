/** Where the refs of sessions are: here, at a remote, and when it was last looked at. */
import type { Refs } from '../../git/refs/refs.ts'
import {
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
  /** The newest tombstone. */
  gone: Whereabouts<CommitId>
  /** The newest rewrite. */
  rewritten: Whereabouts<CommitId>
}

export type SharedSessions = Map<SessionId, SharedSession>

/** What this repository knows by itself, of these sessions or of all. */
export function localSessions(
  refs: Refs,
  names: RemoteNames,
  only?: readonly SessionId[] | undefined,
): SharedSessions {
  const found: SharedSessions = new Map()
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

/** Adds what the remote has. */
export function addRemote(
  sessions: SharedSessions,
  names: RemoteNames,
  there: ReadonlyMap<string, ObjectId>,
  only?: readonly SessionId[] | undefined,
): void {
  const isWanted = only === undefined ? undefined : new Set<string>(only)
  for (const [ref, id] of there) {
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

/** Whether something here is not what was last seen at the remote. */
export const isWaiting = ({ refs, gone, rewritten }: SharedSession): boolean =>
  gone.local !== gone.seen ||
  rewritten.local !== rewritten.seen ||
  [...refs.values()].some(({ local, seen }) => local !== undefined && local !== seen)

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

function place(into: SharedSessions, key: RefKey, where: keyof Whereabouts, id: ObjectId): void {
  const parsed = parseKey(key)
  if (parsed === undefined) return
  const { refs } = of(into, parsed.session)
  refs.set(key, { ...refs.get(key), [where]: id })
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
  // A session's name is read as that of a branch's ref is.
  const session = parseRef(`refs/heads/${part}/main`)?.session
  if (session === undefined || only?.includes(session) === false) return
  of(into, session)[kind][where] = id as CommitId
}

function of(into: SharedSessions, session: SessionId): SharedSession {
  const known = into.get(session)
  if (known !== undefined) return known
  const made: SharedSession = { session, refs: new Map(), gone: {}, rewritten: {} }
  into.set(session, made)
  return made
}

/** A ref that cannot be read is that session's trouble; `verify` tells of it. */
const passOver = (): void => undefined
