/**
 * An archive: a commit whose parents are the tips of sessions without refs of their own, and whose body says which ref
 * each tip had. The same sessions give the same commit. `docs/format.md`, "Archives".
 */
import { decodeParents, encodeCommit } from '../../git/objects/commit.ts'
import { asBuffer, EMPTY_TREE, type NewObject, newCommitObject, newObject } from '../../git/objects/object.ts'
import { ARCHIVE, type CommitId, type ObjectId, parseRef, type RefName, type SessionId } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import { FORKPOINT } from './author.ts'
import { messageText, trailersOf } from './message.ts'

/** A session in an archive. */
export interface ArchivedSession {
  session: SessionId
  /** Branches, reserved lines and tags. */
  refs: ReadonlyMap<RefName, CommitId>
  /** The ref of the active branch, if that is not `main`. */
  active: RefName | undefined
}

/** A stored archive. */
export interface Archive {
  ref: RefName
  id: CommitId
  /** By the part of a ref that encodes the session's id. */
  sessions: ReadonlyMap<string, ArchivedSession>
}

export interface NewArchive extends Archive {
  /** The commit first, then what it needs. */
  objects: readonly NewObject[]
}

/** @param committed committer date of each tip, in milliseconds */
export function newArchive(
  sessions: readonly ArchivedSession[],
  committed: ReadonlyMap<CommitId, number>,
): NewArchive {
  const dated = (id: CommitId): number => committed.get(id) ?? 0
  const tips = new Set(sessions.flatMap(({ refs }) => [...refs.values()]))
  const parents = [...tips].sort((a, b) => dated(a) - dated(b) || (a < b ? -1 : 1))
  const numbers = new Map(parents.map((id, at) => [id, at + 1]))
  const lines = sessions.flatMap(({ refs, active }) => [
    ...[...refs].map(([ref, id]) => `${shortRef(ref)} ^${numbers.get(id)}`),
    ...(active === undefined ? [] : [`${shortRef(active)} active`]),
  ])
  const at = Math.max(0, ...parents.map(dated))
  const person = { ...FORKPOINT, at }
  const trailers = new Map([
    ['Kind', KIND],
    ['Format', '1'],
  ])
  const subject = `archive ${sessions.length} session${sessions.length === 1 ? '' : 's'}`
  const message = messageText({ subject, body: lines.sort().join('\n'), trailers })
  const data = encodeCommit({ tree: EMPTY_TREE, parents, author: person, committer: person, message })
  const commit = newCommitObject(data)
  return {
    ref: archiveRef(at, commit.id),
    id: commit.id,
    sessions: new Map(sessions.map((one) => [encodeName(one.session), one])),
    objects: [commit, newObject('tree', new Uint8Array())],
  }
}

/**
 * Returns the sessions that a commit archives; `undefined` if it is not an archive. Ignores lines that it does not
 * understand.
 */
export function parseArchive(data: Uint8Array, id: ObjectId): Archive['sessions'] | undefined {
  const text = asBuffer(data).toString('latin1')
  const message = text.slice(text.indexOf('\n\n') + 2)
  if (trailersOf(message)?.get('Kind') !== KIND) return undefined
  const parents = decodeParents(data, id)
  const sessions = new Map<
    string,
    { session: SessionId; refs: Map<RefName, CommitId>; active: RefName | undefined }
  >()
  for (const [, name, number] of message.matchAll(LINE)) {
    const ref: RefName = `refs/${name!}`
    const parsed = parseRef(ref)
    if (parsed === undefined || parsed.kind === 'active') continue
    const part = name!.split('/')[1]!
    const one = sessions.get(part) ?? { session: parsed.session, refs: new Map(), active: undefined }
    sessions.set(part, one)
    const tip = number === undefined ? undefined : parents[Number(number) - 1]
    if (number === undefined) one.active = ref
    else if (tip !== undefined) one.refs.set(ref, tip)
  }
  return sessions
}

/** Limits for filling an archive: parents of its commit, and lines of its body. */
export const MOST_TIPS = 1000
export const MOST_LINES = 3000

const KIND = 'archive'
const LINE = /^((?:heads|tags)\/\S+) (?:\^([1-9]\d{0,5})|active)$/gm

const shortRef = (ref: RefName): string => ref.slice('refs/'.length)

/** Names archives by the day of their newest tip, so that a list of refs is in this order. */
const archiveRef = (at: number, id: CommitId): RefName =>
  `${ARCHIVE}${new Date(Math.floor(at / 1000) * 1000).toISOString().slice(0, 10)}-${id.slice(0, 16)}`
