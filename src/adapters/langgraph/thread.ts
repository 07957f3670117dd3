/** One thread: reads its stored checkpoints, and adds checkpoints and writes. */
import { setImmediate } from 'node:timers/promises'
import {
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointTuple,
  maxChannelVersion,
  TASKS,
} from '@langchain/langgraph-checkpoint'
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../../checkpoints/commits/history.ts'
import { blobsChanged } from '../../checkpoints/trees/files.ts'
import { type EditedTree, parseTree } from '../../checkpoints/trees/objects.ts'
import type { Writing } from '../../checkpoints/writing.ts'
import type { ObjectId, SessionId } from '../../ids.ts'
import { configOf } from './config.ts'
import { type Made, ReservedLine } from './reserved-line.ts'
import { Sightings } from './sightings.ts'
import { checkpointSubject, writesSubject } from './subject.ts'
import { type Entry, NAMESPACES, TRAILERS, WRITES } from './thread-commit.ts'
import { ThreadIndex } from './thread-index.ts'
import type { CheckpointTrees, WrittenTree } from './values/checkpoint-tree.ts'
import {
  countingWrites,
  loadWrites,
  type NewWrite,
  readWrites,
  type StoredWrite,
  type WritesOf,
  writesTree,
} from './values/pending-writes.ts'
import type { PreparedCheckpoint } from './values/prepared-checkpoint.ts'
import type { ValueRules } from './values/stored-value.ts'

/** Objects that all threads of a saver share. */
export interface ThreadParts {
  checkpoints: Checkpoints
  trees: CheckpointTrees
  values: ValueRules
  /** The first version of a channel. */
  firstVersion(): string | number
}

/** A checkpoint to store. */
export interface NewCheckpoint {
  namespace: string
  id: string
  parent: string | undefined
  prepared: PreparedCheckpoint
}

/** Maximum number of rounds in `settled`, because a running graph adds all the time. */
const SETTLING_ROUNDS = 20

export class Thread {
  readonly id: SessionId
  readonly index: ThreadIndex
  readonly seen = new Sightings()
  readonly #parts: ThreadParts
  readonly #namespaces: ReservedLine
  readonly #writes: ReservedLine
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(id: SessionId, parts: ThreadParts) {
    this.id = id
    this.#parts = parts
    const { checkpoints } = parts
    this.index = new ThreadIndex(checkpoints.history, id)
    this.#namespaces = new ReservedLine(checkpoints, this.index, NAMESPACES)
    this.#writes = new ReservedLine(checkpoints, this.index, WRITES)
  }

  get isBusy(): boolean {
    return this.#namespaces.isBusy || this.#writes.isBusy || this.#underWay.size > 0
  }

  /** Runs work that adds to the thread. `settled` waits for it. */
  add<T>(work: () => Promise<T>): Promise<T> {
    const promise = work()
    const ended = promise.then(
      () => undefined,
      () => undefined,
    )
    this.#underWay.add(ended)
    void ended.then(() => this.#underWay.delete(ended))
    return promise
  }

  /**
   * Waits for work in progress of this saver. An aborted run rejects while its last checkpoint is still being stored: a
   * caller that reads now would continue from the previous checkpoint and get a conflict.
   */
  async settled(): Promise<void> {
    for (let round = 0; this.#underWay.size > 0 && round < SETTLING_ROUNDS; round++) {
      await Promise.all(this.#underWay)
      // LangGraph puts one checkpoint after another, so the aborted run starts its next one only now.
      await setImmediate()
    }
  }

  /** Returns a key for the thread and a namespace. */
  scope(namespace: string): string {
    return `${this.id}\0${namespace}`
  }

  /** Reads the checkpoint with its metadata and pending writes, in LangGraph's form. Throws CorruptError. */
  async tuple(entry: Entry, name: string): Promise<CheckpointTuple> {
    const { trees, values } = this.#parts
    const { namespace, id, parent } = entry
    const checkpoint = await trees.read(this.scope(namespace), entry.tree)
    if (checkpoint.v < 4 && parent !== undefined) await this.#migrateSends(checkpoint, entry, parent)
    const tuple: CheckpointTuple = {
      config: configOf(name, namespace, id),
      checkpoint,
      metadata: await trees.metadata(entry.tree),
      pendingWrites: await loadWrites(values, await this.writesFor(namespace, id)),
    }
    if (parent !== undefined) tuple.parentConfig = configOf(name, namespace, parent)
    return tuple
  }

  /** Returns the effective writes for a checkpoint, in the order in which they are applied. */
  async writesFor(namespace: string, id: string): Promise<StoredWrite[]> {
    const found = this.index.writes(namespace, id)
    if (found.length === 0) return []
    const { objects } = this.#parts.checkpoints
    const read = await Promise.all(found.map(({ tree }) => readWrites(objects, tree)))
    return countingWrites(read.flat())
  }

  /** Adds a checkpoint of a namespace other than the root. */
  putBeside(checkpoint: NewCheckpoint): Promise<void> {
    const { namespace, id, parent } = checkpoint
    return this.#namespaces.add({
      key: namespace,
      make: async (writing, tip) => {
        const base = parent === undefined ? undefined : this.index.checkpoint(namespace, parent)
        const before = this.index.checkpoint(namespace, id)
        const tree = await this.writeTree(checkpoint, base)
        if (before !== undefined && before.parent === parent && (await this.isSame(before, tree)))
          return { result: undefined }
        const place = { branch: `_${NAMESPACES}`, onto: tip, after: before?.at }
        return { result: undefined, made: await this.commit(writing, checkpoint, tree, place) }
      },
    })
  }

