/** Imports all sessions of a folder. */
import { ForkpointError, NotFoundError } from '../../errors.ts'
import type { SessionStore } from '../../store/session-store.ts'
import type { Importer } from '../importer.ts'
import { importSession } from './import.ts'
import type { ImportOptions, ImportResult } from './import-result.ts'

/** What came of one file of the folder. */
export type FolderImport =
  | ({ path: string; error?: undefined } & ImportResult)
  /** The file could not be imported, or is not a session (UnsupportedError); the others are all the same. */
  | { path: string; error: ForkpointError }

/**
 * Imports every session file of a folder and below, one after the other. Files of sub-agents go with their session;
 * those whose session is not in the folder become sessions of their own.
 *
 * @throws NotFoundError when the folder has no such file. Errors of single files are given back beside the results.
 */
export async function* importFolder(
  tool: Importer,
  folder: string,
  store: SessionStore,
  options: Omit<ImportOptions, 'sessionId' | 'agents'> = {},
): AsyncGenerator<FolderImport> {
  let found = false
  for await (const { path, agents = [], error: problem } of tool.locate(folder)) {
    found = true
    try {
      if (problem !== undefined) throw problem
      yield { path, ...(await importSession(tool, path, store, { ...options, agents })) }
    } catch (error) {
      if (!(error instanceof ForkpointError)) throw error
      yield { path, error }
    }
  }
  if (found) return
  throw new NotFoundError({ kind: 'file', id: folder }, `There is no ${tool.extension} file in '${folder}'.`)
}
