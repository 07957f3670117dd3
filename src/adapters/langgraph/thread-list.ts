/** Lists checkpoints of one thread or of all threads. */
import type { RunnableConfig } from '@langchain/core/runnables'
import type { CheckpointListOptions, CheckpointTuple } from '@langchain/langgraph-checkpoint'
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { InvalidStateError } from '../../errors.ts'
import type { SessionId } from '../../ids.ts'
import { deepEqual, type JsonObject } from '../../json-value.ts'
import { problemOf } from '../../store/problem.ts'
import type { Problem } from '../../store/session-store.ts'
import { parseFilter } from './config.ts'
import type { Thread } from './thread.ts'
import { type Entry, NAMESPACES, WRITES } from './thread-commit.ts'
import { byId } from './thread-index.ts'
import type { Threads } from './threads.ts'
import type { CheckpointTrees } from './values/checkpoint-tree.ts'

interface ThreadListParts {
  checkpoints: Checkpoints
  trees: CheckpointTrees
  threads: Threads
  onProblem: ((problem: Problem) => void) | undefined
}

export class ThreadList {
  readonly #parts: ThreadListParts

  constructor(parts: ThreadListParts) {
    this.#parts = parts
  }

  /** Implements the saver's `list`. */
  async *list(config: RunnableConfig, options: CheckpointListOptions): AsyncGenerator<CheckpointTuple> {
    const { checkpoints, trees } = this.#parts
    const { lifetime } = checkpoints
    lifetime.check()
    const { thread: id, namespace, checkpoint } = parseFilter(config)
    const before = options.before && parseFilter(options.before).checkpoint
    const filter = Object.entries(options.filter ?? {}).filter(([, value]) => value !== undefined)
    let left = options.limit ?? Number.POSITIVE_INFINITY
    const found = await lifetime.use(() => this.#listed(id, namespace))
    for (const { entry, thread, name } of found) {
      if (left <= 0) return
      if (before !== undefined && entry.id >= before) continue
      if (checkpoint !== undefined && entry.id !== checkpoint) continue
      if (!mayMatch(entry, filter)) continue
      const matching = async () => {
        if (filter.length > 0) {
          const metadata = (await trees.metadata(entry.tree)) as unknown as JsonObject | undefined
          if (!filter.every(([key, value]) => deepEqual(metadata?.[key], value))) return undefined
        }
        return thread.tuple(entry, name)
      }
      const passOver = id === undefined ? { name, commit: entry.commit } : undefined
      const tuple = await lifetime.use(() => this.#orProblem(passOver, matching))
      if (tuple === undefined) continue
      yield tuple
      left--
    }
  }

  async #listed(id: SessionId | undefined, namespace: string | undefined): Promise<Iterable<Listed>> {
    const { checkpoints, threads } = this.#parts
    if (id !== undefined) {
      await threads.get(id).settled()
      return listed(await threads.open(id), namespace, id)
    }
    if (!(await checkpoints.open())) return []
    const all: Listed[] = []
    for (const one of this.#threadIds()) {
      const thread = await this.#orProblem({ name: one }, () => this.#ofOurType(one))
      if (thread !== undefined) all.push(...listed(thread, namespace, thread.index.name()))
    }
    return all.sort((a, b) => byId(b.entry, a.entry))
  }

  #threadIds(): Set<SessionId> {
    const { history } = this.#parts.checkpoints
    // A session whose refs cannot be read is reported when it is opened.
    const sessions = [...history.sessions(() => undefined)].map(([session]) => session)
    return new Set([...sessions, ...history.sessionsBeside([NAMESPACES, WRITES])])
  }

  /** Returns what `read` returns. If it throws and `passOver` is given, reports the problem and returns `undefined`. */
  async #orProblem<T>(
    passOver: { name: string; commit?: string } | undefined,
    read: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await read()
    } catch (error) {
      if (passOver === undefined) throw error
      const problem = problemOf(error, passOver.name, passOver.commit)
      this.#parts.onProblem?.(problem)
      return undefined
    }
  }

  /** Opens a thread. Returns `undefined` if the session has another type. */
  async #ofOurType(id: SessionId): Promise<Thread | undefined> {
    try {
      return await this.#parts.threads.open(id)
    } catch (error) {
      if (error instanceof InvalidStateError) return undefined
      throw error
    }
  }
}

interface Listed {
  entry: Entry
  thread: Thread
  name: string
}

function* listed(thread: Thread, namespace: string | undefined, name: string): Generator<Listed> {
  for (const entry of thread.index.newestFirst(namespace)) yield { entry, thread, name }
}

/** Whether the metadata may match the filter, judged only by the commit. */
const mayMatch = (entry: Entry, filter: readonly (readonly [string, unknown])[]): boolean =>
  filter.every(
    ([key, value]) =>
      (key !== 'source' && key !== 'step') || entry[key] === undefined || entry[key] === value,
  )
