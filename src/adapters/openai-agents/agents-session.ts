/** A session of the OpenAI Agents SDK, stored in git. */
import { randomUUID } from 'node:crypto'
import type {
  AgentInputItem,
  RunContext,
  RunContextAwareSession,
  RunState,
  SessionHistoryRewriteArgs,
  SessionHistoryRewriteAwareSession,
  SessionHistoryTransactionArgs,
  SessionHistoryTransactionAwareSession,
} from '@openai/agents-core'
import { Exclusive } from '../../checkpoints/lifetime.ts'
import { checkpointsOf } from '../../checkpoints/of-store.ts'
import { parseSessionId, type SessionId } from '../../ids.ts'
import type { GitSessionStore } from '../../store/git/git-session-store.ts'
import type {
  Branch,
  Checkpoint,
  ForkOptions,
  LogOptions,
  StoredDocument,
} from '../../store/session-store.ts'
import { adapterStore, type StoreOrFolder } from '../store-or-folder.ts'
import { cleared, compacted, replacing, rewritten, saying, takenBack } from './changes.ts'
import { itemCount, textOfAppended, textOfItems } from './item-line.ts'
import { fingerprint, toItem, toJsonItems } from './items.ts'
import { asStored, type Change, runAsStored, storedNow } from './new-checkpoint.ts'
import { Operations, USED_ID } from './operations.ts'
import { SessionLine } from './session-line.ts'
import { COLLECTIONS, ITEMS, OPERATIONS, type SessionTree } from './session-tree.ts'
import { checkSuffix, parseTransaction, type Transaction, userError } from './transaction.ts'
import {
  type AnyAgent,
  type RestoreOptions,
  restoreRun,
  subjectOfWaiting,
  waitingRun,
} from './waiting-run.ts'

/** The `type` of these sessions. */
export const TYPE = 'openai-agents'

/** A session as the JSON document in the store. */
export interface AgentsDocument extends StoredDocument {
  type: typeof TYPE
  /** The first words of the first user message. */
  title?: string
  /** `waiting` while a run state is stored. */
  status?: 'waiting'
  /** ISO 8601. */
  createdAt: string
  /** The items, in order; bytes as `{ "$bytes": "<base64>" }`. */
  messages: unknown[]
  operations?: unknown[]
  /** `toJSON` of the stored RunState, if there is one. */
  runState?: unknown[]
  /** Ids of the calls that the run state waits for. */
  waitsFor?: string[]
}

export interface AgentsSessionOptions {
  /** A `GitSessionStore` of any type, or the path of its folder. Sessions that share a store share its files. */
  store: StoreOrFolder
  /** Default: a new id, which `getSessionId` returns. */
  sessionId?: string
  /** Default: the branch that is active when the session is first used. */
  branch?: string
  /** Any revision, such as `main~2`. The first write starts a branch there: `branch`, or `from-<checkpoint>`. */
  at?: string
}

/**
 * A `Session` for `run(agent, input, { session })`. Each change that the Runner makes to the session is a git commit.
 *
 *     const session = new ForkpointAgentsSession({ store: './sessions', sessionId: 'trip' })
 *     await run(agent, 'Is it raining in Oslo?', { session })
 *
 * Errors of the store are ForkpointErrors. Where the framework requires its own `UserError`, the session throws that,
 * with a `ConflictError` as its `cause` if there is one.
 */
