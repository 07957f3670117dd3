/** Imports all sessions of a folder, such as `~/.claude/projects`. */
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { ForkpointError, NotFoundError } from '../../errors.ts'
import type { SessionStore } from '../../store/session-store.ts'
import { findAgentFiles, isAgentFile, jsonlBelow, sessionIdOf } from './agent-files.ts'
import { type ImportOptions, type ImportResult, importClaudeCode } from './import.ts'

/** What came of one file of the folder. */
export type FolderImport =
  | ({ path: string; error?: undefined } & ImportResult)
  /** The file could not be imported; the others are all the same. */
  | { path: string; error: ForkpointError }

/**
 * Imports every `.jsonl` file of a folder and below, one after the other. Transcripts of sub-agents go with their
 * session; those whose session is not in the folder become sessions of their own. Of several files of one session
 * the shortest comes first, so that copies of a growing file add up.
 *
 * @throws NotFoundError when the folder has no `.jsonl` file. Errors of single files are given back beside the results.
 */
export async function* importClaudeCodeFolder(
  folder: string,
  store: SessionStore,
  options: Omit<ImportOptions, 'sessionId' | 'agents'> = {},
): AsyncGenerator<FolderImport> {
  const files = await jsonlBelow(folder)
  if (files.length === 0) {
    throw new NotFoundError({ kind: 'session', id: folder }, `There is no .jsonl file in '${folder}'.`)
  }
  const ids = new Map<string, Promise<string | undefined>>()
  const idOf = (path: string) => {
    // What cannot be read is reported when its turn comes.
    const id = ids.get(path) ?? sessionIdOf(path).catch(() => undefined)
    ids.set(path, id)
    return id
  }
  const agentsOf = new Map<string, string[]>()
  const sessions = files.filter((path) => !isAgentFile(path))
  for (const path of sessions) agentsOf.set(path, await findAgentFiles(path, await idOf(path), idOf))
  const claimed = new Set([...agentsOf.values()].flat())
  const orphans = files.filter((path) => isAgentFile(path) && !claimed.has(path))
  for (const path of [...(await shortestFirst(sessions, idOf)), ...orphans]) {
    try {
      const agents = agentsOf.get(path) ?? []
      yield { path, ...(await importClaudeCode(path, store, { ...options, agents })) }
    } catch (error) {
      if (!(error instanceof ForkpointError)) throw error
      yield { path, error }
    }
  }
}

/** In the order of their names, but files of one session in a row, the shortest first. */
async function shortestFirst(
  paths: readonly string[],
  idOf: (path: string) => Promise<string | undefined>,
): Promise<string[]> {
  const groups = new Map<string, { path: string; size: number }[]>()
  for (const path of paths) {
    const id = (await idOf(path)) ?? basename(path)
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    )
    groups.set(id, [...(groups.get(id) ?? []), { path, size }])
  }
  return [...groups.values()].flatMap((group) =>
    group.sort((a, b) => a.size - b.size).map(({ path }) => path),
  )
}