  /** Adds the writes of a task that are not stored yet. */
  putWrites(of: Omit<WritesOf, 'thread'>, writes: readonly NewWrite[]): Promise<void> {
    const { checkpoint, namespace, task, path } = of
    const { objects } = this.#parts.checkpoints
    return this.#writes.add({
      key: `${checkpoint}\0${namespace}\0${task}`,
      make: async (writing, tip) => {
        const earlier = this.index.writes(namespace, checkpoint).filter((one) => one.task === task)
        const known = new Set<number>()
        for (const { tree } of earlier)
          for (const { index } of await readWrites(objects, tree)) if (index >= 0) known.add(index)
        const fresh = writes.filter(({ index }) => !known.has(index))
        if (fresh.length === 0) return { result: undefined }
        const files = await writesTree(objects, { ...of, thread: this.id }, fresh)
        const subject = writesSubject({
          checkpoint,
          namespace,
          taskPath: path,
          channels: fresh.map(({ channel }) => channel),
        })
        const trailers = {
          [TRAILERS.checkpoint]: checkpoint,
          ...(namespace !== '' && { [TRAILERS.namespace]: namespace }),
          [TRAILERS.task]: task,
        }
        return {
          result: undefined,
          made: await this.#commitWrites(writing, { files, subject, trailers, tip, of }),
        }
      },
    })
  }

  /**
   * Writes the tree of a checkpoint on top of its parent's, with the foreign files of the commit that it follows.
   *
   * @param onto that commit: the parent's, or the commit of a fork or of another tool on top of it
   */
  async writeTree(
    { parent, prepared }: NewCheckpoint,
    base: Entry | undefined,
    onto?: CommitInfo,
  ): Promise<WrittenTree> {
    const { trees } = this.#parts
    // A copy has the versions of its original, which is not its parent. If the parent is not stored, nothing can be
    // inherited.
    const asGiven = prepared.metadata?.source === 'fork' || parent !== undefined
    const isFork = onto?.kind === 'fork'
    const forkOf = isFork ? await trees.forkOf(onto.tree) : undefined
    const addsNothing =
      onto?.kind === 'foreign' &&
      base !== undefined &&
      (await blobsChanged(this.#parts.checkpoints.objects, base.tree, onto.tree)).size === 0
    const tree = addsNothing || (isFork && base !== undefined) ? onto?.tree : base?.tree
    return trees.write(this.id, tree, prepared, { asGiven, forkOf })
  }

  /** Whether the stored checkpoint has the same tree, apart from a page. */
  async isSame({ tree }: Entry, { tree: id, objects }: WrittenTree): Promise<boolean> {
    if (tree === id) return true
    const { objects: stored } = this.#parts.checkpoints
    const made = new Map(objects.map((one) => [one.id, one]))
    const readTree = async (at: ObjectId) => {
      const own = made.get(at)
      return own === undefined ? stored.readTree(at) : parseTree(own.data, at)
    }
    return (await blobsChanged({ readTree }, tree, id)).size === 0
  }

  /** Commits a checkpoint onto another commit. The new commit is later than `after`, a time in milliseconds. */
  async commit(
    writing: Writing,
    { namespace, id, parent, prepared: { metadata } }: NewCheckpoint,
    { nodes, text, messages, model, ...files }: WrittenTree,
    { branch, onto, after }: { branch: string; onto: CommitInfo | undefined; after: number | undefined },
  ): Promise<Made> {
    const source = typeof metadata?.source === 'string' ? metadata.source : undefined
    const step = Number.isSafeInteger(metadata?.step) ? metadata.step : undefined
    const root = namespace === '' ? undefined : rootOf(metadata)
    const seq = (onto?.seq ?? 0) + 1
    const now = Math.floor(this.#parts.checkpoints.rules.now())
    const commit = await writing.commit({
      parent: onto,
      files,
      kind: 'save',
      branch,
      subject: checkpointSubject({ source, step, namespace, nodes, text }),
      seq,
      at: Math.max(now, onto?.time ?? 0, after === undefined ? 0 : after + 1),
      ...(messages !== undefined && { messages }),
      ...(model !== undefined && { model }),
      trailers: {
        [TRAILERS.checkpoint]: id,
        ...(parent !== undefined && { [TRAILERS.parent]: parent }),
        ...(namespace !== '' && { [TRAILERS.namespace]: namespace }),
        ...(root !== undefined && { [TRAILERS.root]: root }),
        ...(source !== undefined && { [TRAILERS.source]: source }),
        ...(step !== undefined && { [TRAILERS.step]: String(step) }),
      },
    })
    this.#parts.trees.learn(files.tree, commit.tree)
    const entry: Entry = {
      id,
      namespace,
      parent,
      root,
      commit: commit.id,
      tree: commit.tree,
      seq,
      at: commit.time,
      session: this.id,
      branch,
      source,
      step,
    }
    return { commit, indexed: { id: commit.id, parent: commit.parents[0], entry } }
  }

  async #commitWrites(
    writing: Writing,
    parts: {
      files: EditedTree
      subject: string
      trailers: Readonly<Record<string, string>>
      tip: CommitInfo | undefined
      of: Omit<WritesOf, 'thread'>
    },
  ): Promise<Made> {
    const { files, tip, of, subject, trailers } = parts
    const seq = (tip?.seq ?? 0) + 1
    const branch = `_${WRITES}`
    const at = Math.max(Math.floor(this.#parts.checkpoints.rules.now()), tip?.time ?? 0)
    const commit = await writing.commit({
      parent: tip,
      files,
      kind: 'writes',
      branch,
      subject,
      seq,
      at,
      trailers,
    })
    const { checkpoint, namespace, task } = of
    const { tree } = commit
    const writes = { checkpoint, namespace, task, commit: commit.id, tree, seq, at: commit.time }
    return { commit, indexed: { id: commit.id, parent: commit.parents[0], writes } }
  }

  /** Adds the sends of the previous step, which checkpoints before version 4 left among the writes of their parent. */
  async #migrateSends(checkpoint: Checkpoint, entry: Entry, parent: string): Promise<void> {
    const { values, firstVersion } = this.#parts
    const sends = (await this.writesFor(entry.namespace, parent)).filter(({ channel }) => channel === TASKS)
    const loaded = await loadWrites(values, sends)
    const versions = Object.values(checkpoint.channel_versions ?? {})
    checkpoint.channel_values = { ...checkpoint.channel_values, [TASKS]: loaded.map(([, , value]) => value) }
    checkpoint.channel_versions = {
      ...checkpoint.channel_versions,
      [TASKS]: versions.length > 0 ? maxChannelVersion(...versions) : firstVersion(),
    }
  }
}

/** Returns the id of the root graph's checkpoint during which a subgraph ran. */
function rootOf(metadata: CheckpointMetadata | undefined): string | undefined {
  const root: unknown = metadata?.parents?.['']
  return typeof root === 'string' && root !== '' ? root : undefined
}
