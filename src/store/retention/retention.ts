import { discarded, emptyTrash } from '../../checkpoints/trash.ts'
import { configValue, isTrue } from '../../git/config/config.ts'
import { purgeDue } from '../../git/upkeep/purge-mark.ts'
import { parseRef, parseSessionId } from '../../ids.ts'
import type { MaintainOptions } from '../session-store.ts'
import { policyIn } from './config.ts'
import { parsePolicy, type RetentionPolicy } from './policy.ts'
import type { PruneOptions, PruneReport } from './prune.ts'
import type { Source } from './source.ts'
import type { SessionStats, SessionStatsOptions } from './stats.ts'

/** A session in the trash. */
export interface DiscardedSession {
  session: string
  /** When it was moved there, ISO 8601. */
  at: string
  branches: number
}

export class Retention {
  readonly #source: Source
  readonly #given: RetentionPolicy | undefined

  /**
   * @internal
   * @param policy used instead of the policy in the repository's configuration. Throws InvalidStateError if it is not
   *   valid.
   */
  constructor(source: Source, policy: RetentionPolicy | undefined) {
    if (policy !== undefined) parsePolicy(policy)
    this.#source = source
    this.#given = policy
  }

  /**
   * Yields statistics of each session, newest first: bytes on the disk, checkpoints, messages, tokens, and their cost
   * if `prices` has the model. It reads the whole store, unless nothing has changed since the last call.
   *
   *     for await (const { id, bytes } of store.retention.stats()) console.log(id, bytes.own)
   */
  async *stats(options?: SessionStatsOptions): AsyncGenerator<SessionStats> {
    this.#source.checkpoints.lifetime.check()
    const { statsOfSessions } = await import('./stats.ts')
    yield* statsOfSessions(this.#source, options)
  }

  /**
   * Removes the sessions that a policy (default: the store's own) does not keep. They go to the trash, and
   * `store.restore` brings them back until the policy's `trash` time is over. With `dryRun`, it only reports what it
   * would remove.
   *
   *     await store.retention.prune({ rules: [{ maxAge: '90d', minAge: '7d' }] }, { dryRun: true })
   *
   * @throws InvalidStateError for a policy that is not valid; CorruptError, LockedError, StorageError. After an error,
   *   sessions that were not removed are unchanged.
   */
  prune(policy?: RetentionPolicy, options?: PruneOptions): Promise<PruneReport> {
    return this.#source.checkpoints.lifetime.use(async () => {
      const { prune } = await import('./prune.ts')
      return prune(this.#source, policy ?? (await this.policy()) ?? { rules: [] }, options)
    })
  }

  /**
   * Moves a session to the trash, from which `store.restore` brings it back. Returns whether it existed. Throws
   * LockedError, StorageError.
   */
  discard(session: string): Promise<boolean> {
    const { checkpoints, rules } = this.#source
    return checkpoints.lifetime.use(async () => {
      const id = parseSessionId(session)
      if (!(await checkpoints.open())) return false
      return checkpoints.refs.deleteSession(id, { discardedAt: rules.now() })
    })
  }

  /** Returns the sessions in the trash. */
  discarded(): Promise<DiscardedSession[]> {
    const { checkpoints, repository } = this.#source
    return checkpoints.lifetime.use(async () => {
      if (!(await checkpoints.openFinished())) return []
      return discarded(repository).map(({ session, at, refs }) => {
        const branches = [...refs.keys()].filter((ref) => parseRef(ref)?.kind === 'branch').length
        return { session, at: new Date(at).toISOString(), branches }
      })
    })
  }

  /**
   * The first part of `maintain`: prunes by the store's policy, and empties the trash: of sessions whose time is over,
   * or, before a purge, of all. Returns what the policy removed, and whether to purge: also if an earlier call emptied
   * the trash and no purge followed.
   *
   * @internal
   */
  async maintain({
    purge = false,
    onProgress,
  }: MaintainOptions): Promise<{ pruned: PruneReport | undefined; purge: boolean }> {
    const { checkpoints, repository } = this.#source
    const policy = await this.policy()
    const options = onProgress === undefined ? {} : { onProgress }
    const pruned = policy === undefined ? undefined : await this.prune(policy, options)
    if (purge && (await checkpoints.open())) await emptyTrash(repository, Number.POSITIVE_INFINITY)
    const mayPurge = () => !isTrue(configValue(repository.config(), 'extensions.preciousobjects'))
    return { pruned, purge: purge || (purgeDue(repository) !== undefined && mayPurge()) }
  }

  /**
   * Returns the store's own policy; `undefined` if it has none.
   *
   * @internal
   */
  async policy(): Promise<RetentionPolicy | undefined> {
    if (this.#given !== undefined) return this.#given
    const { checkpoints, repository } = this.#source
    return (await checkpoints.open()) ? policyIn(repository.config()) : undefined
  }
}
