/** Collects the values of sessions' refs: here, at a remote, and as last seen there. */

import type { Archives } from '../../checkpoints/commits/archives.ts'
import type { History } from '../../checkpoints/commits/history.ts'
import { foldedTip, foldedTips } from '../../checkpoints/tombstones/folded.ts'
import { CorruptError } from '../../errors.ts'
import type { Refs } from '../../git/refs/refs.ts'
import {
  ARCHIVE,
  type CommitId,
  FOLDED,
  GONE,
  type ObjectId,
  parseRef,
  REWRITTEN,
  type RefFolder,
  type RefName,
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
  /** The newest tombstone of the session, with a ref of its own or folded. */
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
    for (const [part, id] of tombstones(refs, folder, only)) placeTombstone(found, kind, part, 'local', id)
    const seen = `${names.seenFolder}${kind}/` as const
    for (const [part, id] of tombstones(refs, seen, only)) placeTombstone(found, kind, part, 'seen', id)
  }
  return found
}

/** Adds what the remote has; `there` must not change afterwards. Skips archives that are not stored here. */
export function addRemote(
  { archives }: History,
  sessions: SharedSessions,
  names: RemoteNames,
  there: ReadonlyMap<string, ObjectId>,
  only?: readonly SessionId[] | undefined,
): void {
  const { archived, byPart } = indexOf(there, names)
  addArchived(sessions, 'remote', archives, archived, only)
  const refs = only === undefined ? byPart.values() : only.map((one) => byPart.get(encodeName(one)) ?? [])
  for (const own of refs)
    for (const { kind, name, id } of own)
      if (kind === 'ref') place(sessions, name, 'remote', id)
      else placeTombstone(sessions, kind, name, 'remote', id)
}

/** A remote's refs, by the part of a ref that encodes the session's id. */
interface RemoteIndex {
  archived: [string, ObjectId][]
  /** `name`: the key of a ref, or the part of a tombstone's ref. */
  byPart: Map<string, { kind: 'ref' | 'gone' | 'rewritten'; name: string; id: ObjectId }[]>
}

/** Indexes a remote's refs once, because each session is looked up among them. */
function indexOf(there: ReadonlyMap<string, ObjectId>, names: RemoteNames): RemoteIndex {
  const known = indexes.get(there)
  if (known !== undefined) return known
  const index: RemoteIndex = { archived: [], byPart: new Map() }
  const add = (
    part: string,
    one: { kind: 'ref' | 'gone' | 'rewritten'; name: string; id: ObjectId },
  ): void => {
    const own = index.byPart.get(part)
    if (own === undefined) index.byPart.set(part, [one])
    else own.push(one)
  }
  for (const [ref, id] of there) {
    const tombstone = TOMBSTONES.find(([, folder]) => ref.startsWith(folder))
    if (ref.startsWith(ARCHIVE)) index.archived.push([ref, id])
    else if (tombstone !== undefined) {
      const part = ref.slice(tombstone[1].length)
      add(part, { kind: tombstone[0], name: part, id })
    } else {
      const key = names.key(ref)
      if (key !== undefined) add(key.split('/')[1]!, { kind: 'ref', name: key, id })
    }
  }
  indexes.set(there, index)
  return index
}

const indexes = new WeakMap<ReadonlyMap<string, ObjectId>, RemoteIndex>()

/**
 * Adds the folded tombstones of these sessions. Skips folds that are not stored here, and a remote ref of that name
 * whose commit is not a fold. Throws CorruptError.
 */
export async function addFolded(
  { objects, repository: { refs } }: History,
  sessions: SharedSessions,
  names: RemoteNames,
  there?: ReadonlyMap<string, ObjectId>,
): Promise<void> {
  const places = [
    ['local', refs.read(FOLDED)],
    ['seen', refs.read(names.seenFolded)],
    ['remote', there?.get(FOLDED)],
  ] as const
  for (const [where, id] of places) {
    if (id === undefined || !(await objects.has(id))) continue
    try {
      const all = sessions.size > MOST_READ ? await foldedTips(objects, id as CommitId) : undefined
      for (const { session, gone } of sessions.values()) {
        const part = encodeName(session)
        gone[where] ??= all === undefined ? await foldedTip(objects, id as CommitId, part) : all.get(part)
      }
    } catch (error) {
      if (where !== 'remote' || !(error instanceof CorruptError)) throw error
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

/** Yields the refs in a folder of tombstones, as the part that encodes the session's id, of these sessions or of all. */
function* tombstones(
  refs: Refs,
  folder: RefFolder,
  only: readonly SessionId[] | undefined,
): Generator<[part: string, id: ObjectId]> {
  if (only === undefined || only.length > MOST_READ) {
    const wanted = only && new Set(only.map(encodeName))
    for (const [ref, id] of refs.entries(folder, passOver)) {
      const part = ref.slice(folder.length)
      if (wanted?.has(part) !== false) yield [part, id]
    }
    return
  }
  for (const part of only.map(encodeName)) {
    const id = tryRead(refs, `${folder}${part}`)
    if (id !== undefined) yield [part, id]
  }
}

/** For more sessions than this, listing a folder of refs is faster than reading each ref. */
const MOST_READ = 100

function tryRead(refs: Refs, ref: RefName): ObjectId | undefined {
  try {
    return refs.read(ref)
  } catch (error) {
    if (error instanceof CorruptError) return undefined
    throw error
  }
}

function placeTombstone(
  into: SharedSessions,
  kind: 'gone' | 'rewritten',
  part: string,
  where: keyof Whereabouts,
  id: ObjectId,
): void {
  // Decodes the session's id in the same way as in the ref of a branch.
  const session = parseRef(`refs/heads/${part}/main`)?.session
  if (session !== undefined) of(into, session)[kind][where] = id as CommitId
}

function of(into: SharedSessions, session: SessionId): SharedSession {
  const one = into.get(session) ?? nothingOf(session)
  into.set(session, one)
  return one
}

/** Returns a session of which nothing is known. */
export const nothingOf = (session: SessionId): SharedSession => ({
  session,
  refs: new Map(),
  gone: {},
  rewritten: {},
  archived: { local: false, seen: false, remote: false },
})

/** Ignores unreadable refs; `verify` reports them. */
const passOver = (): void => undefined
