/** What a git store does with git servers: it shares sessions between machines, on request or with each save. */
import type { Checkpoints } from '../../../checkpoints/checkpoints.ts'
import { parseRef, parseSessionId, type SessionId } from '../../../ids.ts'
import type { BundleReport } from '../../../sync/bundle/bundle.ts'
import type { NamedRemote } from '../../../sync/remotes.ts'
import type { FetchReport, PushReport, RemoteStatus, SyncReport } from '../../../sync/report.ts'
import type { Backend } from '../../backend.ts'
import type { DocumentRules } from '../../document.ts'
import { StoreFront } from '../../front.ts'
import type {
  Addition,
  Checkpoint,
  ForkOptions,
  Problem,
  SessionHandle,
  StoredDocument,
  Tag,
  WriteOptions,
} from '../../session-store.ts'
import type { LaterReplication, NowReplication } from './replication.ts'
import { sharedHandle } from './shared-handle.ts'
import type {
  BundleOptions,
  FetchOptions,
  PushOptions,
  RemoteSettings,
  SharedStore,
  SharedStoreSettings,
  ShareOptions,
} from './shared-store.ts'

export interface UnbundleReport extends Omit<FetchReport, 'remote'> {
  /** Problems of the sessions that were updated. */
  problems: readonly Problem[]
}

/** A finished fetch or push, or its failure. */
export type RemoteEvent =
  | { kind: 'fetch'; report: FetchReport }
  | { kind: 'push'; report: PushReport }
  | { kind: 'failed'; error: unknown }

interface SharingSettings extends SharedStoreSettings {
  replicate: 'later' | 'now' | false | undefined
}

export abstract class SharingStore<S extends StoredDocument> extends StoreFront<S> {
  readonly #checkpoints: Checkpoints
  readonly #settings: SharingSettings
  readonly #listeners = new Set<(event: RemoteEvent) => void>()
  #replication: Promise<LaterReplication | NowReplication> | undefined
  #shared: Promise<SharedStore> | undefined

  /** @internal */
  protected constructor(
    backend: Backend,
    rules: DocumentRules,
    checkpoints: Checkpoints,
    { remote, replicate, writer }: Partial<SharingSettings>,
  ) {
    super(backend, rules, checkpoints.lifetime)
    this.#checkpoints = checkpoints
    this.#settings = { remote, replicate, writer }
    if (remote !== undefined && replicate !== false)
      checkpoints.replicate = (session, checkpoint) => this.#toRemote(remote, session, checkpoint)
  }

