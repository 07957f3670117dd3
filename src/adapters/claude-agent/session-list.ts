/** The sessions of a project, and the sub-agents of a session, without reading transcripts. */

import type { CommitInfo, History } from '../../checkpoints/commits/history.ts'
import { readBlobs } from '../../checkpoints/trees/files.ts'
import { findEntry } from '../../checkpoints/trees/objects.ts'
import { decodeHead } from '../../codec/index.ts'
import type { CommitId, SessionId } from '../../ids.ts'
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
  /** What its `session.json` holds. */
  fields: JsonObject
}

/** Two small files a session are read: the commit, and `session.json`. */
export async function listProject(
  history: History,
  type: string,
  projectKey: string,
): Promise<ListedSession[]> {
  const prefix = projectPrefix(projectKey)
  const found = await sessionsOf(history, type, (name) => sessionIdIn(prefix, name))
  const fields = await readAllFields(
    history,
    found.map(({ tip }) => tip.tree),
  )
  return found.map(({ what, tip }) => {
    const own = fields.get(tip.tree) ?? {}
    return { sessionId: inFull(what, own.sessionId), mtime: writtenAt(tip), fields: own }
  })
}

/** The session of that id, whatever its project; of several the one that was written last. */
export async function findSession(
  history: History,
  type: string,
  sessionId: string,
): Promise<ProjectSession | undefined> {
  const found = await sessionsOf(history, type, (name) => projectOf(name, sessionId))
  const [newest] = found.sort((a, b) => writtenAt(b.tip) - writtenAt(a.tip))
  if (newest === undefined) return undefined
  const fields = await readAllFields(history, [newest.tip.tree])
  return { projectKey: inFull(newest.what, fields.get(newest.tip.tree)?.projectKey), sessionId }
}

/** As a file's mtime: a clock that goes back does not make it older. */
const writtenAt = ({ time, committed }: CommitInfo): number => Math.max(time, committed)

/** Subpaths of what is kept beside a session, in order. */
export async function listSubpaths(history: History, session: SessionId): Promise<string[]> {
  const found: string[] = []
  for (const [name, id] of history.lines(session)) {
    const full = isShortened(name) ? await trailerOf(history, id, 'Subpath') : name
    if (full !== undefined) found.push(subpathOf(full))
  }
  return found.sort()
}

/** Sessions of this type whose names mean something to `match`, with what that is. */
async function sessionsOf<T>(
  history: History,
  type: string,
  match: (name: string) => T | undefined,
): Promise<{ what: T; tip: CommitInfo }[]> {
  const found: { what: T; tip: CommitInfo }[] = []
  for (const [session, branches] of history.sessions()) {
    const early = isShortened(session) ? undefined : match(session)
    if (early === undefined && !isShortened(session)) continue
    const id = branches.get(history.active(session)) ?? branches.values().next().value
    if (id === undefined) continue
    const tip = await history.info(id)
    if ((tip.type ?? (await history.typeOf(id))) !== type) continue
    // A name that is too long for a ref stands in full in the commit.
    const name = early === undefined ? await trailerOf(history, id, 'Session') : undefined
    const what = early ?? (name === undefined ? undefined : match(name))
    if (what !== undefined) found.push({ what, tip })
  }
  return found
}

/** A part of a name that is cut stands in full in `session.json`. */
const inFull = (part: string, full: unknown): string =>
  part.includes('%~') && typeof full === 'string' ? full : part

/** From the newest commit of ours. */
async function trailerOf(history: History, from: CommitId, name: string): Promise<string | undefined> {
  for await (const { message } of history.line(from)) {
    if (message.trailers !== undefined) return message.trailers.get(name)
  }
  return undefined
}

/** What stands in `session.json` of these trees. */
async function readAllFields(
  { objects }: History,
  trees: readonly string[],
): Promise<Map<string, JsonObject>> {
  const heads = new Map<string, Map<string, string>>()
  const blobs = new Map<string, string>()
  for (const id of trees) {
    const files = new Map<string, string>()
    const tree = await objects.readTree(id)
    for (const key of tree.keys) {
      if (key.endsWith('/')) continue
      const blob = findEntry(tree, key)!.id
      files.set(key, blob)
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
