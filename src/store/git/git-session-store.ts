/** Sessions in a git repository: every save is a commit. */
import { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { registerCheckpoints } from '../../checkpoints/of-store.ts'
import { type SignOptions, signingOf } from '../../checkpoints/signing.ts'
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
import { registerAhead } from './ahead.ts'
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
import type { ContinueReport, RewriteOptions, RewriteReport } from './rewriting/rewrite.ts'
import type { ThinOptions, ThinReport } from './rewriting/thin.ts'
import { SharingStore } from './sharing/sharing-store.ts'

/**
 * Keeps sessions in a bare git repository. `folder` is opened on first use and created by the first save. When a call
 * resolves, its checkpoint is durable and every git tool sees it.
 *
 *     const store = new GitSessionStore('./sessions')
 *     await store.save(state)
 */
export class GitSessionStore<S extends StoredDocument = Session> extends SharingStore<S> {
  /** Path of the bare repository, to use with git: `git --git-dir <folder> log demo/main`. */
  readonly folder: string
  /** Statistics of sessions, retention policies, and the trash. */
  readonly retention: Retention
  readonly #rules: DocumentRules
  readonly #repository: Repository
  readonly #sign: SignOptions | undefined
  readonly #checkpoints: Checkpoints

  constructor(folder: string, options?: GitStoreOptions<S>)
  /** @internal On a repository that another store has opened and will close. */
  constructor(repository: Repository, options?: GitStoreOptions<S>)
  constructor(place: string | Repository, options: GitStoreOptions<S> = {}) {
    const isShared = place instanceof Repository
    if (!isShared && (typeof place !== 'string' || place === ''))
      throw new TypeError('A git store needs the path of its folder')
    const given = documentRules(options)
    const { lockTimeout, sign, retention } = options
    const signing = signingOf(sign)
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
    registerAhead(this, rules)
  }

  /**
   * Returns a store on the same repository for documents of another type. `redact`, `author`, `now`, `sign` and `pages`
   * default to those of this store. Its writes are replicated as this store's writes are. Closing it leaves this store
   * open; closing this store closes both.
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
   * Verifies as every store does. With `signatures`, it also checks who signed each checkpoint; a checkpoint without a
   * good signature is a problem.
   *
   * @throws CorruptError and UnsupportedError if the file of allowed signers cannot be used
   */
  override async verify(session?: string, options: GitVerifyOptions = {}): Promise<GitVerifyReport> {
    const { signatures: wanted, onProgress } = options
    if (wanted === undefined) return super.verify(session, options)
    return this.#checkpoints.lifetime.use(async () => {
      // Opened first, so that an invalid file of allowed signers is reported before the long work.
      const { Signatures } = await import('./signatures.ts')
      const signatures = await Signatures.open(this.#checkpoints.history, wanted)
      const report = await super.verify(session, options)
      const only = session === undefined ? undefined : parseSessionId(session)
      const { problems, ...signed } = await signatures.verify(only, onProgress)
      const all = [...report.problems, ...problems]
      return { ...report, ok: all.length === 0, problems: all, signatures: signed }
    })
  }

  /** Lists checkpoints as every store does. With `signatures`, each signed checkpoint tells who signed it. */
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
   * Removes what `redact` finds from the history of the session, and by default of all sessions that share a checkpoint
   * with it. Every checkpoint that contains it, and all later ones, are made again with new ids; `resolve` of an old id
   * returns the new id. Then the replaced checkpoints are purged from the disk. The next `push` replaces them at a
   * remote, and other machines take over the new history when they fetch. Clones made with git and backups still
   * contain the old history.
   *
   *     await store.rewrite('demo', redactSecrets())
   *
   * @throws NotFoundError; InvalidIdError if `redact` would change the name of a session, branch or tag; ConflictError
   *   if other processes keep changing the refs; UnsupportedError for a shallow store whose remotes do not have the
   *   rest of the history; SigningError, LockedError, CorruptError, StorageError. After an error, nothing was
   *   rewritten.
   */
  rewrite(session: string, redact: Redact, options?: RewriteOptions): Promise<RewriteReport> {
    return this.#checkpoints.lifetime.use(async () => {
      const { rewriteStore } = await import('./rewriting/rewrite.ts')
      await this.deepen(session, 'what is to be taken out may be in it')
      const keyed = options?.dryRun === true ? redact : withKeyOf(this, redact)
      return rewriteStore(this.#repository, this.#checkpoints, parseSessionId(session), keyed, options)
    })
  }

  /**
   * Leaves old checkpoints out of the history of the session. The state at every other checkpoint stays as it is, and so
   * do branches, tags and the numbers of turns. The first checkpoint, tips, tagged checkpoints and those that a branch or
   * fork starts from always stay. The checkpoints after those left out are made again with new ids, also in the sessions
   * that share them; `resolve` of an id that was left out returns the next checkpoint that stayed. Then the old
   * checkpoints are purged from the disk, and `push` and `fetch` take the new history to other machines.
   *
   *     await store.thin('demo', { keepLast: 100, olderThan: '30d', insideTurnsOnly: true })
   *
   * @throws NotFoundError; InvalidStateError for an option that is not valid; TypeError if no option says what is left
   *   out; what `rewrite` throws. After an error, nothing was left out.
   */
  thin(session: string, options: ThinOptions): Promise<ThinReport> {
    return this.#checkpoints.lifetime.use(async () => {
      const { thinStore } = await import('./rewriting/thin.ts')
      await this.deepen(session, 'checkpoints of it may be left out')
      const now = this.#rules.now()
      return thinStore(this.#repository, this.#checkpoints, parseSessionId(session), options, now)
    })
  }

  /**
   * Moves newer work onto a rewritten history: work that was saved here before the rewrite by another machine was
   * known, and work at a remote that is based on checkpoints rewritten here. Pass the same `redact` as to the rewrite,
   * since the newer work may contain the same values. Fetches first, then rewrites as `rewrite` does. Old checkpoints
   * whose rewritten versions are not to be had, since they were deleted, are made again with `redact`.
   *
   *     const { outdated } = await store.fetch() // ['heads/demo/main']
   *     await store.continueRewrite('demo', redactSecrets())
   *     await store.push()
   *
   * @throws what `rewrite` throws; NotFoundError if the remote does not exist; RemoteError if it cannot be reached
   */
  continueRewrite(
    session: string,
    redact: Redact,
    { remote, ...options }: RewriteOptions & { remote?: string } = {},
  ): Promise<ContinueReport> {
    return this.shared(async (shared) => {
      const { rewriteStore } = await import('./rewriting/rewrite.ts')
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
   * Looks for secrets in everything that the session's refs reach, or without `session`, all refs: values, names,
   * commits, authors, foreign files. It reads the whole history.
   *
   * @throws NotFoundError; CorruptError for a damaged object
   */
  async *scan(session?: string, options: ScanOptions = {}): AsyncGenerator<FoundSecret> {
    const { memory, onProgress, ...secrets } = options
    this.#checkpoints.lifetime.check()
    const id = session === undefined ? undefined : parseSessionId(session)
    if (id !== undefined && !(await this.exists(id))) throw new NotFoundError({ kind: 'session', id })
    if (!(await this.#checkpoints.openFinished())) return
    const refs =
      id === undefined ? this.#checkpoints.history.everyRef('refs/') : this.#checkpoints.history.refsOf(id)
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
   * Finds every text of people, models and tools that contains all of these words, in every session, branch and
   * checkpoint. Newest first; each match is yielded as soon as it is found. A word in lower case also matches capitals.
   *
   *     for await (const { session, checkpoint, lines } of store.search(['retry', 'backoff'], { role: 'user' })) …
   *
   * @throws TypeError if no word is given; NotFoundError; CorruptError for a damaged commit or tree
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
   * Returns the files of a folder, to save with checkpoints and to restore (`docs/workspace.md`).
   *
   *     const files = store.files('.')
   *     await store.save(state, { files })
   *     await files.restore('demo', 'main~3')
   */
  files(folder: string, options?: WorkspaceOptions): WorkspaceFiles {
    return new WorkspaceFiles(this.#checkpoints, folder, options)
  }

  /** Lists sessions as every store does. With `archived`, it lists the archived sessions instead of the others. */
  override list(options: GitListOptions = {}): AsyncGenerator<SessionSummary> {
    return super.list(options)
  }

  /**
   * Archives sessions that are no longer used: their refs are removed, and one ref keeps hundreds of sessions. You can
   * still load, fork and tag them by id. The first change to an archived session brings it back.
   *
   *     await store.archive({ olderThan: '90d' })
   *
   * @throws NotFoundError; TypeError if neither `sessions` nor `olderThan` is given; ConflictError if other processes
   *   keep changing the sessions; LockedError, CorruptError, StorageError. After an error, sessions that were not
   *   archived are unchanged.
   */
  archive(options: ArchiveOptions): Promise<ArchiveReport> {
    const source = { repository: this.#repository, checkpoints: this.#checkpoints, rules: this.#rules }
    return this.#checkpoints.lifetime.use(async () =>
      (await import('../retention/archive.ts')).archive(source, options),
    )
  }

  /**
   * Brings a session back from its archive. Returns whether it was archived. Throws LockedError, CorruptError,
   * StorageError.
   */
  unarchive(session: string): Promise<boolean> {
    return this.#checkpoints.lifetime.use(async () => {
      const id = parseSessionId(session)
      return (await this.#checkpoints.openFinished()) && this.#checkpoints.refs.unarchive(id)
    })
  }

  /**
   * Maintains as every store does. If the store has a policy, it prunes first. If more than 1,000 deletions have refs of
   * their own, it folds the oldest. A purge also empties the trash.
   */
  override maintain(options: MaintainOptions = {}): Promise<GitMaintainReport> {
    return this.#checkpoints.lifetime.use(async () => {
      const { pruned, purge } = await this.retention.maintain(options)
      if (await this.#checkpoints.openFinished())
        await (await import('../../sync/tombstones/fold.ts')).foldTombstones(this.#checkpoints)
      const report = (await super.maintain({ ...options, purge })) as GitMaintainReport
      return pruned === undefined ? report : { ...report, pruned }
    })
  }

  override stats(): Promise<GitStoreStats> {
    return super.stats() as Promise<GitStoreStats>
  }
}
