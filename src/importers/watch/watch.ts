/** Keeps a store up to date while tools work: imports their session files as the files grow. */
import { stat } from 'node:fs/promises'
import { UnsupportedError } from '../../errors.ts'
import type { SessionStore } from '../../store/session-store.ts'
import { ReadingThreads } from '../aside/threads.ts'
import { type FolderImport, filesOf, importLocated } from '../core/folder.ts'
import type { ImportOptions } from '../core/import-result.ts'
import type { Importer, Located } from '../importer.ts'
import { FolderEvents } from './folder-events.ts'

/** A folder where a tool keeps its sessions. It may not exist yet. */
export interface WatchedFolder {
  tool: Importer
  folder: string
}

export interface WatchOptions extends Omit<ImportOptions, 'sessionId' | 'agents'> {
  /** Ends the watch. A running import is finished first. */
  signal?: AbortSignal
  /** Milliseconds for which a file must not change before it is imported. Default 500. */
  quiet?: number
  /** Milliseconds after which all folders are searched even if the system reported no change. Default 30,000. */
  interval?: number
}

/**
 * Imports all sessions of the folders, then everything that is added to them, until `signal` is aborted. A session that
 * its tool rewrites or deletes stays unchanged in the store; the rewritten content becomes a branch. The tool never has
 * to wait. The watch can be stopped at any moment; the next one continues where it stopped.
 *
 *     for await (const { session, error } of watchSessions([{ tool: claudeCode, folder }], store)) …
 */
export async function* watchSessions(
  folders: readonly WatchedFolder[],
  store: SessionStore,
  { signal, quiet = 500, interval = 30_000, ...options }: WatchOptions = {},
): AsyncGenerator<FolderImport> {
  const events = new FolderEvents(
    folders.map(({ folder }) => folder),
    signal,
  )
  const seen = new Seen()
  const threads = new ReadingThreads()
  const isOver = () => signal?.aborted === true
  try {
    while (!isOver()) {
      const changed = events.take()
      let soonest = Number.POSITIVE_INFINITY
      for await (const { tool, located } of due(folders, changed, seen)) {
        if (isOver()) return
        const { mark, age } = await stateOf(located)
        if (seen.isSame(located.path, mark)) continue
        if (age < quiet) {
          soonest = Math.min(soonest, quiet - age)
          events.again(located.path)
          continue
        }
        seen.remember(tool, located, mark)
        for await (const result of importLocated(tool, located, store, options, threads)) {
          // A failed import is repeated when all folders are searched again.
          if (result.error !== undefined && !(result.error instanceof UnsupportedError))
            seen.forget(located.path)
          yield result
        }
      }
      await threads.close()
      await events.next(Math.min(soonest, interval))
    }
  } finally {
    events.close()
    await threads.close()
  }
}

/** Yields the files to check: the changed ones, or all. */
async function* due(
  folders: readonly WatchedFolder[],
  changed: readonly string[] | 'all',
  seen: Seen,
): AsyncGenerator<{ tool: Importer; located: Located }> {
  const known = changed === 'all' ? undefined : seen.filesOf(changed)
  if (known !== undefined) {
    yield* known
    return
  }
  for (const { tool, folder } of folders)
    for await (const located of filesOf(tool, folder)) yield { tool, located }
}

/**
 * Returns a mark that changes when the file or a file of its sub-agents changes, and the time since the last change in
 * milliseconds.
 */
async function stateOf({ path, agents = [], error }: Located): Promise<{ mark: string; age: number }> {
  if (error !== undefined) return { mark: error.message, age: Number.POSITIVE_INFINITY }
  const files = await Promise.all([path, ...agents].map((file) => stat(file).catch(() => undefined)))
  const mark = files.map((file) => `${file?.ino}:${file?.size}:${file?.mtimeMs}`).join(' ')
  const newest = Math.max(...files.map((file) => file?.mtimeMs ?? 0))
  return { mark, age: Math.abs(Date.now() - newest) }
}

/** The imported files, with their marks at that time. */
class Seen {
  readonly #files = new Map<string, { tool: Importer; located: Located; mark: string }>()
  /** The session's file, by the path of a sub-agent's file. */
  readonly #owners = new Map<string, string>()

  isSame(path: string, mark: string): boolean {
    return this.#files.get(path)?.mark === mark
  }

  remember(tool: Importer, located: Located, mark: string): void {
    this.#files.set(located.path, { tool, located, mark })
    for (const agent of located.agents ?? []) this.#owners.set(agent, located.path)
  }

  forget(path: string): void {
    const file = this.#files.get(path)
    if (file !== undefined) file.mark = ''
  }

  /** Returns the session files that these files belong to; `undefined` if one of them is new. */
  filesOf(paths: readonly string[]): { tool: Importer; located: Located }[] | undefined {
    const files = new Set(paths.map((path) => this.#files.get(this.#owners.get(path) ?? path)))
    return files.has(undefined) ? undefined : ([...files] as { tool: Importer; located: Located }[])
  }
}
