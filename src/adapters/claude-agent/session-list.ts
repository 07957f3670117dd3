/** The sessions of a project, and the sub-agents of a session, without reading transcripts. */
import { decodeHead } from '../../codec/index.ts'
import { findEntry } from '../../git/tree.ts'
import { type CommitId, parseRef, type SessionId } from '../../ids.ts'
import { readBlobs } from '../../store/git-files.ts'
import type { CommitInfo, GitHistory } from '../../store/git-history.ts'
import type { JsonObject } from '../../store/json-value.ts'
import { isShortened, lineNameOf, projectPrefix, refFolder, sessionIdIn, subpathOf } from './session-key.ts'

export interface ListedSession {
  sessionId: string
  /** When it was last written here, in milliseconds. */
  mtime: number
  /** What its `session.json` holds. */
  fields: JsonObject
}

/** Two small files a session are read: the commit, and `session.json`. */
export async function listProject(
  history: GitHistory,
  type: string,
  projectKey: string,
): Promise<ListedSession[]> {
  const prefix = projectPrefix(projectKey)
  const found: { sessionId: string; tip: CommitInfo }[] = []
  for (const session of sessionsIn(history)) {
    const mayBe = isShortened(session) ? undefined : sessionIdIn(prefix, session)
    if (mayBe === undefined && !isShortened(session)) continue
    const id =
      history.head(session, history.active(session)) ?? history.branches(session).values().next().value
    if (id === undefined) continue
    const tip = await history.info(id)
    if ((tip.type ?? (await history.typeOf(id))) !== type) continue
    const sessionId = mayBe ?? (await nameIn(history, prefix, id))
    if (sessionId !== undefined) found.push({ sessionId, tip })
  }
  const fields = await readAllFields(
    history,
    found.map(({ tip }) => tip.tree),
  )
  return found.map(({ sessionId, tip }) => {
    const own = fields.get(tip.tree) ?? {}
    // An id that is too long stands in full only there.
    const isCut = sessionId.includes('%~') && typeof own.sessionId === 'string'
    return { sessionId: isCut ? (own.sessionId as string) : sessionId, mtime: tip.time, fields: own }
  })
}

/** Subpaths of what is kept beside a session, in order. */
export async function listSubpaths(history: GitHistory, session: SessionId): Promise<string[]> {
  const found: string[] = []
  for (const [ref, id] of history.repository.refs.list(refFolder(session))) {
    const name = lineNameOf(ref)
    if (name === undefined) continue
    const full = isShortened(name) ? await trailerOf(history, id as CommitId, 'Subpath') : name
    if (full !== undefined) found.push(subpathOf(full))
  }
  return found.sort()
}

function sessionsIn({ repository }: GitHistory): Set<SessionId> {
  const sessions = new Set<SessionId>()
  for (const ref of repository.refs.list('refs/heads/').keys()) {
    const parsed = parseRef(ref)
    if (parsed?.kind === 'branch') sessions.add(parsed.session)
  }
  return sessions
}

/** A name that is too long for a ref stands in full in the commit. */
async function nameIn(history: GitHistory, prefix: string, id: CommitId): Promise<string | undefined> {
  const name = await trailerOf(history, id, 'Session')
  return name === undefined ? undefined : sessionIdIn(prefix, name)
}

/** From the newest commit of ours. */
async function trailerOf(history: GitHistory, from: CommitId, name: string): Promise<string | undefined> {
  for await (const { message } of history.line(from)) {
    if (message.trailers !== undefined) return message.trailers.get(name)
  }
  return undefined
}

/** What stands in `session.json` of these trees. */
async function readAllFields(
  { repository: { objects } }: GitHistory,
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
