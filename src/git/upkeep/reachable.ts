/** Walks from objects to all they lead to: from commits to parents and trees, from trees to their entries. */

import { CorruptError } from '../../errors.ts'
import type { ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { ObjectStore } from '../database/object-store.ts'
import { namedIn } from '../objects/named.ts'
import type { GitObject } from '../objects/object.ts'

export interface ReachableOptions {
  /** Ids that are known to be reachable with all they lead to. The result is added to them. */
  into?: Set<ObjectId>
  /** Whether missing or broken objects are ignored instead of being an error. */
  tolerant?: boolean
  /** Commits at the edge of a shallow clone (the file `shallow`). */
  shallow?: ReadonlySet<ObjectId>
  onProgress?: (found: number) => void
}

/**
 * Ids of the roots and of everything they lead to. Files are not read, only named. Throws CorruptError for a missing or
 * broken object, unless it is tolerant, because nobody knows what else that object leads to.
 */
export async function reachableFrom(
  objects: ObjectStore,
  roots: Iterable<ObjectId>,
  { into = new Set(), tolerant = false, shallow = new Set(), onProgress }: ReachableOptions = {},
): Promise<Set<ObjectId>> {
  let waiting: ObjectId[] = []
  const add = (id: ObjectId): void => {
    if (into.has(id)) return
    into.add(id)
    waiting.push(id)
  }
  const visit = (id: ObjectId, object: GitObject): void => {
    for (const next of namedIn(id, object, shallow)) {
      if (next.isFile) into.add(next.id)
      else add(next.id)
    }
  }
  for (const id of roots) add(id)
  const slice = new TimeSlice()
  while (waiting.length > 0) {
    const batch = waiting.slice(0, BATCH)
    waiting = waiting.slice(BATCH)
    if (tolerant) await readWhatIsThere(objects, batch, visit)
    else await objects.readMany(batch, visit)
    if (!slice.isOver()) continue
    onProgress?.(into.size)
    await slice.next()
  }
  return into
}

/** Read together, in the order of the disk. */
const BATCH = 4096

async function readWhatIsThere(
  objects: ObjectStore,
  ids: readonly ObjectId[],
  visit: (id: ObjectId, object: GitObject) => void,
): Promise<void> {
  for (const id of ids) {
    try {
      const object = await objects.tryRead(id)
      if (object !== undefined) visit(id, object)
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error
    }
  }
}
