/** What the trailers of a commit say of LangGraph's checkpoints and writes. */

import { numberOf, timeOf, trailersOf } from '../../checkpoints/commits/message.ts'
import type { StoredCommit } from '../../checkpoints/trees/objects.ts'
import { wrongType } from '../../checkpoints/wrong-type.ts'
import type { CommitId, ObjectId, SessionId } from '../../ids.ts'

/** The type of the sessions that threads are. */
export const TYPE = 'langgraph'
/** Reserved lines: checkpoints of other namespaces than the root's, and pending writes. */
export const NAMESPACES = 'namespaces'
export const WRITES = 'writes'

/** Trailers that say which checkpoint a commit is. */
export const TRAILERS = {
  checkpoint: 'Checkpoint',
  parent: 'Parent',
  namespace: 'Namespace',
  root: 'Root',
  source: 'Source',
  step: 'Step',
  task: 'Task',
} as const

/** A checkpoint of LangGraph's. */
export interface Entry {
  readonly id: string
  readonly namespace: string
  /** Id of its parent, which need not be stored. */
  readonly parent: string | undefined
  /** Of a subgraph's: id of the checkpoint of the graph itself that the subgraph was running on. */
  readonly root: string | undefined
  readonly commit: CommitId
  readonly tree: ObjectId
  readonly seq: number
  /** Milliseconds. */
  readonly at: number
  /** Id of the session it was made in: another one, where this one is a fork. */
  readonly session: string
  readonly branch: string
  readonly source: string | undefined
  readonly step: number | undefined
}

/** Writes of one task for one checkpoint, as one call handed them over. */
export interface WritesEntry {
  readonly checkpoint: string
  readonly namespace: string
  readonly task: string
  readonly commit: CommitId
  readonly tree: ObjectId
  readonly seq: number
  readonly at: number
}

/** A commit, as far as the index goes. */
export interface IndexedCommit {
  id: CommitId
  parent: CommitId | undefined
  entry?: Entry
  writes?: WritesEntry
}

/** What a commit says to the thread. Throws InvalidStateError when it is of a session of another type. */
export function parseCommit(
  thread: SessionId,
  id: CommitId,
  { tree, parents, message }: StoredCommit,
): IndexedCommit {
  const commit: IndexedCommit = { id, parent: parents[0] }
  const trailers = trailersOf(message)
  const type = trailers?.get('Type')
  if (type !== undefined && type !== TYPE) throw wrongType(thread, type, TYPE)
  const checkpoint = trailers?.get(TRAILERS.checkpoint)
  if (trailers === undefined || checkpoint === undefined) return commit
  const common = {
    commit: id,
    tree,
    namespace: trailers.get(TRAILERS.namespace) ?? '',
    seq: numberOf(trailers.get('Seq')) ?? 0,
    at: timeOf(trailers) ?? 0,
  }
  const task = trailers.get(TRAILERS.task)
  if (task !== undefined) return { ...commit, writes: { ...common, checkpoint, task } }
  const step = trailers.get(TRAILERS.step)
  const entry: Entry = {
    ...common,
    id: checkpoint,
    parent: trailers.get(TRAILERS.parent),
    root: trailers.get(TRAILERS.root),
    session: trailers.get('Session') ?? thread,
    branch: trailers.get('Branch') ?? '',
    source: trailers.get(TRAILERS.source),
    step: step === undefined ? undefined : Number(step),
  }
  return { ...commit, entry }
}
