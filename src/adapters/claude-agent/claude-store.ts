/** Sessions of the Claude Agent SDK in a git store. */
import type {
  SessionKey,
  SessionStore,
  SessionStoreEntry,
  SessionSummaryEntry,
} from '@anthropic-ai/claude-agent-sdk'
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { forkSession } from '../../checkpoints/fork.ts'
import { Exclusive } from '../../checkpoints/lifetime.ts'
import { checkpointsOf } from '../../checkpoints/of-store.ts'
import { readDocument } from '../../checkpoints/trees/documents.ts'
import { MAIN } from '../../ids.ts'
import { isJsonObject } from '../../json-value.ts'
import type { GitSessionStore } from '../../store/git/git-session-store.ts'
import { parseAuthor } from '../../store/options/write-options.ts'
import { problemOf } from '../../store/problem.ts'
import type { Author, Branch, Checkpoint, LogOptions, Problem } from '../../store/session-store.ts'
import { adapterStore, type StoreOrFolder } from '../store-or-folder.ts'
import { copyEntries } from './entry-copy.ts'
import { COLLECTIONS, entriesIn } from './entry-files.ts'
import { checkKey, lineName, type ProjectSession, projectSession, sessionName } from './session-key.ts'
import {
  findSession,
  type ListedSession,
  listProject,
  listSubpaths,
  type Unreadable,
} from './session-list.ts'
import { TranscriptPlaces } from './transcript-place.ts'
import { TranscriptWriter } from './transcript-writer.ts'

/** The `type` of these sessions. */
export const CLAUDE_AGENT = 'claude-agent'

/** A transcript as `store.load` returns it. */
export interface ClaudeTranscript {
  id: string
  projectKey: string
  sessionId: string
  title?: string
  /** The summary that the SDK uses for its lists. */
  summary?: Record<string, unknown>
  /** The first 5,000 entries; the next are in `messages-2`, and so on. */
  messages: SessionStoreEntry[]
}

export interface ForkpointClaudeStoreOptions {
  /** Called for each session that a list or `find` skips because it cannot be read. */
  onProblem?: (problem: Problem) => void
}

export interface ClaudeForkOptions {
  /** Any revision: a checkpoint's id, `main~3`, a tag. Default: the tip of the active branch. */
  at?: string
  /** Name of a new branch of this session. After `switch`, a resume continues this branch. */
  branch?: string
  /** Id of a new session of the same project. */
  sessionId?: string
  /** Subject of the new session's first own checkpoint. */
  subject?: string
  author?: Author
}

/**
 * The complete `SessionStore` of the Claude Agent SDK, in a git repository. An append is one commit, or one per turn
 * that it ends. `store` has the methods that git adds: `log`, `diff`, `tag`, `verify`, `maintain`.
 *
 *     const sessionStore = new ForkpointClaudeStore('./sessions')
 *     for await (const message of query({ prompt, options: { sessionStore, resume } })) { … }
 */
export class ForkpointClaudeStore implements SessionStore {
  /** The same sessions as a forkpoint store. `nameOf` gives their ids. */
  readonly store: GitSessionStore<ClaudeTranscript>
  readonly #checkpoints: Checkpoints
  readonly #places: TranscriptPlaces
  readonly #writer: TranscriptWriter
  readonly #onProblem: ForkpointClaudeStoreOptions['onProblem']
  readonly #queues = new Map<string, { queue: Exclusive; waiting: number }>()

  /** @param storeOrFolder an open store (`close` leaves it open), or the folder of a store (`close` closes it) */
  constructor(storeOrFolder: StoreOrFolder, options: ForkpointClaudeStoreOptions = {}) {
    if (options.onProblem !== undefined && typeof options.onProblem !== 'function')
      throw new TypeError("'onProblem' has to be a function")
    this.#onProblem = options.onProblem
    this.store = adapterStore<ClaudeTranscript>(storeOrFolder, {
      type: CLAUDE_AGENT,
      collections: COLLECTIONS,
    })
    this.#checkpoints = checkpointsOf(this.store)
    this.#places = new TranscriptPlaces(this.#checkpoints)
    this.#writer = new TranscriptWriter(this.#checkpoints)
  }

