/** Sessions in a git repository: every save is a commit. */
import { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { registerCheckpoints } from '../../checkpoints/of-store.ts'
import { Signing, type SignOptions } from '../../checkpoints/signing.ts'
import { NotFoundError } from '../../errors.ts'
import { Repository } from '../../git/repository.ts'
import { parseSessionId, trustedCommit } from '../../ids.ts'
import type { Session } from '../../state/index.ts'
import { WorkspaceFiles, type WorkspaceOptions } from '../../workspace/workspace-files.ts'
import { type DocumentRules, documentRules } from '../document.ts'
import { registerKey, rulesWithKey, withKeyOf } from '../redaction/key.ts'
import type { ArchiveOptions, ArchiveReport } from '../retention/archive.ts'
import { Retention } from '../retention/retention.ts'
import type { FoundSecret } from '../scan/scan.ts'
import type { SearchMatch, SearchOptions } from '../search/search.ts'
import type {
  MaintainOptions,
  Redact,
  SessionSummary,
  StoredDocument,
  StoreOptions,
} from '../session-store.ts'
import { GitBackend } from './backend.ts'
import type { GitMaintainReport, GitStoreStats } from './maintain.ts'
import type {
  GitListOptions,
  GitLogOptions,
  GitStoreOptions,
  GitVerifyOptions,
  GitVerifyReport,
  ScanOptions,
  SignedCheckpoint,
} from './options.ts'
import type { ContinueReport, RewriteOptions, RewriteReport } from './rewrite.ts'
import { SharingStore } from './sharing/sharing-store.ts'

/**
 * Keeps sessions in a bare git repository. `folder` is opened on first use and created by the first save; when a
 * call has resolved, its checkpoint is durable and every git tool sees it.
 *
 *     const store = new GitSessionStore('./sessions')
 *     await store.save(state)
 */
export class GitSessionStore<S extends StoredDocument = Session> extends SharingStore<S> {
  /** The bare repository, for git: `git --git-dir <folder> log demo/main`. */
  readonly folder: string
  /** Numbers of sessions, policies, and the trash. */
  readonly retention: Retention
  readonly #rules: DocumentRules
  readonly #repository: Repository
  readonly #sign: SignOptions | undefined
  readonly #checkpoints: Checkpoints

  constructor(folder: string, options?: GitStoreOptions<S>)
  /** @internal A repository that somebody else opened, and will close. */
  constructor(repository: Repository, options?: GitStoreOptions<S>)
  constructor(place: string | Repository, options: GitStoreOptions<S> = {}) {
    const isShared = place instanceof Repository
    if (!isShared && (typeof place !== 'string' || place === ''))
      throw new TypeError('A git store needs the path of its folder')
    const given = documentRules(options)
    const { lockTimeout, sign, retention } = options
    const signing = Signing.of(sign)
    const repository = isShared
      ? place
      : new Repository(place, { now: given.now, ...(lockTimeout === undefined ? {} : { lockTimeout }) })
    const key = () => repository.key()
    const rules = rulesWithKey(given, key)
    const checkpoints = new Checkpoints(repository, rules, signing)
    super(new GitBackend(repository, checkpoints, rules, isShared), rules, checkpoints, options)
    this.folder = repository.paths.root
    this.#rules = rules
    this.#repository = repository
    this.#sign = sign
    this.#checkpoints = checkpoints
    this.retention = new Retention({ repository, checkpoints, rules }, retention)
    if (options.remote !== undefined) repository.hasRemote = true
    registerCheckpoints(this, checkpoints)
    registerKey(this, key)
  }

  /**
   * Returns a store on the same repository for documents of another type. It uses `redact`, `author`, `now`, `sign` and `pages` of
   * this store unless `options` has others, and what it writes is replicated as this store's writes are. Closing it leaves this store open; closing this store closes both.
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
    const made = new GitSessionStore<T>(this.#repository, { ...common, ...options })
    made.#checkpoints.replicate = (session, checkpoint) => this.#checkpoints.replicate(session, checkpoint)
    return made
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
      const { Signatures } = await import('./signatures.ts')
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
    const signatures =
      wanted && (await (await import('./signatures.ts')).Signatures.open(this.#checkpoints.history, wanted))
    for await (const checkpoint of super.log(session, options)) {
      const signature = await signatures?.of(trustedCommit(checkpoint.id))
      yield signature === undefined ? checkpoint : { ...checkpoint, signature }
    }
  }

  /**
   * Takes what `redact` finds out of history: of the session, and by default of all that share a checkpoint with it. Every
   * checkpoint that holds it, and all after it, are made once more, with new ids; `resolve` of an old id gives the new one.
   * Then what was replaced is purged from the disk. `push` then replaces it at a remote, and other machines take the new history
   * when they fetch. Clones by git and backups still have it.
   *
   *     await store.rewrite('demo', redactSecrets())
   *
   * @throws NotFoundError; InvalidIdError for a name of a session, branch or tag that `redact` would change; ConflictError
   *   when other processes change the refs all the time; UnsupportedError for a shallow store whose remotes do not have the
   *   rest of the history; SigningError, LockedError, CorruptError, StorageError: then nothing was
   *   rewritten
   */
  rewrite(session: string, redact: Redact, options?: RewriteOptions): Promise<RewriteReport> {
    return this.#checkpoints.lifetime.use(async () => {
      const { rewriteStore } = await import('./rewrite.ts')
      await this.deepen(session, 'what is to be taken out may be in it')
      const keyed = options?.dryRun === true ? redact : withKeyOf(this, redact)
      return rewriteStore(this.#repository, this.#checkpoints, parseSessionId(session), keyed, options)
    })
  }

  /**
   * Puts newer work onto a history that was rewritten: work that was saved here before the rewrite of another machine was known,
   * and work that a remote has on what was rewritten here. `redact` takes out of it what the rewrite took out, so give the same one.
   * Fetches first, and rewrites as `rewrite` does.
   *
   *     const { outdated } = await store.fetch() // ['heads/demo/main']
   *     await store.continueRewrite('demo', redactSecrets())
   *     await store.push()
   *
   * @throws what `rewrite` throws; NotFoundError where there is no such remote; RemoteError when it cannot be reached
   */
  continueRewrite(
    session: string,
    redact: Redact,
    { remote, ...options }: RewriteOptions & { remote?: string } = {},
  ): Promise<ContinueReport> {
    return this.shared(async (shared) => {
      const { rewriteStore } = await import('./rewrite.ts')
      const named = remote === undefined ? {} : { remote }
      const id = parseSessionId(session)
      const keyed = options.dryRun === true ? redact : withKeyOf(this, redact)
      const { commits, release } = await shared.outdated(id, named)
      try {
        await this.deepen(id, 'what is to be taken out may be in it')
        const report = await rewriteStore(this.#repository, this.#checkpoints, id, keyed, options, commits)
        const { outdated } = await shared.fetch({ ...named, only: [session] })
        return { ...report, outdated }
      } finally {
        release()
      }
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
    const refs =
      id === undefined ? this.#checkpoints.history.everyRef('refs/') : this.#checkpoints.refs.of(id)
    const [{ secretFinder }, { scan }] = await Promise.all([
      import('../../redaction/secrets.ts'),
      import('../scan/scan.ts'),
    ])
    const finder = secretFinder(secrets)
    const known = memory?.(finder.id)
    const { objects } = this.#repository
    yield* scan({ objects, refs, finder, memory: known, onProgress })
  }

  /**
   * Everything that people, models and tools said and that has all of these words, in every session, branch and
   * checkpoint: newest first, as it is found. Small letters stand for capitals as well.
   *
   *     for await (const { session, checkpoint, lines } of store.search(['retry', 'backoff'], { role: 'user' })) …
   *
   * @throws TypeError when there is no word, NotFoundError, CorruptError for a commit or tree that is damaged
   */
  async *search(words: readonly string[], options: SearchOptions = {}): AsyncGenerator<SearchMatch> {
    this.#checkpoints.lifetime.check()
    const id = options.session === undefined ? undefined : parseSessionId(options.session)
    if (id !== undefined && !(await this.exists(id))) throw new NotFoundError({ kind: 'session', id })
    if (!(await this.#checkpoints.openFinished())) return
    const { history } = this.#checkpoints
    const refs = [...(id === undefined ? history.everyRef('refs/heads/') : history.heads(id))]
    const { search } = await import('../search/search.ts')
    yield* search(history, refs, words, options)
  }

  /**
   * The files of a folder, to be saved with checkpoints and put back (`docs/workspace.md`).
   *
   *     const files = store.files('.')
   *     await store.save(state, { files })
   *     await files.restore('demo', 'main~3')
   */
  files(folder: string, options?: WorkspaceOptions): WorkspaceFiles {
    return new WorkspaceFiles(this.#checkpoints, folder, options)
  }

  /** As for every store; with `archived` the archived sessions, instead of the others. */
  override list(options: GitListOptions = {}): AsyncGenerator<SessionSummary> {
    return super.list(options)
  }

  /**
   * Archives sessions that are cold: their refs go, and one ref keeps hundreds of them. They are loaded, forked and
   * tagged by their ids as before; the first change to one brings it back.
   *
   *     await store.archive({ olderThan: '90d' })
   *
   * @throws NotFoundError; TypeError where nothing is said; ConflictError when others change them all the time; LockedError,
   *   CorruptError, StorageError: then what was not archived is as it was
   */
  archive(options: ArchiveOptions): Promise<ArchiveReport> {
    const source = { repository: this.#repository, checkpoints: this.#checkpoints, rules: this.#rules }
    return this.#checkpoints.lifetime.use(async () =>
      (await import('../retention/archive.ts')).archive(source, options),
    )
  }

  /** Brings a session back from its archive. Says whether it was in one. Throws LockedError, CorruptError, StorageError. */
  unarchive(session: string): Promise<boolean> {
    return this.#checkpoints.lifetime.use(async () => {
      const id = parseSessionId(session)
      return (await this.#checkpoints.openFinished()) && this.#checkpoints.refs.unarchive(id)
    })
  }

  /** As for every store. A store with a policy is pruned first; a purge also removes what is in the trash. */
  override maintain(options: MaintainOptions = {}): Promise<GitMaintainReport> {
    return this.#checkpoints.lifetime.use(async () => {
      const { pruned, purge } = await this.retention.maintain(options)
      const report = (await super.maintain({ ...options, purge })) as GitMaintainReport
      return pruned === undefined ? report : { ...report, pruned }
    })
  }

  override stats(): Promise<GitStoreStats> {
    return super.stats() as Promise<GitStoreStats>
  }
}