export class ForkpointAgentsSession
  implements RunContextAwareSession, SessionHistoryRewriteAwareSession, SessionHistoryTransactionAwareSession
{
  readonly acceptsRunContext = true as const
  /** The session's store, for `list`, `diff`, `tag`, `delete`, `verify`, `maintain` and its other methods. */
  readonly store: GitSessionStore<AgentsDocument>
  readonly #id: SessionId
  readonly #line: SessionLine
  readonly #operations = new Operations()
  readonly #turns = new Exclusive()

  /** Throws TypeError and InvalidIdError for invalid options. */
  constructor({ store, sessionId = randomUUID(), branch, at }: AgentsSessionOptions) {
    this.#id = parseSessionId(sessionId)
    this.store = adapterStore<AgentsDocument>(store, { type: TYPE, collections: COLLECTIONS })
    this.#line = new SessionLine(this.store, this.#id, { branch, at })
  }

  /** The branch that writes go to; `undefined` until it is known. */
  get branch(): string | undefined {
    return this.#line.branch
  }

  /** Id of the checkpoint that this object read or wrote last. */
  get checkpoint(): string | undefined {
    return this.#line.checkpoint
  }

  async getSessionId(): Promise<string> {
    return this.#id
  }

  /** Returns the items, or only the last `limit` items without reading the others. */
  getItems(limit?: number, _runContext?: RunContext<unknown>): Promise<AgentInputItem[]> {
    return this.#turns.run(() =>
      this.#line.read(async (tree) => {
        if (limit === undefined) return tree.items()
        if (limit <= 0) return []
        return tree.items(Math.trunc(Math.max((await tree.count()) - limit, 0)) || 0)
      }),
    )
  }

  /** Adds these items after all existing ones, also after those of other processes, in one checkpoint. */
  async addItems(items: AgentInputItem[], _runContext?: RunContext<unknown>): Promise<void> {
    const add = toJsonItems(items)
    if (add.length === 0) return
    await this.#change(async (tree) => ({ keep: await tree.count(), add, text: textOfItems }))
  }

  /** Removes the last item and returns it. */
  async popItem(_runContext?: RunContext<unknown>): Promise<AgentInputItem | undefined> {
    let popped: AgentInputItem | undefined
    await this.#change(async (tree) => {
      const taken = await takenBack(tree)
      popped = taken?.item
      return taken?.change
    })
    return popped
  }

  /** Removes everything from the session: items, operations and a run state. Earlier checkpoints stay. */
  async clearSession(_runContext?: RunContext<unknown>): Promise<void> {
    await this.#change(cleared)
  }

  /**
   * Replaces all items by a compaction and the items that it retains. The replaced items stay in earlier checkpoints.
   * Throws ConflictError if someone else has written since this session last read or wrote.
   */
  async replaceHistoryWithCompaction(
    items: AgentInputItem[],
    _runContext?: RunContext<unknown>,
  ): Promise<void> {
    const add = toJsonItems(items)
    await this.#change((tree) => compacted(tree, add), { holds: true })
  }

  /** Rewrites stored function calls, as `MemorySession` does. */
  async applyHistoryMutations({ mutations }: SessionHistoryRewriteArgs): Promise<void> {
    if (mutations.length === 0) return
    const wanted = structuredClone(mutations)
    await this.#change((tree) => rewritten(tree, wanted))
  }

  /**
   * Applies a transaction once, also across processes and restarts: a repeated call with the same operation id changes
   * nothing. Throws UserError if the operation id was used with a different transaction, or if the suffix does not
   * match.
   */
  async applyHistoryTransaction(
    args: SessionHistoryTransactionArgs,
    _runContext?: RunContext<unknown>,
  ): Promise<void> {
    const parsing = parseTransaction(args)
    // The error is thrown below. This prevents an unhandled rejection until then.
    parsing.catch(() => undefined)
    await this.#turns.run(async () => this.#apply(await parsing))
  }

  /** Returns the items as they would be stored, so that the Runner compares redacted items with redacted items. */
  prepareHistoryItemsForPersistenceComparison(items: AgentInputItem[]): AgentInputItem[] {
    return toJsonItems(items).map((item, index) => toItem(storedNow(this.#checkpoints.rules, item, index)))
  }

  /**
   * Stores the state of a run that waits for approvals, with the session. It replaces a stored state. The state is
   * removed in the checkpoint in which all its waiting calls have results. Until then it can be loaded, with the
   * results saved so far, so that no call runs twice.
   */
  async saveRunState<TContext, TAgent extends AnyAgent>(state: RunState<TContext, TAgent>): Promise<void> {
    const interruptions = state.getInterruptions()
    const run = waitingRun(JSON.parse(state.toString()), interruptions)
    const subject = subjectOfWaiting(interruptions)
    await this.#change(async (tree) => {
      const kept = await tree.runState()
      const { state: stored } = await runAsStored(this.#checkpoints.rules, run)
      if (kept !== undefined && fingerprint(kept) === fingerprint(stored)) return undefined
      return { keep: await tree.count(), run, text: saying(subject) }
    })
  }

  /**
   * Loads the stored run state for this agent; `undefined` if there is none.
   *
   * @param options.context context for the resumed run. Default: the saved one.
   */
  async loadRunState<TContext, TAgent extends AnyAgent>(
    agent: TAgent,
    options: RestoreOptions<TContext> = {},
  ): Promise<RunState<TContext, TAgent> | undefined> {
    const [kept, items] = await this.#turns.run(() =>
      this.#line.read(async (tree) => [await tree.runState(), await tree.items()] as const),
    )
    return kept === undefined ? undefined : restoreRun<TContext, TAgent>(agent, kept, items, options)
  }

  /** Removes the run state. The run cannot be resumed afterwards. */
  async clearRunState(): Promise<void> {
    await this.#change(async (tree) => {
      if (!(await tree.hasRunState())) return undefined
      return { keep: await tree.count(), run: null, text: saying('forget the waiting run') }
    })
  }

  /** Returns the branches in order of their names. Throws NotFoundError if the session does not exist yet. */
  branches(): Promise<Branch[]> {
    return this.store.branches(this.#id)
  }

  /** Makes the branch the active one, and moves this object to it. Throws NotFoundError. */
  switch(branch: string): Promise<void> {
    return this.#turns.run(async () => {
      await this.store.switch(this.#id, branch)
      this.#line.moveTo(branch)
    })
  }

  /** Yields the checkpoints up to this object's current one, newest first. Throws NotFoundError. */
  async *log(options: LogOptions = {}): AsyncGenerator<Checkpoint> {
    const at = options.at ?? (await this.#turns.run(() => this.#line.revision()))
    yield* this.store.log(this.#id, { ...options, at })
  }

  /**
   * Starts a branch, or with `session` a new session, at the current checkpoint or at `at`. Returns an object for it.
   * Copies no data. Throws AlreadyExistsError and NotFoundError.
   *
   *     const other = await session.fork({ at: 'main~2', branch: 'in-celsius' })
   */
  async fork(options: ForkOptions): Promise<ForkpointAgentsSession> {
    const at = options.at ?? (await this.#turns.run(() => this.#line.revision()))
    await this.store.fork(this.#id, { ...options, at })
    return this.#standing({ sessionId: options.session ?? this.#id, branch: options.branch })
  }

  /**
   * Returns an object for the session at an older checkpoint. Its first write starts a branch there: `branch`, else
   * `from-<checkpoint>`. An invalid revision throws only when the object is used.
   */
  at(revision: string, { branch }: { branch?: string } = {}): ForkpointAgentsSession {
    return this.#standing({ sessionId: this.#id, at: revision, branch })
  }

  /**
   * Waits for running calls; every later call throws SessionClosedError. A store that was passed in stays open. A store
   * that was opened from a folder is closed, together with the objects that `fork` and `at` returned.
   */
  close(): Promise<void> {
    return this.#turns.run(() => this.store.close())
  }

  async #apply({ operationId, type, suffix, items }: Transaction): Promise<void> {
    const add = toJsonItems(items)
    const expected = toJsonItems(suffix)
    const both = [await this.#storedItems(expected), await this.#storedItems(add)]
    const operation = { operation: operationId, transaction: fingerprint([type, ...both]) }
    const { objects, rules } = this.#checkpoints
    const { operation: id } = (await asStored(rules, operation, OPERATIONS, 0)) as typeof operation
    await this.#line.change(async (tree) => {
      const applied = await this.#operations.find(objects, tree.id, id)
      if (applied === operation.transaction) return undefined
      if (applied !== undefined) throw userError(this.#line.conflict(USED_ID))
      const count = await tree.count()
      if (type === 'append_items') return { keep: count, add, operation, text: textOfAppended }
      const keep = count - suffix.length
      const actual = keep < 0 ? [] : await tree.items(keep)
      const wanted = await this.#storedItems(expected, Math.max(keep, 0))
      await checkSuffix(actual, wanted.map(toItem)).catch((error) => {
        throw userError(this.#line.conflict(error.message))
      })
      return { keep, add, operation, text: replacing(`replace the last ${itemCount(suffix.length)} with`) }
    })
  }

  #standing(place: { sessionId: string; at?: string; branch?: string | undefined }): ForkpointAgentsSession {
    const store = this.store as unknown as GitSessionStore<StoredDocument>
    return new ForkpointAgentsSession({ store, ...place })
  }

  /** Makes changes one after another, in the order of the calls. */
  #change(
    decide: (tree: SessionTree) => Promise<Change | undefined>,
    options?: { holds?: boolean },
  ): Promise<void> {
    return this.#turns.run(() => this.#line.change(decide, options))
  }

  get #checkpoints() {
    return checkpointsOf(this.store)
  }

  async #storedItems(json: readonly unknown[], from = 0): Promise<unknown[]> {
    const stored = json.map((item, index) => asStored(this.#checkpoints.rules, item, ITEMS, from + index))
    return (await Promise.all(stored)).map((item) => item ?? null)
  }
}
