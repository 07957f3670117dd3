/** LangGraph's checkpointer on a git store. */
import type { RunnableConfig } from '@langchain/core/runnables'
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  type PendingWrite,
  type SerializerProtocol,
} from '@langchain/langgraph-checkpoint'
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { checkpointsOf } from '../../checkpoints/of-store.ts'
import { InvalidIdError, NotFoundError } from '../../errors.ts'
import { parseSessionId, trustedCommit } from '../../ids.ts'
import { refuseSecrets } from '../../redaction/names.ts'
import type { GitSessionStore } from '../../store/git/git-session-store.ts'
import type { Author, Problem, Redact } from '../../store/session-store.ts'
import { adapterStore, type StoreOrFolder } from '../store-or-folder.ts'
import { configOf, parseAddress, parseCheckpointId, parseFilter } from './config.ts'
import { type NewBranch, putRoot } from './root-line.ts'
import type { Thread } from './thread.ts'
import { type Entry, TYPE } from './thread-commit.ts'
import { ThreadList } from './thread-list.ts'
import { Threads } from './threads.ts'
import { CheckpointTrees } from './values/checkpoint-tree.ts'
import { loadWrites, prepareWrites } from './values/pending-writes.ts'
import type { ValueRules } from './values/stored-value.ts'

export interface ForkpointSaverOptions {
  /** Converts values to bytes and back. Values that it marks as `json` are stored as JSON. Default: LangGraph's own. */
  serde?: SerializerProtocol
  /** Called after a checkpoint that started a new branch is stored. */
  onBranch?: (branch: NewBranch) => void
  /**
   * If another run has continued from the same checkpoint: `error` throws a ConflictError, `branch` starts a new
   * branch. Default `error`.
   */
  onConflict?: 'error' | 'branch'
  /** Receives each new value as JSON before it is stored. A value that it removes never reaches the disk. */
  redact?: Redact
  /** Called for each thread or checkpoint that a `list` of all threads skips because it cannot be read. */
  onProblem?: (problem: Problem) => void
  author?: Author
  /** The clock, in milliseconds. */
  now?: () => number
}

/** A thread as `store.load` and other generic readers see it. */
export interface ThreadDocument {
  id: string
  [key: string]: unknown
}

/**
 * Stores the threads of a graph in a git repository: each checkpoint is a commit, each thread a session with branches.
 *
 *     const saver = new ForkpointSaver('./sessions')
 *     const graph = builder.compile({ checkpointer: saver })
 *     await graph.invoke(input, { configurable: { thread_id: 'review' } })
 *
 * All methods throw InvalidIdError for an invalid thread id, InvalidStateError for a session of another type, and
 * SessionClosedError after `close`.
 */
export class ForkpointSaver extends BaseCheckpointSaver {
  /** The threads as sessions: their branches, log and diffs. */
  readonly store: GitSessionStore<ThreadDocument>
  readonly #checkpoints: Checkpoints
  readonly #trees: CheckpointTrees
  readonly #values: ValueRules
  readonly #onBranch: ForkpointSaverOptions['onBranch']
  readonly #mayBranch: boolean
  readonly #threads: Threads
  readonly #list: ThreadList