  /**
   * Sends saves and deletions that a remote does not have yet. The report lists refused sessions; the others are
   * pushed. A session that seems to contain a secret is refused.
   *
   *     const { pushed, refused } = await store.push()
   *
   * @throws NotFoundError if the remote does not exist; RemoteError if it cannot be reached
   */
  push(options: PushOptions = {}): Promise<PushReport> {
    return this.#told(
      this.shared((shared) => shared.push(options)),
      (report) => [{ kind: 'push', report }],
    )
  }

  /**
   * Gets what others have saved and deleted. A branch with new checkpoints on both sides becomes two branches: the
   * remote's keeps the name, and ours is renamed to `<name>--<writer>-<8 hex>` and stays the active branch.
   *
   * @throws NotFoundError if the remote does not exist; RemoteError if it cannot be reached; CorruptError
   */
  fetch(options: FetchOptions = {}): Promise<FetchReport> {
    return this.#told(
      this.shared((shared) => shared.fetch(options)),
      (report) => [{ kind: 'fetch', report }],
    )
  }

  /**
   * Calls `listener` with the report or failure of each fetch and push, including automatic ones. Returns a function
   * that removes the listener.
   */
  on(_event: 'remote', listener: (event: RemoteEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Calls `fetch`, then `push`. */
  sync(options: PushOptions = {}): Promise<SyncReport> {
    return this.#told(
      this.shared((shared) => shared.sync(options)),
      ({ fetch, push }) => [
        { kind: 'fetch', report: fetch },
        { kind: 'push', report: push },
      ],
    )
  }

  /** Asks a remote for its refs and compares them with those of this store. Fetches nothing. */
  remoteStatus(options: ShareOptions = {}): Promise<RemoteStatus> {
    return this.shared((shared) => shared.status(options))
  }

  /**
   * Adds a remote to the repository's configuration, where git finds it too. `mapped`: whether the server's repository
   * also holds code; default: its refs decide.
   *
   * @throws AlreadyExistsError, InvalidIdError, UnsupportedError for an address that forkpoint cannot reach
   */
  addRemote(name: string, url: string, options: { mapped?: boolean } = {}): Promise<NamedRemote> {
    return this.shared((shared) => shared.add(name, url, options.mapped))
  }

  /**
   * Writes a backup of sessions into one file that every git can read, with all branches, tags, reserved lines,
   * workspace files and records of deletions. With `since`, only what is new. When this resolves, the file has been
   * checked and is durable. Returns `undefined`, and writes nothing, if nothing is new.
   *
   *     await store.bundle('backup.bundle')
   *     await store.bundle('monday.bundle', { since: 'backup.bundle' })
   *
   * @throws NotFoundError if a session does not exist; CorruptError; UnsupportedError in a shallow clone; StorageError,
   *   also if the file exists
   */
  bundle(file: string, options: BundleOptions = {}): Promise<BundleReport | undefined> {
    return this.shared((shared) => shared.bundle(file, options))
  }

  /**
   * Takes sessions from a bundle, as `fetch` does from a server, and verifies those that have changed. Creates the
   * store if it does not exist.
   *
   * @throws NotFoundError if the bundle continues an earlier bundle that is not in this store; CorruptError;
   *   StorageError
   */
  async unbundle(file: string, options: Omit<ShareOptions, 'remote'> = {}): Promise<UnbundleReport> {
    const { remote: _, ...report } = await this.shared((shared) => shared.unbundle(file, options))
    const sessions = new Set(report.updated.flatMap((key) => parseRef(`refs/${key}`)?.session ?? []))
    const problems: Problem[] = []
    for (const session of sessions)
      if (await this.exists(session)) problems.push(...(await this.verify(session)).problems)
    return { ...report, problems }
  }

  /** Removes a remote from the configuration. Throws NotFoundError. */
  removeRemote(name: string): Promise<void> {
    return this.shared((shared) => shared.remove(name))
  }

  /** Fetches the history that a shallow store lacks. Throws UnsupportedError if no remote has it; RemoteError. */
  protected async deepen(session: string, why: string): Promise<void> {
    if ((await this.#checkpoints.open()) && this.#checkpoints.objects.isShallow)
      await this.shared((shared) => shared.deepen(parseSessionId(session), why))
  }

  /** Returns the remotes of the configuration and that of the store's options. */
  remotes(): Promise<NamedRemote[]> {
    return this.shared((shared) => shared.remotes())
  }

  /**
   * Restores a session that was pruned, discarded or, if the store has a remote, deleted, even on another machine. Only
   * checkpoints that are still on the disk come back. Returns its refs, such as `heads/demo/main`.
   *
   * @throws NotFoundError if there is nothing to restore; AlreadyExistsError if a session with this id exists and
   *   another is in the trash
   */
  restore(session: string): Promise<string[]> {
    return this.#checkpoints.lifetime.use(async () => {
      const { restoreSession } = await import('../../../sync/restore.ts')
      return restoreSession(this.#checkpoints, parseSessionId(session))
    })
  }

  override async save(state: S, options?: WriteOptions): Promise<Checkpoint> {
    return this.#replicated(await super.save(state, options))
  }

  override async append(session: string, addition: Addition, options?: WriteOptions): Promise<Checkpoint> {
    return this.#replicated(await super.append(session, addition, options))
  }

  override async fork(session: string, options: ForkOptions): Promise<Checkpoint> {
    const made = await super.fork(session, options)
    await this.#replicate(options.session ?? session, made.id)
    return made
  }

  override async tag(session: string, name: string, options: { at?: string } = {}): Promise<Tag> {
    const tag = await super.tag(session, name, options)
    await this.#replicate(session, tag.checkpoint)
    return tag
  }

  override async delete(session: string, options: { branch?: string; tag?: string } = {}): Promise<boolean> {
    const existed = await super.delete(session, options)
    if (existed) await this.#replicate(session, '')
    return existed
  }

  override async open(
    session: string,
    options?: { at?: string; branch?: string },
  ): Promise<SessionHandle<S>> {
    const handle = await super.open(session, options)
    return sharedHandle(handle, {
      replicated: (checkpoint) => this.#replicated(checkpoint),
      aside: async ({ branch, id }) => {
        // If the session was deleted meanwhile, the ConflictError stays.
        const branches = (await this.exists(session)) ? await this.branches(session) : []
        return branches.find(({ name, head }) => head === id && name.startsWith(`${branch}--`))?.name
      },
    })
  }

  override async close(): Promise<void> {
    await (await this.#replication)?.close()
    await super.close()
  }

  #replicate(session: string, checkpoint: string): Promise<void> {
    return this.#checkpoints.replicate(session as SessionId, checkpoint)
  }

  async #replicated(checkpoint: Checkpoint): Promise<Checkpoint> {
    await this.#replicate(checkpoint.session, checkpoint.id)
    return checkpoint
  }

  /** Throws ReplicationError if `replicate` is `now` and the push fails. */
  async #toRemote({ name = 'origin' }: RemoteSettings, session: string, checkpoint: string): Promise<void> {
    this.#replication ??= import('./replication.ts').then(({ LaterReplication, NowReplication }) => {
      const push = (only: readonly string[], signal?: AbortSignal) =>
        this.push({ remote: name, only, signal })
      return this.#settings.replicate === 'now' ? new NowReplication(push, name) : new LaterReplication(push)
    })
    await (await this.#replication).after({ session, checkpoint })
  }

  async #told<T>(work: Promise<T>, events: (result: T) => RemoteEvent[]): Promise<T> {
    const tell = (event: RemoteEvent): void => {
      for (const listener of this.#listeners) listener(event)
    }
    try {
      const result = await work
      for (const event of events(result)) tell(event)
      return result
    } catch (error) {
      tell({ kind: 'failed', error })
      throw error
    }
  }

  /** @internal */
  protected shared<T>(work: (shared: SharedStore) => Promise<T>): Promise<T> {
    return this.#checkpoints.lifetime.use(async () => {
      this.#shared ??= import('./shared-store.ts').then(
        ({ SharedStore }) => new SharedStore(this.#checkpoints, this.#settings),
      )
      return work(await this.#shared)
    })
  }
}
