/** Sessions in a git repository: every save is a commit. */
import { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { registerCheckpoints } from '../../checkpoints/of-store.ts'
import { Repository } from '../../git/repository.ts'
import type { Session } from '../../state/index.ts'
import { type DocumentRules, documentRules } from '../document.ts'
import { StoreFront } from '../front.ts'
import type { MaintainOptions, StoredDocument, StoreOptions } from '../session-store.ts'
import { GitBackend } from './backend.ts'
import type { GitMaintainReport, GitStoreStats } from './maintain.ts'

export interface GitStoreOptions<S extends StoredDocument = Session> extends StoreOptions<S> {
  /** How long another process's lock is waited for, in milliseconds. Default 10,000. */
  lockTimeout?: number
  /**
   * Whether each turn gets a page, the Markdown that people read in `git log -p` and on a git host. Default: true. Pages
   * that are there already stay.
   */
  pages?: boolean
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

  constructor(folder: string, options?: GitStoreOptions<S>)
  /** @internal A repository that somebody else opened, and will close. */
  constructor(repository: Repository, options?: GitStoreOptions<S>)
  constructor(place: string | Repository, options: GitStoreOptions<S> = {}) {
    const isShared = place instanceof Repository
    if (!isShared && (typeof place !== 'string' || place === ''))
      throw new TypeError('A git store needs the path of its folder')
    const rules = documentRules(options)
    const { lockTimeout } = options
    const repository = isShared
      ? place
      : new Repository(place, { now: rules.now, ...(lockTimeout === undefined ? {} : { lockTimeout }) })
    const checkpoints = new Checkpoints(repository, rules)
    super(new GitBackend(repository, checkpoints, rules, isShared), rules, checkpoints.lifetime)
    this.folder = repository.paths.root
    this.#rules = rules
    this.#repository = repository
    registerCheckpoints(this, checkpoints)
  }

  /**
   * Returns a store on the same repository for documents of another type. It uses `redact`, `author`, `now` and `pages` of
   * this store unless `options` has others. Closing it leaves this store open; closing this store closes both.
   *
   *     const chats = store.view<Chat>({ type: 'chat', collections: ['messages'] })
   */
  view<T extends StoredDocument>(
    options: StoreOptions<T> & Pick<GitStoreOptions<T>, 'pages'>,
  ): GitSessionStore<T> {
    const { redact, author, now, pages } = this.#rules
    return new GitSessionStore<T>(this.#repository, {
      redact,
      author,
      now,
      pages: pages !== undefined,
      ...options,
    })
  }

  override maintain(options?: MaintainOptions): Promise<GitMaintainReport> {
    return super.maintain(options) as Promise<GitMaintainReport>
  }

  override stats(): Promise<GitStoreStats> {
    return super.stats() as Promise<GitStoreStats>
  }
}