  /**
   * @param storeOrFolder a `GitSessionStore` (`close` leaves it open), or the path of a store's folder
   */
  constructor(storeOrFolder: StoreOrFolder, options: ForkpointSaverOptions = {}) {
    super(options.serde)
    const { onBranch, onProblem, onConflict = 'error', redact, author, now } = options
    if (onConflict !== 'error' && onConflict !== 'branch')
      throw new TypeError("'onConflict' has to be 'error' or 'branch'")
    if (onBranch !== undefined && typeof onBranch !== 'function')
      throw new TypeError("'onBranch' has to be a function")
    if (onProblem !== undefined && typeof onProblem !== 'function')
      throw new TypeError("'onProblem' has to be a function")
    this.store = adapterStore<ThreadDocument>(storeOrFolder, {
      type: TYPE,
      collections: ['messages'],
      ...(redact && { redact }),
      ...(author && { author }),
      ...(now && { now }),
    })
    this.#checkpoints = checkpointsOf(this.store)
    const serde = () => this.serde
    this.#values = {
      get serde() {
        return serde()
      },
      redact: this.#checkpoints.rules.redact,
    }
    this.#trees = new CheckpointTrees(this.#checkpoints.objects, this.#values)
    this.#threads = new Threads({
      checkpoints: this.#checkpoints,
      trees: this.#trees,
      values: this.#values,
      firstVersion: () => this.getNextVersion(undefined),
    })
    this.#onBranch = onBranch
    this.#list = new ThreadList({
      checkpoints: this.#checkpoints,
      trees: this.#trees,
      threads: this.#threads,
      onProblem,
    })
    this.#mayBranch = onConflict === 'branch'
  }

  /** Returns the checkpoint that the config names, or the one with the greatest id; `undefined` if there is none. */
  override getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    return this.#checkpoints.lifetime.use(async () => {
      if (parseFilter(config).thread === undefined) return undefined
      const { thread: id, namespace, checkpoint } = parseAddress(config)
      // A run continues from what is read here, so unfinished saves are completed first.
      await this.#checkpoints.openFinished()
      await this.#threads.get(id).settled()
      const thread = await this.#threads.open(id)
      const entry = find(thread, namespace, checkpoint)
      if (namespace === '') thread.seen.look(thread.index, checkpoint, entry)
      return entry && thread.tuple(entry, id)
    })
  }

  /**
   * Lists matching checkpoints, greatest id first. Default: all namespaces, all threads. `filter` is compared with the
   * metadata, and only the `checkpoint_id` of `before` is used. If a checkpoint cannot be read, a list of one thread
   * throws CorruptError; a list of all threads skips it and calls `onProblem`.
   */
  override async *list(
    config: RunnableConfig,
    options: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    yield* this.#list.list(config, options)
  }

  /**
   * Stores a checkpoint as a commit whose parent is the checkpoint that the config names. It is durable when this
   * resolves.
   *
   * Throws ConflictError if another run has continued from the same checkpoint (see `onConflict`). Forks, updates and
   * runs from an old checkpoint start a branch instead. Throws InvalidStateError for a value that the serializer refuses.
   */
  override put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    return this.#checkpoints.lifetime.use(async () => {
      const { thread: threadId, namespace, checkpoint: parent } = parseAddress(config)
      const id = parseCheckpointId(checkpoint?.id)
      if (id === undefined) throw new InvalidIdError('checkpoint', checkpoint?.id, 'the checkpoint has no id')
      const names = { checkpoint: id, namespace, channel: Object.keys(checkpoint.channel_values ?? {}) }
      const refused = refuseSecrets(names, this.#checkpoints.rules.redact)
      // Serialize before the first await, because the graph may change these objects afterwards.
      const thread = this.#threads.get(threadId)
      const scope = thread.scope(namespace)
      const prepared = this.#trees.preparer.prepare(scope, checkpoint, metadata, newVersions ?? {})
      const made = { namespace, id, parent, prepared }
      const branch = await thread.add(async () => {
        await refused
        if (namespace === '') {
          return putRoot(this.#checkpoints, thread, made, {
            parentIsOld: parent !== undefined && thread.seen.isOld(parent),
            threadIsNew: thread.seen.isEmpty,
            mayBranch: this.#mayBranch,
          })
        }
        await thread.putBeside(made)
        return undefined
      })
      if (branch !== undefined) this.#onBranch?.(branch)
      return configOf(threadId, namespace, id)
    })
  }

  /**
   * Stores the writes of a task for a checkpoint, also if the checkpoint is not stored yet. If a task writes the same
   * index again, the first regular write counts; for errors, interrupts and resumes the last one counts.
   */
  override putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath = '',
  ): Promise<void> {
    return this.#checkpoints.lifetime.use(async () => {
      const { thread, namespace, checkpoint } = parseAddress(config)
      if (checkpoint === undefined) {
        throw new InvalidIdError(
          'checkpoint',
          undefined,
          'writes belong to a checkpoint, but the config does not name one',
        )
      }
      if (typeof taskId !== 'string' || !taskId.isWellFormed())
        throw new InvalidIdError('task', taskId, 'it has to be a string')
      const of = { namespace, checkpoint, task: taskId, path: taskPath ?? '' }
      const names = { ...of, channel: writes.map(([channel]) => channel) }
      const refused = refuseSecrets(names, this.#checkpoints.rules.redact)
      const prepared = prepareWrites(this.#values, writes)
      if (prepared.length === 0) return
      await refused
      const into = this.#threads.get(thread)
      await into.add(() => into.putWrites(of, prepared))
    })
  }

  /** Deletes a thread with all its namespaces, writes, branches and tags. It does nothing if the thread does not exist. */
  override deleteThread(threadId: string): Promise<void> {
    return this.#checkpoints.lifetime.use(async () => {
      const id = parseSessionId(threadId)
      // Otherwise pending writes of an aborted run would create the thread again.
      await this.#threads.get(id).settled()
      const { index } = await this.#threads.open(id)
      if (!index.exists) return
      await this.#checkpoints.refs.deleteSession(id)
      this.#threads.forget(id)
      await this.#checkpoints.replicate(id, '')
    })
  }

  /**
   * Returns what the ancestors of a checkpoint wrote to channels that keep only changes, and the values that these
   * changes start from. The result is that of the base class, but other channels of the ancestors are not read.
   */
  override getDeltaChannelHistory({
    config,
    channels,
  }: {
    config: RunnableConfig
    channels: string[]
  }): Promise<Record<string, { writes: CheckpointPendingWrite[]; seed?: unknown }>> {
    return this.#checkpoints.lifetime.use(async () => {
      const history = new Map(
        channels.map((channel) => [channel, { writes: [] as CheckpointPendingWrite[] }]),
      )
      const { thread: id, namespace, checkpoint } = parseAddress(config)
      const thread = await this.#threads.open(id)
      const remaining = new Set(channels)
      for (const entry of ancestorsOf(thread, namespace, checkpoint)) {
        if (remaining.size === 0) break
        const stored = await thread.writesFor(namespace, entry.id)
        const loaded = await loadWrites(
          this.#values,
          stored.filter(({ channel }) => remaining.has(channel)),
        )
        for (const write of loaded.reverse()) history.get(write[1])!.writes.push(write)
        for (const [channel, seed] of await this.#trees.some(entry.tree, remaining)) {
          Object.assign(history.get(channel)!, { seed })
          remaining.delete(channel)
        }
      }
      for (const { writes } of history.values()) writes.reverse()
      return Object.fromEntries(history)
    })
  }

  /**
   * Returns the config of the checkpoint at a revision, such as `main~3`, a branch or a tag. Use it to read the
   * checkpoint, to resume from it, or to branch from it. Throws NotFoundError.
   *
   *     await graph.invoke(null, await saver.configAt('review', 'main~3'))
   */
  async configAt(threadId: string, revision: string): Promise<ReturnType<typeof configOf>> {
    const commit = await this.store.resolve(threadId, revision)
    return this.#checkpoints.lifetime.use(async () => {
      const { index } = await this.#threads.open(parseSessionId(threadId))
      const entry = index.standsAt(trustedCommit(commit))
      if (entry === undefined)
        throw new NotFoundError({ kind: 'checkpoint', id: revision, session: threadId })
      return configOf(threadId, '', entry.id)
    })
  }

  /** Waits until running calls have finished. A store that was passed in stays open. */
  close(): Promise<void> {
    return this.store.close()
  }
}

const find = ({ index }: Thread, namespace: string, checkpoint: string | undefined): Entry | undefined =>
  checkpoint === undefined ? index.newest(namespace) : index.checkpoint(namespace, checkpoint)

function* ancestorsOf(thread: Thread, namespace: string, checkpoint: string | undefined): Generator<Entry> {
  const seen = new Set<string>()
  let id = find(thread, namespace, checkpoint)?.parent
  while (id !== undefined && !seen.has(id)) {
    seen.add(id)
    const entry = thread.index.checkpoint(namespace, id)
    if (entry === undefined) return
    yield entry
    id = entry.parent
  }
}
