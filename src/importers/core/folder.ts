/** Imports all sessions of a folder. */
import { ForkpointError, NotFoundError } from '../../errors.ts'
import type { SessionStore } from '../../store/session-store.ts'
import { ReadingThreads } from '../aside/threads.ts'
import { openSource } from '../byte-source.ts'
import type { Importer, Located } from '../importer.ts'
import { filesBelow } from './files-below.ts'
import { importFileWith } from './import.ts'
import type { ImportOptions, ImportResult } from './import-result.ts'
import { isToolOf } from './sessions-of.ts'

/** The result for one session in a file of the folder. */
export type FolderImport =
  | ({ path: string; tool: string; error?: undefined } & ImportResult)
  /** The file could not be imported, or is not a session (UnsupportedError). Other files are imported nevertheless. */
  | { path: string; tool: string; session?: undefined; error: ForkpointError }

/**
 * Imports every session file of a folder and its subfolders, one after another. Files of sub-agents are imported with
 * their session; if that session is not in the folder, each becomes a separate session.
 *
 * @throws NotFoundError if the folder has no such file. Errors of single files are yielded like the results.
 */
export async function* importFolder(
  tool: Importer,
  folder: string,
  store: SessionStore,
  options: Omit<ImportOptions, 'sessionId' | 'agents'> = {},
): AsyncGenerator<FolderImport> {
  let found = false
  const threads = new ReadingThreads()
  try {
    for await (const located of filesOf(tool, folder)) {
      found = true
      yield* importLocated(tool, located, store, options, threads)
    }
  } finally {
    await threads.close()
  }
  if (found) return
  throw new NotFoundError({ kind: 'file', id: folder }, `There is no ${tool.extension} file in '${folder}'.`)
}

/** Imports every session of a folder and its subfolders that one of the tools wrote. Other files are skipped. */
export async function* importAnyFolder(
  tools: readonly Importer[],
  folder: string,
  store: SessionStore,
  options: Omit<ImportOptions, 'sessionId' | 'agents'> = {},
): AsyncGenerator<FolderImport> {
  const done = new Set<string>()
  const threads = new ReadingThreads()
  try {
    for (const tool of tools) {
      for await (const located of filesOf(tool, folder)) {
        const { path, agents = [] } = located
        if (done.has(path) || (located.error === undefined && !(await isSession(tool, path)))) continue
        for (const one of [path, ...agents]) done.add(one)
        yield* importLocated(tool, located, store, options, threads)
      }
    }
  } finally {
    await threads.close()
  }
}

/** Finds the session files of a folder. */
export async function* filesOf(tool: Importer, folder: string): AsyncGenerator<Located> {
  yield* tool.locate?.(folder) ?? (await filesBelow(folder, tool.extension))
}

async function isSession(tool: Importer, path: string): Promise<boolean> {
  const source = await openSource(path).catch(() => undefined)
  return source !== undefined && source.size > 0 && (await isToolOf(tool, source).catch(() => false))
}

export async function* importLocated(
  tool: Importer,
  { path, agents = [], error: problem }: Located,
  store: SessionStore,
  options: Omit<ImportOptions, 'sessionId' | 'agents'>,
  threads: ReadingThreads,
): AsyncGenerator<FolderImport> {
  try {
    if (problem !== undefined) throw problem
    for await (const result of importFileWith(threads, tool, path, store, { ...options, agents }))
      yield { path, tool: tool.name, ...result }
  } catch (error) {
    if (!(error instanceof ForkpointError)) throw error
    yield { path, tool: tool.name, error }
  }
}
