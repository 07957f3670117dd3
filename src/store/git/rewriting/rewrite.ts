/** Removes a secret from a store: rewrites history, and purges what was replaced. */
import type { Checkpoints } from '../../../checkpoints/checkpoints.ts'
import { type Rewrite, rewriteHistory } from '../../../checkpoints/rewriting/rewrite.ts'
import { ForkpointError } from '../../../errors.ts'
import type { Repository } from '../../../git/repository.ts'
import { type CommitId, parseRef, type RefName, type SessionId } from '../../../ids.ts'
import { pageRules } from '../../pages/rules.ts'
import { redactPieces } from '../../redaction/deltas.ts'
import type { MaintainOptions, Redact } from '../../session-store.ts'
import { maintainRepository } from '../maintain.ts'

export interface RewriteOptions {
  /**
   * `related` (the default): the session and all sessions that share a checkpoint with it, such as forks, so that the
   * purge can remove the old checkpoints. `session`: only its own branches, tags and lines. `all`: every session of the
   * store.
   */
  scope?: 'session' | 'related' | 'all'
  /** Only report what would be rewritten; write nothing. */
  dryRun?: boolean
  onProgress?: MaintainOptions['onProgress']
}

export interface RewriteReport {
  /** How many checkpoints were searched. */
  checkpoints: number
  /** How many of them were made again; in a dry run, how many would be. */
  rewritten: number
  /** Ids of sessions with refs that moved. */
  sessions: string[]
  /** Refs that moved: branches, tags, reserved lines. */
  refs: string[]
  /** Ids of old checkpoints that are still on the disk, because something else names them or the purge failed. */
  remaining: string[]
  /** Names of the remotes in the repository's configuration; they may still have the old history. */
  remotes: string[]
  /**
   * Why the purge failed, if it did. History is rewritten nevertheless; `maintain({ purge: true })` tries the purge
   * again.
   */
  purgeError?: ForkpointError
}

/** The result of moving newer work onto rewritten checkpoints. */
export interface ContinueReport extends RewriteReport {
  /**
   * Refs, without `refs/`, that could not be moved yet, because others rewrote their checkpoints again in the meantime.
   */
  outdated: string[]
}

const SCOPES = ['session', 'related', 'all']

/** Throws what `GitSessionStore.rewrite` throws, and TypeError for invalid options. */
export async function rewriteStore(
  repository: Repository,
  checkpoints: Checkpoints,
  session: SessionId,
  redact: Redact,
  options: RewriteOptions = {},
  besides?: ReadonlyMap<RefName, CommitId>,
): Promise<RewriteReport> {
  if (typeof redact !== 'function') throw new TypeError("'redact' has to be a function")
  return (await rewriteForStore(repository, checkpoints, session, redact, options, { besides })).report
}

/** As `rewriteStore`; may also leave out checkpoints, and returns how many. */
export async function rewriteForStore(
  repository: Repository,
  checkpoints: Checkpoints,
  session: SessionId,
  redact: Redact,
  { scope = 'related', dryRun = false, onProgress }: RewriteOptions,
  more: Pick<Rewrite, 'besides' | 'thin'>,
): Promise<{ report: RewriteReport; leftOut: number }> {
  if (!SCOPES.includes(scope)) throw new TypeError(`'scope' has to be one of ${SCOPES.join(', ')}`)
  const report = (done: number) => onProgress?.({ phase: 'looking', done })
  const pages = pageRules()
  const {
    ids,
    refs,
    leftOut,
    checkpoints: searched,
  } = await rewriteHistory(repository, checkpoints, {
    session,
    scope,
    ...more,
    replaces: more.besides !== undefined,
    redact,
    pieces: redactPieces,
    pages,
    isDry: dryRun,
    onProgress: report,
  })
  const sessions = [...refs.keys()].flatMap((ref) => parseRef(ref)?.session ?? [])
  const done: RewriteReport = {
    checkpoints: searched,
    rewritten: ids.size - leftOut,
    sessions: [...new Set<string>(sessions)],
    refs: [...refs.keys()],
    remaining: [],
    remotes: remotesOf(repository),
  }
  if (dryRun) return { report: done, leftOut }
  // Purges even if nothing was found, because an earlier purge may not have finished.
  const purgeError = await maintainRepository(repository, {
    purge: true,
    ...(onProgress && { onProgress }),
  }).then(() => undefined, ours)
  repository.objects.refresh()
  for (const id of ids.keys()) if (await repository.objects.has(id)) done.remaining.push(id)
  return { report: purgeError === undefined ? done : { ...done, purgeError }, leftOut }
}

const remotesOf = (repository: Repository): string[] =>
  [...repository.config().keys()].flatMap((key) => /^remote\.(.*)\.url$/.exec(key)?.[1] ?? [])

function ours(error: unknown): ForkpointError {
  if (error instanceof ForkpointError) return error
  throw error
}
