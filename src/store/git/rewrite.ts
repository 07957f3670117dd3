/** A secret taken out of a store: history is rewritten, and what was replaced is purged. */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { rewriteHistory } from '../../checkpoints/rewriting/rewrite.ts'
import { ForkpointError } from '../../errors.ts'
import type { Repository } from '../../git/repository.ts'
import { type CommitId, parseRef, type RefName, type SessionId } from '../../ids.ts'
import { pageRules } from '../pages/rules.ts'
import { redactPieces } from '../redaction/deltas.ts'
import type { MaintainOptions, Redact } from '../session-store.ts'
import { maintainRepository } from './maintain.ts'

export interface RewriteOptions {
  /**
   * `related` (the default): the session and all that share a checkpoint with it, such as forks, so that the purge can
   * remove what held the secret; `session`: its own branches, tags and lines alone; `all`: every session of the store.
   */
  scope?: 'session' | 'related' | 'all'
  /** Writes nothing, and says what would be rewritten. */
  dryRun?: boolean
  onProgress?: MaintainOptions['onProgress']
}

export interface RewriteReport {
  /** Checkpoints that were looked at. */
  checkpoints: number
  /** How many of them were made once more; of a dry run, would be. */
  rewritten: number
  /** Sessions with refs that moved. */
  sessions: string[]
  /** Refs that moved: branches, tags, reserved lines. */
  refs: string[]
  /** Old checkpoints that are still on the disk: something else names them, or the purge failed. */
  remaining: string[]
  /** Remotes that the repository is set up for; they may still have what was taken out. */
  remotes: string[]
  /** Why the purge failed, if it did. History is rewritten all the same; `maintain({ purge: true })` tries again. */
  purgeError?: ForkpointError
}

/** What became of work on checkpoints that had been rewritten. */
export interface ContinueReport extends RewriteReport {
  /** Refs, without `refs/`, that still wait: what their checkpoints became is not here. */
  outdated: string[]
}

const SCOPES = ['session', 'related', 'all']

/** Throws what `GitSessionStore.rewrite` throws, and TypeError for options that cannot be. */
export async function rewriteStore(
  repository: Repository,
  checkpoints: Checkpoints,
  session: SessionId,
  redact: Redact,
  { scope = 'related', dryRun = false, onProgress }: RewriteOptions = {},
  besides?: ReadonlyMap<RefName, CommitId>,
): Promise<RewriteReport> {
  if (typeof redact !== 'function') throw new TypeError("'redact' has to be a function")
  if (!SCOPES.includes(scope)) throw new TypeError(`'scope' has to be one of ${SCOPES.join(', ')}`)
  const report = (done: number) => onProgress?.({ phase: 'looking', done })
  const pages = pageRules()
  const { ids, refs, ...found } = await rewriteHistory(repository, checkpoints, {
    session,
    scope,
    besides,
    redact,
    pieces: redactPieces,
    pages,
    isDry: dryRun,
    onProgress: report,
  })
  const sessions = [...refs.keys()].flatMap((ref) => parseRef(ref)?.session ?? [])
  const done: RewriteReport = {
    ...found,
    rewritten: ids.size,
    sessions: [...new Set<string>(sessions)],
    refs: [...refs.keys()],
    remaining: [],
    remotes: remotesOf(repository),
  }
  if (dryRun) return done
  // Also where nothing was found: a purge that did not come to its end before is made up for.
  const purgeError = await maintainRepository(repository, {
    purge: true,
    ...(onProgress && { onProgress }),
  }).then(() => undefined, ours)
  repository.objects.refresh()
  for (const id of ids.keys()) if (await repository.objects.has(id)) done.remaining.push(id)
  return purgeError === undefined ? done : { ...done, purgeError }
}

const remotesOf = (repository: Repository): string[] =>
  [...repository.config().keys()].flatMap((key) => /^remote\.(.*)\.url$/.exec(key)?.[1] ?? [])

function ours(error: unknown): ForkpointError {
  if (error instanceof ForkpointError) return error
  throw error
}
