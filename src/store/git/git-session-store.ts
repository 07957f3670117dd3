/** Sessions in a git repository: every save is a commit. */
import { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { registerCheckpoints } from '../../checkpoints/of-store.ts'
import { Signing, type SignOptions } from '../../checkpoints/signing.ts'
import { discarded, emptyTrash, restoreDiscarded } from '../../checkpoints/trash.ts'
import { NotFoundError } from '../../errors.ts'
import { Repository } from '../../git/repository.ts'
import type { CheckpointSignature } from '../../git/signing/commit-signature.ts'
import { parseRef, parseSessionId, type SessionId, trustedCommit } from '../../ids.ts'
import { type SecretOptions, secretFinder } from '../../redaction/secrets.ts'
import { isSameName } from '../../ref-part.ts'
import type { Session } from '../../state/index.ts'
import { type DocumentRules, documentRules } from '../document.ts'
import { StoreFront } from '../front.ts'
import { registerKey, rulesWithKey, withKeyOf } from '../redaction/key.ts'
import { policyIn } from '../retention/config.ts'
import { parsePolicy, type RetentionPolicy } from '../retention/policy.ts'
import type { PruneOptions, PruneReport } from '../retention/prune.ts'
import type { SessionStats, SessionStatsOptions } from '../retention/stats.ts'
import { type CleanMemory, type FoundSecret, scan } from '../scan/scan.ts'
import type {
  Checkpoint,
  LogOptions,
  MaintainOptions,
  Redact,
  StoredDocument,
  StoreOptions,
  VerifyReport,
} from '../session-store.ts'
import { GitBackend } from './backend.ts'
import type { GitMaintainReport, GitStoreStats } from './maintain.ts'
import type { RewriteOptions, RewriteReport } from './rewrite.ts'
import { type SignatureOptions, type SignatureReport, Signatures } from './signatures.ts'

export interface GitStoreOptions<S extends StoredDocument = Session> extends StoreOptions<S> {
  /** How long another process's lock is waited for, in milliseconds. Default 10,000. */
  lockTimeout?: number
  /**
   * Whether each turn gets a page, the Markdown that people read in `git log -p` and on a git host. Default: true. Pages
   * that are there already stay.
   */
  pages?: boolean
  /**
   * Signs every checkpoint, so that `git verify-commit` and `forkpoint verify --signatures` say by whom it was made.
   *
   *     new GitSessionStore('./sessions', { sign: { key: '/home/ann/.ssh/id_ed25519' } })
   */
  sign?: SignOptions
  /** Which sessions `maintain` keeps. Default: what the store's `config` says (`docs/retention.md`), else all. */
  retention?: RetentionPolicy
}

/** A session in the trash. */
export interface DiscardedSession {
  session: string
  /** When it went there, ISO 8601. */
  at: string
  branches: number
}

export interface GitVerifyOptions {
  /** Also check who signed each checkpoint. */
  signatures?: SignatureOptions | undefined
  onProgress?: MaintainOptions['onProgress']
}

export interface GitVerifyReport extends VerifyReport {
  /** By whom checkpoints are signed, where that was asked for. */
  signatures?: SignatureReport
}

export interface GitLogOptions extends LogOptions {
  /** Also say who signed each checkpoint. */
  signatures?: SignatureOptions | undefined
}

/** What is looked for, and what is known to hold nothing. */
export interface ScanOptions extends Pick<SecretOptions, 'rules' | 'only' | 'off' | 'allow' | 'preset'> {
  /** What holds no secret by rules of this id. */
  memory?: (rules: string) => CleanMemory | undefined
  /** Is told how many checkpoints have been looked at. */
  onProgress?: (checkpoints: number) => void
}

export interface SignedCheckpoint extends Checkpoint {
  /** Absent where nobody signed it, and where it was not asked for. */
  signature?: CheckpointSignature
}

/**
 * Keeps sessions in a bare git repository. `folder` is opened on first use and created by the first save; when a
 * call has resolved, its checkpoint is durable and every git tool sees it.
 *
 *     const store = new GitSessionStore('./sessions')
 *     await store.save(state)
 */
export class GitSessionStore<S extends StoredDocument = Session> extends StoreFront<S> {
  /** The bare repository, for git: `git --git-dir <folder> log demo/main`. */
  readonly folder: string
  readonly #rules: DocumentRules
  readonly #repository: Repository
  readonly #sign: SignOptions | undefined
  readonly #checkpoints: Checkpoints
  readonly #retention: RetentionPolicy | undefined

  constructor(folder: string, options?: GitStoreOptions<S>)
  /** @internal A repository that somebody else opened, and will close. */
  constructor(repository: Repository, options?: GitStoreOptions<S>)
  constructor(place: string | Repository, options: GitStoreOptions<S> = {}) {
    const isShared = place instanceof Repository
    if (!isShared && (typeof place !== 'string' || place === ''))
      throw new TypeError('A git store needs the path of its folder')
    const given = documentRules(options)
    const { lockTimeout, sign, retention } = options
    if (retention !== undefined) parsePolicy(retention)
    const signing = Signing.of(sign)
    const repository = isShared
      ? place
      : new Repository(place, { now: given.now, ...(lockTimeout === undefined ? {} : { lockTimeout }) })
    const key = () => repository.key()
    const rules = rulesWithKey(given, key)
    const checkpoints = new Checkpoints(repository, rules, signing)
    super(new GitBackend(repository, checkpoints, rules, isShared), rules, checkpoints.lifetime)
    this.folder = repository.paths.root
    this.#rules = rules
    this.#repository = repository
    this.#sign = sign
    this.#checkpoints = checkpoints
    this.#retention = retention
    registerCheckpoints(this, checkpoints)
    registerKey(this, key)
  }

  /**
   * Returns a store on the same repository for documents of another type. It uses `redact`, `author`, `now`, `sign` and `pages` of
   * this store unless `options` has others. Closing it leaves this store open; closing this store closes both.
   *
   *     const chats = store.view<Chat>({ type: 'chat', collections: ['messages'] })
   */
  view<T extends StoredDocument>(
    options: StoreOptions<T> & Pick<GitStoreOptions<T>, 'pages'>,
  ): GitSessionStore<T> {
    const { redact, author, now, pages } = this.#rules
    const common = {
      redact,
      author,
      now,
      pages: pages !== undefined,
      ...(this.#sign && { sign: this.#sign }),
    }
    return new GitSessionStore<T>(this.#repository, { ...common, ...options })
  }

  /**
   * As for every store; with `signatures` it also checks who signed each checkpoint, and one without a good signature is
   * a problem.
   *
   * @throws CorruptError and UnsupportedError, for a file of allowed signers that cannot be used
   */
  override async verify(session?: string, options: GitVerifyOptions = {}): Promise<GitVerifyReport> {
    const { signatures: wanted, onProgress } = options
    if (wanted === undefined) return super.verify(session, options)
    return this.#checkpoints.lifetime.use(async () => {
      // Before anything that takes long.
      const signatures = await Signatures.open(this.#checkpoints.history, wanted)
      const report = await super.verify(session, options)
      const only = session === undefined ? undefined : parseSessionId(session)
      const { problems, ...signed } = await signatures.verify(only, onProgress)
      const all = [...report.problems, ...problems]
      return { ...report, ok: all.length === 0, problems: all, signatures: signed }
    })
  }

  /** As for every store; with `signatures` each checkpoint that is signed says by whom. */
  override async *log(session: string, options: GitLogOptions = {}): AsyncGenerator<SignedCheckpoint> {
    const { signatures: wanted } = options
    const signatures = wanted && (await Signatures.open(this.#checkpoints.history, wanted))
    for await (const checkpoint of super.log(session, options)) {
      const signature = await signatures?.of(trustedCommit(checkpoint.id))
      yield signature === undefined ? checkpoint : { ...checkpoint, signature }
    }
  }

  /**
   * Takes what `redact` finds out of history: of the session, and by default of all that share a checkpoint with it. Every
   * checkpoint that holds it, and all after it, are made once more, with new ids; `resolve` of an old id gives the new one.
   * Then what was replaced is purged from the disk. Clones, remotes and backups still have it.
   *
   *     await store.rewrite('demo', redactSecrets())
   *
   * @throws NotFoundError; InvalidIdError for a name of a session, branch or tag that `redact` would change; ConflictError
   *   when other processes change the refs all the time; SigningError, LockedError, CorruptError, StorageError: then nothing was
   *   rewritten
   */
  rewrite(session: string, redact: Redact, options?: RewriteOptions): Promise<RewriteReport> {
    return this.#checkpoints.lifetime.use(async () => {
      const { rewriteStore } = await import('./rewrite.ts')
      const keyed = options?.dryRun === true ? redact : withKeyOf(this, redact)
      return rewriteStore(this.#repository, this.#checkpoints, parseSessionId(session), keyed, options)
    })
  }

  /**
   * Looks for secrets in all that the session's refs lead to, or in those of all sessions and other refs: values, names,
   * commits, authors, foreign files. It reads the whole history.
   *
   * @throws NotFoundError, CorruptError for an object that is damaged
   */
  async *scan(session?: string, options: ScanOptions = {}): AsyncGenerator<FoundSecret> {
    const { memory, onProgress, ...secrets } = options
    this.#checkpoints.lifetime.check()
    const id = session === undefined ? undefined : parseSessionId(session)
    if (id !== undefined && !(await this.exists(id))) throw new NotFoundError({ kind: 'session', id })
    if (!(await this.#checkpoints.openFinished())) return
    const all = [...this.#repository.refs.list('refs/')]
    const refs = all.filter(([ref]) => id === undefined || isOf(ref, id))
    const finder = secretFinder(secrets)
    const known = memory?.(finder.id)
    const { objects } = this.#repository
    yield* scan({ objects, refs: new Map(refs), finder, memory: known, onProgress })
  }

  /**
   * The numbers of each session, the newest first: bytes on the disk, checkpoints, messages, tokens, and what they cost where
   * `prices` has the model. It walks over the whole store once.
   *
   *     for await (const { id, bytes } of store.sessionStats()) console.log(id, bytes.own)
   */
  async *sessionStats(options?: SessionStatsOptions): AsyncGenerator<SessionStats> {
    this.#checkpoints.lifetime.check()
    const { statsOfSessions } = await import('../retention/stats.ts')
    for await (const { fields: _, ...stats } of statsOfSessions(this.#source, options)) yield stats
  }

  /**
   * Removes the sessions that a policy (default: the store's own) does not keep. They go to the trash: `restore` brings them back until the policy's
   * `trash` is over. With `dryRun` it only says what it would remove.
   *
   *     await store.prune({ rules: [{ maxAge: '90d', minAge: '7d' }] }, { dryRun: true })
   *
   * @throws InvalidStateError for a policy that is not valid; CorruptError, LockedError, StorageError: then what was not removed is
   *   as it was
   */
  prune(policy?: RetentionPolicy, options?: PruneOptions): Promise<PruneReport> {
    return this.#checkpoints.lifetime.use(async () => {
      const { prune } = await import('../retention/prune.ts')
      return prune(this.#source, policy ?? (await this.#policy()) ?? { rules: [] }, options)
    })
  }

  /** Deletes a session so that `restore` can bring it back. Says whether there was one. Throws LockedError, StorageError. */
  discard(session: string): Promise<boolean> {
    return this.#checkpoints.lifetime.use(async () => {
      const id = parseSessionId(session)
      if (!(await this.#checkpoints.open())) return false
      return this.#checkpoints.refs.deleteSession(id, { discardedAt: this.#rules.now() })
    })
  }

  /** The sessions that `restore` can bring back. */
  discarded(): Promise<DiscardedSession[]> {
    return this.#checkpoints.lifetime.use(async () => {
      if (!(await this.#checkpoints.openFinished())) return []
      return discarded(this.#repository).map(({ session, at, refs }) => {
        const branches = [...refs.keys()].filter((ref) => parseRef(ref)?.kind === 'branch').length
        return { session, at: new Date(at).toISOString(), branches }
      })
    })
  }

  /**
   * Brings a session back that was pruned or discarded, with its branches and tags; the newest if there were several.
   *
   * @throws NotFoundError when it is not in the trash; AlreadyExistsError when a session has that id now
   */
  async restore(session: string): Promise<void> {
    await this.#checkpoints.lifetime.use(async () => {
      const id = parseSessionId(session)
      await this.#checkpoints.openFinished()
      await restoreDiscarded(this.#repository, id)
    })
  }

  /**
   * As for every store. A store with a policy (`retention`) is pruned first. Sessions leave the trash once its time is over, with
   * `purge` at once.
   */
  override maintain(options: MaintainOptions = {}): Promise<GitMaintainReport> {
    return this.#checkpoints.lifetime.use(async () => {
      const { purge = false, onProgress } = options
      const retention = await this.#policy()
      const pruned =
        retention === undefined
          ? undefined
          : await this.prune(retention, { ...(onProgress && { onProgress }) })
      if (purge && (await this.#checkpoints.open()))
        await emptyTrash(this.#repository, Number.POSITIVE_INFINITY)
      const report = await super.maintain({ ...options, purge: purge || (pruned?.forgotten ?? 0) > 0 })
      return { ...(report as GitMaintainReport), ...(pruned && { pruned }) }
    })
  }

  async #policy(): Promise<RetentionPolicy | undefined> {
    if (this.#retention !== undefined) return this.#retention
    return (await this.#checkpoints.open()) ? policyIn(this.#repository.config()) : undefined
  }

  get #source() {
    return { repository: this.#repository, checkpoints: this.#checkpoints, rules: this.#rules }
  }

  override stats(): Promise<GitStoreStats> {
    return super.stats() as Promise<GitStoreStats>
  }
}

function isOf(ref: string, session: SessionId): boolean {
  const parsed = parseRef(ref)
  return parsed !== undefined && isSameName(parsed.session, session)
}
