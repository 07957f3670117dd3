/** The trailers of commits that hold LangGraph's checkpoints and writes. */

import { numberOf, timeOf, trailersOf } from '../../checkpoints/commits/message.ts'
import type { StoredCommit } from '../../checkpoints/trees/objects.ts'
import { wrongType } from '../../checkpoints/wrong-type.ts'
import type { CommitId, ObjectId, SessionId } from '../../ids.ts'

/** Session type of a thread. */
export const TYPE = 'langgraph'
/** Names of the reserved lines: checkpoints of namespaces other than the root, and pending writes. */
export const NAMESPACES = 'namespaces'
export const WRITES = 'writes'

/** Trailers that identify the checkpoint of a commit. */
export const TRAILERS = {
  checkpoint: 'Checkpoint',
  parent: 'Parent',
  namespace: 'Namespace',
  root: 'Root',
  source: 'Source',
  step: 'Step',
  task: 'Task',
} as const

/** A LangGraph checkpoint. */
export interface Entry {
  readonly id: string
  readonly namespace: string
  /** Id of its parent, which need not be stored. */
  readonly parent: string | undefined
  /** For a subgraph: id of the root graph's checkpoint during which the subgraph ran. */
  readonly root: string | undefined
  readonly commit: CommitId
  readonly tree: ObjectId
  readonly seq: number
  /** Time in milliseconds. */
  readonly at: number
  /** Id of the session in which it was made: a different session if this thread is a fork. */
  readonly session: string
  readonly branch: string
  readonly source: string | undefined
  readonly step: number | undefined
}

/** Writes of one task for one checkpoint, from one call. */
export interface WritesEntry {
  readonly checkpoint: string
  readonly namespace: string
  readonly task: string
  readonly commit: CommitId
  readonly tree: ObjectId
  readonly seq: number
  readonly at: number
}

/** The part of a commit that the index needs. */
export interface IndexedCommit {
  id: CommitId
  parent: CommitId | undefined
  entry?: Entry
  writes?: WritesEntry
}

/** Parses a commit of a thread. Throws InvalidStateError if the session has another type. */
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
