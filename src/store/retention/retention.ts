/** What a store does to keep less: numbers, policies and the trash. */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { discarded, emptyTrash } from '../../checkpoints/trash.ts'
import type { Repository } from '../../git/repository.ts'
import { parseRef, parseSessionId } from '../../ids.ts'
import type { DocumentRules } from '../document.ts'
import type { MaintainOptions } from '../session-store.ts'
import { policyIn } from './config.ts'
import { parsePolicy, type RetentionPolicy } from './policy.ts'
import type { PruneOptions, PruneReport } from './prune.ts'
import type { SessionStats, SessionStatsOptions } from './stats.ts'

/** A session in the trash. */
export interface DiscardedSession {
  session: string
  /** When it went there, ISO 8601. */
  at: string
  branches: number
}

interface Source {
  repository: Repository
  checkpoints: Checkpoints
  rules: DocumentRules
}

export class Retention {
  readonly #source: Source
  readonly #given: RetentionPolicy | undefined

  /**
   * @internal
   * @param policy before that of the repository's configuration. Throws InvalidStateError for one that is not valid
   */
  constructor(source: Source, policy: RetentionPolicy | undefined) {
    if (policy !== undefined) parsePolicy(policy)
    this.#source = source
    this.#given = policy
  }

  /**
   * The numbers of each session, the newest first: bytes on the disk, checkpoints, messages, tokens, and what they cost where
   * `prices` has the model. It walks over the whole store once.
   *
   *     for await (const { id, bytes } of store.retention.stats()) console.log(id, bytes.own)
   */
  async *stats(options?: SessionStatsOptions): AsyncGenerator<SessionStats> {
    this.#source.checkpoints.lifetime.check()
    const { statsOfSessions } = await import('./stats.ts')
    yield* statsOfSessions(this.#source, options)
  }

  /**
   * Removes the sessions that a policy (default: the store's own) does not keep. They go to the trash: `store.restore` brings
   * them back until the policy's `trash` is over. With `dryRun` it only says what it would remove.
   *
   *     await store.retention.prune({ rules: [{ maxAge: '90d', minAge: '7d' }] }, { dryRun: true })
   *
   * @throws InvalidStateError for a policy that is not valid; CorruptError, LockedError, StorageError: then what was not
   *   removed is as it was
   */
  prune(policy?: RetentionPolicy, options?: PruneOptions): Promise<PruneReport> {
    return this.#source.checkpoints.lifetime.use(async () => {
      const { prune } = await import('./prune.ts')
      return prune(this.#source, policy ?? (await this.#policy()) ?? { rules: [] }, options)
    })
  }

  /** Deletes a session so that `store.restore` can bring it back. Says whether there was one. Throws LockedError, StorageError. */
  discard(session: string): Promise<boolean> {
    const { checkpoints, rules } = this.#source
    return checkpoints.lifetime.use(async () => {
      const id = parseSessionId(session)
      if (!(await checkpoints.open())) return false
      return checkpoints.refs.deleteSession(id, { discardedAt: rules.now() })
    })
  }

  /** The sessions that are in the trash. */
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
   * What `maintain` does first: prunes by the store's policy; empties the trash of what was there too long, or, before a purge, of
   * all. Returns what the policy removed, and whether a purge has something to remove.
   *
   * @internal
   */
  async maintain({
    purge = false,
    onProgress,
  }: MaintainOptions): Promise<{ pruned: PruneReport | undefined; purge: boolean }> {
    const { checkpoints, repository } = this.#source
    const policy = await this.#policy()
    const options = onProgress === undefined ? {} : { onProgress }
    const pruned = policy === undefined ? undefined : await this.prune(policy, options)
    if (purge && (await checkpoints.open())) await emptyTrash(repository, Number.POSITIVE_INFINITY)
    return { pruned, purge: purge || (pruned?.forgotten ?? 0) > 0 }
  }

  async #policy(): Promise<RetentionPolicy | undefined> {
    if (this.#given !== undefined) return this.#given
    const { checkpoints, repository } = this.#source
    return (await checkpoints.open()) ? policyIn(repository.config()) : undefined
  }
}
