/** The store of a command: opened when it is needed, for sessions of any type. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checkpointsOf } from '../checkpoints/of-store.ts'
import type { SignOptions } from '../checkpoints/signing.ts'
import { foreignFiles } from '../checkpoints/trees/foreign-files.ts'
import { CorruptError, InvalidStateError, NotFoundError } from '../errors.ts'
import { Repository } from '../git/repository.ts'
import { alone } from '../git/upkeep/maintenance.ts'
import { type ObjectId, type RefName, type SessionId, trustedId } from '../ids.ts'
import { isSameName, isShortName } from '../ref-part.ts'
import { GitSessionStore } from '../store/git/git-session-store.ts'
import type { Place, StoredDocument } from '../store/session-store.ts'
import { findPlace, findWhole } from './place.ts'

/** A store whose documents can be of any type. */
export type AnyStore = GitSessionStore<StoredDocument>

/** A session, the requested revision, and the store to read it from. */
export interface Found extends Place {
  store: AnyStore
}

export class Stores {
  /** The folder as the user gave it, for messages. */
  readonly folder: string
  /** How checkpoints are signed. If a key is given, nothing is saved without a signature. */
  readonly sign: SignOptions | undefined
  readonly #open: { close(): Promise<void> }[] = []
  #sessions: GitSessionStore | undefined

  /** @param key SSH key to sign with */
  constructor(folder: string, key?: string) {
    this.folder = folder
    this.sign = key === undefined ? undefined : { key, mode: 'required' }
  }

  /** The store for writing. The first save creates it. */
  get sessions(): GitSessionStore {
    if (this.#sessions === undefined) {
      this.#sessions = new GitSessionStore(this.folder, this.sign && { sign: this.sign })
      this.#open.push(this.#sessions)
    }
    return this.#sessions
  }

  /** The existing store. Throws NotFoundError if there is none. */
  get existing(): GitSessionStore {
    if (!existsSync(join(this.folder, 'HEAD'))) {
      const reason = existsSync(this.folder)
        ? `'${this.folder}' is not a store`
        : `There is no store at '${this.folder}'`
      throw new NotFoundError({ kind: 'store', id: this.folder }, `${reason}.`)
    }
    return this.sessions
  }

  /** Returns the session and revision that the text names. Throws NotFoundError. */
  async find(text: string): Promise<Found> {
    const store = this.existing as unknown as AnyStore
    return { store, ...(await findPlace(store, text)) }
  }

  /**
   * Returns the session that the text names, also by the beginning of a generated id.
   *
   * @param advice what to type instead if the text names a branch or checkpoint of a session
   * @throws AmbiguousSessionError; UsageError for a branch or checkpoint
   */
  named(session: string, advice?: (place: Required<Place>) => string): Promise<string> {
    return findWhole(this.existing, session, advice)
  }

  /** The same for each of several; `undefined` for `undefined`. */
  async allNamed(sessions: readonly string[] | undefined): Promise<string[] | undefined> {
    if (sessions === undefined) return undefined
    const found: string[] = []
    for (const session of sessions) found.push(await this.named(session))
    return found
  }

  /**
   * Returns a store for the type of the session, to load and compare it. The collections of an unknown type are
   * `messages` and the arrays whose items have ids.
   */
  async ofTypeOf(session: string): Promise<AnyStore> {
    const store = this.existing as unknown as AnyStore
    try {
      await store.load(session, { last: 0, events: false })
      return store
    } catch (error) {
      if (!isOtherType(error)) throw error
    }
    const type = await this.#typeOf(session)
    const state = await this.#typed(type, [])
      .load(session)
      .catch((error: unknown) => {
        // Earlier checkpoints can still be shown.
        if (!(error instanceof CorruptError)) throw error
      })
    const lists = Object.entries(state ?? {}).filter(([name, value]) => isCollection(name, value))
    return this.#typed(
      type,
      lists.map(([name]) => name),
    )
  }

  /**
   * Returns all refs of a session with their object ids, also those that the store does not show. Without a session:
   * the branches and tags of all sessions.
   */
  async refsOf(session?: string): Promise<Map<RefName, ObjectId>> {
    const checkpoints = checkpointsOf(this.sessions)
    if (!(await checkpoints.open())) return new Map()
    if (session !== undefined) return checkpoints.history.refsOf(session as SessionId)
    const every = checkpoints.history.everyRef('refs/', () => undefined)
    return new Map([...every].filter(([ref]) => /^refs\/(?:heads|tags)\//.test(ref)))
  }

  /** Returns the foreign files in a checkpoint's tree. */
  async foreignIn(checkpoint: string): Promise<string[]> {
    const repository = new Repository(this.folder)
    try {
      if (!(await repository.open())) return []
      const { tree } = await repository.objects.readCommit(trustedId(checkpoint))
      return await foreignFiles(repository.objects, tree)
    } finally {
      await repository.close()
    }
  }

  /** Runs `work` under the lock of this name. Throws LockedError if another process holds it. */
  async alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    const repository = new Repository(this.folder)
    try {
      return await alone(repository, name, work)
    } finally {
      await repository.close()
    }
  }

  async close(): Promise<void> {
    for (const store of this.#open.splice(0)) await store.close()
  }

  #typed(type: string, collections: readonly string[]): AnyStore {
    const store: AnyStore = new GitSessionStore<StoredDocument>(this.folder, { type, collections })
    this.#open.push(store)
    return store
  }

  async #typeOf(session: string): Promise<string> {
    const near = isShortName(session) ? {} : { prefix: session, limit: 1 }
    for await (const { id, type } of this.sessions.list({ ...near, order: 'id' })) {
      if (isSameName(id, session)) return type
    }
    throw new NotFoundError({ kind: 'session', id: session })
  }
}

/** The store reports another type with an issue at `type`. */
const isOtherType = (error: unknown): boolean =>
  error instanceof InvalidStateError && error.issues[0]?.path[0] === 'type'

const isCollection = (name: string, value: unknown): boolean =>
  !['set', 'unset', 'updatedAt'].includes(name) &&
  Array.isArray(value) &&
  value.length > 0 &&
  (name === 'messages' ||
    value.every((item) => typeof item === 'object' && item !== null && typeof item.id === 'string'))
