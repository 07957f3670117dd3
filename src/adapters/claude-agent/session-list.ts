/** Lists the sessions of a project and the sub-agents of a session, without reading transcripts. */

import type { CommitInfo, History } from '../../checkpoints/commits/history.ts'
import { type BlobIds, entriesOf, readBlobs } from '../../checkpoints/trees/files.ts'
import { decodeHead, isOurs } from '../../codec/index.ts'
import type { CommitId, ObjectId, SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import {
  isShortened,
  type ProjectSession,
  projectOf,
  projectPrefix,
  sessionIdIn,
  subpathOf,
} from './session-key.ts'

export interface ListedSession {
  sessionId: string
  /** When it was last written here, in milliseconds. */
  mtime: number
  /** The content of its `session.json`. */
  fields: JsonObject
}

/** Called with each session that cannot be read. Errors that are not forkpoint's are thrown. */
export type Unreadable = (session: SessionId, error: unknown, tip?: CommitId) => void

/** Reads two small objects per session: the commit and `session.json`. */
export async function listProject(
  history: History,
  type: string,
  projectKey: string,
  unreadable: Unreadable,
): Promise<ListedSession[]> {
  const prefix = projectPrefix(projectKey)
  const found = await sessionsOf(history, type, (name) => sessionIdIn(prefix, name), unreadable)
  const fields = await readAllFields(
    history,
    found.map(({ tip }) => tip.tree),
  ).catch(() => readEach(history, found, unreadable))
  return found.flatMap(({ what, tip }) => {
    const own = fields.get(tip.tree)
    return own === undefined
      ? []
      : { sessionId: inFull(what, own.sessionId), mtime: writtenAt(tip), fields: own }
  })
}

/**
 * The session of that id in any project; if there are several, the one that was written last. Throws CorruptError if
 * sessions of that id exist, but none can be read.
 */
export async function findSession(
  history: History,
  type: string,
  sessionId: string,
  unreadable: Unreadable,
): Promise<ProjectSession | undefined> {
  const broken: unknown[] = []
  const match = (name: string) => projectOf(name, sessionId)
  const found = await sessionsOf(history, type, match, (session, error, tip) => {
    unreadable(session, error, tip)
    if (!isShortened(session)) broken.push(error)
  })
  const [newest] = found.sort((a, b) => writtenAt(b.tip) - writtenAt(a.tip))
  if (newest === undefined && broken.length > 0) throw broken[0]
  if (newest === undefined) return undefined
  const fields = await readAllFields(history, [newest.tip.tree])
  return { projectKey: inFull(newest.what, fields.get(newest.tip.tree)?.projectKey), sessionId }
}

/** Like a file's mtime: a clock that is set back does not make it older. */
const writtenAt = ({ time, committed }: CommitInfo): number => Math.max(time, committed)

/** Subpaths of the transcripts beside a session, in order. */
export async function listSubpaths(history: History, session: SessionId): Promise<string[]> {
  const found: string[] = []
  for (const [name, id] of history.lines(session)) {
    const full = isShortened(name) ? await trailerOf(history, id, 'Subpath') : name
    if (full !== undefined) found.push(subpathOf(full))
  }
  return found.sort()
}

interface FoundSession<T> {
  session: SessionId
  what: T
  tip: CommitInfo
}

/** Sessions of this type whose names match, with the result of `match`. */
async function sessionsOf<T>(
  history: History,
  type: string,
  match: (name: string) => T | undefined,
  unreadable: Unreadable,
): Promise<FoundSession<T>[]> {
  const found: FoundSession<T>[] = []
  const broken = new Map<SessionId, unknown>()
  for (const [session, branches] of history.sessions((one, error) => broken.set(one, error))) {
    const early = isShortened(session) ? undefined : match(session)
    if (early === undefined && !isShortened(session)) continue
    let id = branches.values().next().value
    try {
      if (broken.has(session)) throw broken.get(session)
      id = branches.get(history.active(session)) ?? id
      if (id === undefined) continue
      const tip = await history.info(id)
      if ((tip.type ?? (await history.typeOf(id))) !== type) continue
      // The commit has the full name if it is too long for a ref.
      const name = early === undefined ? await trailerOf(history, id, 'Session') : undefined
      const what = early ?? (name === undefined ? undefined : match(name))
      if (what !== undefined) found.push({ session, what, tip })
    } catch (error) {
      unreadable(session, error, id)
    }
  }
  return found
}

/** `session.json` has the full part of a name that is cut. */
const inFull = (part: string, full: unknown): string =>
  part.includes('%~') && typeof full === 'string' ? full : part

/** From the newest commit of ours. */
async function trailerOf(history: History, from: CommitId, name: string): Promise<string | undefined> {
  for await (const { message } of history.line(from)) {
    if (message.trailers !== undefined) return message.trailers.get(name)
  }
  return undefined
}

/** The content of `session.json` of these sessions, without those that cannot be read. */
async function readEach(
  history: History,
  found: readonly FoundSession<unknown>[],
  unreadable: Unreadable,
): Promise<Map<ObjectId, JsonObject>> {
  const all = new Map<ObjectId, JsonObject>()
  for (const { session, tip } of found) {
    try {
      for (const [tree, fields] of await readAllFields(history, [tip.tree])) all.set(tree, fields)
    } catch (error) {
      unreadable(session, error, tip.id)
    }
  }
  return all
}

/** The content of `session.json` in these trees. */
async function readAllFields(
  { objects }: History,
  trees: readonly ObjectId[],
): Promise<Map<ObjectId, JsonObject>> {
  const heads = new Map<ObjectId, BlobIds>()
  const blobs: BlobIds = new Map()
  for (const id of trees) {
    const files: BlobIds = new Map()
    const tree = await objects.readTree(id)
    for (const { name, mode, id: blob } of entriesOf(tree)) {
      if (mode === '40000' || !isOurs(name)) continue
      files.set(name, blob)
      blobs.set(blob, blob)
    }
    heads.set(id, files)
  }
  const bytes = await readBlobs(objects, blobs)
  return new Map(
    [...heads].map(([tree, files]) => [
      tree,
      decodeHead(new Map([...files].map(([path, blob]) => [path, bytes.get(blob)!]))),
    ]),
  )
}