  /** The session's id in `store`, and in refs as `encodeName` writes it. Throws InvalidIdError. */
  nameOf(key: ProjectSession): string {
    return sessionName(projectSession(key))
  }

  /**
   * Adds entries, in the order of the calls, completely or not at all; durable when it resolves. If the `uuid` of an
   * entry is already stored, an identical entry changes nothing, and a different one replaces the stored entry. Throws
   * InvalidIdError, InvalidStateError, LockedError, StorageError.
   */
  async append(key: SessionKey, entries: SessionStoreEntry[]): Promise<void> {
    const checked = checkKey(key)
    const session = sessionName(checked)
    const copies = copyEntries(entries)
    await this.#checkpoints.lifetime.use(() =>
      this.#inOrder(`${session}\n${checked.subpath ?? ''}`, async () => {
        if (copies.length === 0) return
        await this.#checkpoints.write({
          session,
          redacts: true,
          onto: () => this.#places.onto(checked),
          decide: (writing) => this.#writer.add(writing, checked, copies),
        })
      }),
    )
  }

  /**
   * Returns all entries in order; `null` if the key was never written, or was deleted. With `at`, the entries at that
   * checkpoint (for a subpath: its full id).
   */
  async load(key: SessionKey, options: { at?: string } = {}): Promise<SessionStoreEntry[] | null> {
    const checked = checkKey(key)
    const session = sessionName(checked)
    return this.#checkpoints.lifetime.use(async () => {
      const tip = await this.#places.tip(checked)
      if (tip === undefined) return null
      const { history, objects } = this.#checkpoints
      const id = options.at === undefined ? tip : await this.#places.at(checked, tip, options.at)
      const { tree } = await history.info(id)
      return entriesIn(await readDocument(objects, tree, session)) as SessionStoreEntry[]
    })
  }

  /**
   * Lists the sessions of the project that have their own transcript, with the time of their last append. A session
   * that cannot be read is skipped and reported to `onProblem`.
   */
  listSessions(projectKey: string): Promise<{ sessionId: string; mtime: number }[]> {
    return this.#checkpoints.lifetime.use(async () => {
      const found = await this.#listed(projectKey)
      return found.map(({ sessionId, mtime }) => ({ sessionId, mtime }))
    })
  }

  /** Returns the summaries for the SDK's lists, for all sessions of the project. It reads no transcripts. */
  listSessionSummaries(projectKey: string): Promise<SessionSummaryEntry[]> {
    return this.#checkpoints.lifetime.use(async () => {
      const found = await this.#listed(projectKey)
      return found.flatMap(({ sessionId, mtime, fields }) =>
        isJsonObject(fields.summary) ? { sessionId, mtime, data: fields.summary } : [],
      )
    })
  }

  /** Deletes a session with all its branches and sub-agents' transcripts, or one of those transcripts. */
  async delete(key: SessionKey): Promise<void> {
    const { subpath, ...checked } = checkKey(key)
    const session = sessionName(checked)
    await this.#checkpoints.lifetime.use(async () => {
      const { refs } = this.#checkpoints
      if (!(await this.#checkpoints.open())) return
      // A session of another type with this name is not deleted.
      await this.#places.tip(checked)
      if (subpath === undefined) {
        await refs.deleteSession(session)
        return
      }
      await refs.deleteLine(session, lineName(subpath))
    })
  }

  /** Lists the subpaths of the session's sub-agents, also if the session has no transcript of its own. */
  async listSubkeys(key: ProjectSession): Promise<string[]> {
    const own = projectSession(key)
    return this.#checkpoints.lifetime.use(async () => {
      const { history } = this.#checkpoints
      await this.#places.tip(own)
      return (await this.#checkpoints.open()) ? listSubpaths(history, sessionName(own)) : []
    })
  }

  /**
   * Returns the key of the session with this id, or `undefined`. If several projects have a session with this id, the
   * one that was written last. Throws CorruptError if the session cannot be read.
   */
  async find(sessionId: string): Promise<ProjectSession | undefined> {
    projectSession({ projectKey: '', sessionId })
    return this.#checkpoints.lifetime.use(async () =>
      (await this.#checkpoints.open())
        ? findSession(this.#checkpoints.history, CLAUDE_AGENT, sessionId, this.#unreadable)
        : undefined,
    )
  }

  /**
   * Lists checkpoints, newest first: turns, and with `steps` also those inside turns. With a subpath, those of the
   * sub-agent's transcript. Throws NotFoundError.
   */
  async *log(key: SessionKey, options: LogOptions = {}): AsyncGenerator<Checkpoint> {
    const checked = checkKey(key)
    const session = sessionName(checked)
    if (checked.subpath === undefined) {
      yield* this.store.log(session, options)
      return
    }
    this.#checkpoints.lifetime.check()
    const { history } = this.#checkpoints
    const { at, steps = false, limit = Number.POSITIVE_INFINITY } = options
    const tip = await this.#places.require(checked)
    let shown = 0
    for await (const commit of history.line(
      at === undefined ? tip : await this.#places.at(checked, tip, at),
    )) {
      if (shown >= limit) return
      if (!steps && commit.kind === 'step') continue
      yield history.present(commit, session)
      shown++
    }
  }

  /** Lists the session's branches. A resume loads and continues the active one. Throws NotFoundError. */
  async branches(key: ProjectSession): Promise<Branch[]> {
    return this.store.branches(this.nameOf(key))
  }

  /** Makes another branch the active one. Throws NotFoundError. */
  async switch(key: ProjectSession, branch: string): Promise<void> {
    const own = projectSession(key)
    await this.#checkpoints.lifetime.use(() => this.#places.require(own))
    await this.store.switch(sessionName(own), branch)
  }

  /**
   * Creates a branch of the session, or a new session, that starts at a checkpoint, and copies nothing. All branches
   * share the transcripts of sub-agents. A new session gets refs to these transcripts in their current state. Throws
   * NotFoundError, AlreadyExistsError.
   */
  async fork(key: ProjectSession, options: ClaudeForkOptions): Promise<Checkpoint> {
    const own = projectSession(key)
    const from = sessionName(own)
    const { at = '', branch, sessionId, subject, author } = options ?? {}
    if ((branch === undefined) === (sessionId === undefined)) {
      throw new TypeError("A fork needs the name of its 'branch', or the 'sessionId' of a new session")
    }
    await this.#checkpoints.lifetime.use(() => this.#places.require(own))
    if (sessionId === undefined) return this.store.fork(from, { branch: branch!, at })
    const session = sessionName(checkKey({ ...own, sessionId }))
    return this.#checkpoints.lifetime.use(async () => {
      const { history } = this.#checkpoints
      const source = await history.resolve(from, at)
      const signed = author === undefined ? undefined : parseAuthor(author)
      const fork = { source, from, session, branch: MAIN, subject, author: signed }
      return history.present(await forkSession(this.#checkpoints, fork), session)
    })
  }

  /** Waits until running calls have finished. A store that was passed in stays open. */
  close(): Promise<void> {
    return this.store.close()
  }

  async #listed(projectKey: string): Promise<ListedSession[]> {
    if (typeof projectKey !== 'string') throw new TypeError('A project key has to be a string')
    if (!(await this.#checkpoints.open())) return []
    return listProject(this.#checkpoints.history, CLAUDE_AGENT, projectKey, this.#unreadable)
  }

  readonly #unreadable: Unreadable = (session, error, tip) => {
    const problem = problemOf(error, session, tip)
    this.#onProblem?.(problem)
  }

  /** One append of a transcript after the other. */
  async #inOrder(name: string, work: () => Promise<void>): Promise<void> {
    const entry = this.#queues.get(name) ?? { queue: new Exclusive(), waiting: 0 }
    this.#queues.set(name, entry)
    entry.waiting++
    try {
      await entry.queue.run(work)
    } finally {
      if (--entry.waiting === 0) this.#queues.delete(name)
    }
  }
}
