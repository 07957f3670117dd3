/** Verifies pages: makes each again from the checkpoint that ends its turn, and compares. */
import { endsTurn, type TurnReader, turnPages } from '../../checkpoints/pages/pages.ts'
import { blobAt, readBlobs } from '../../checkpoints/trees/files.ts'
import { ForkpointError } from '../../errors.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { objectId } from '../../git/objects/object.ts'
import type { ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { pageRules } from '../pages/rules.ts'
import type { Findings, Reached } from './findings.ts'

/** A page, and the checkpoint through which it was first reached. */
export interface SeenPage extends Reached {
  path: string
  id: ObjectId
  /** Whether this renderer made it. */
  isOwn: boolean
}

/** A checkpoint that forkpoint made, with its tree. */
export interface MadeCheckpoint {
  id: ObjectId
  /** The session that it was reached from. */
  reachedFrom: string
  tree: ObjectId
  kind: string
  branch: string
  seq: number
  /** Tree of the previous turn; `undefined`: this is the first; `null`: it is not known. */
  before: ObjectId | undefined | null
}

/**
 * Adds a problem for each page that differs from what its checkpoint makes of its turn. Pages that no checkpoint makes
 * are foreign files. Pages of another renderer are ignored.
 */
export async function verifyPages(
  findings: Findings,
  objects: ObjectStore,
  made: Iterable<MadeCheckpoint>,
  seen: readonly SeenPage[],
): Promise<void> {
  if (seen.length === 0) return
  const collections = new Set(seen.map(({ path }) => path.slice(0, path.indexOf('/'))))
  const rules = { ...pageRules(), isRead: (name: string) => collections.has(name) }
  const read: TurnReader = {
    readTree: (id) => objects.readTree(id),
    readBlobs: (blobs) => readBlobs(objects, blobs),
  }
  const own = new Map(seen.filter(({ isOwn }) => isOwn).map((page) => [keyOf(page), page]))
  const slice = new TimeSlice()
  let isWhole = true
  for (const one of made) {
    if (!endsTurn(one.kind, one.branch)) continue
    if (one.before === null || findings.broken.has(one.id)) isWhole = false
    else if (!(await isMade(one, one.before))) isWhole = false
    if (slice.isOver()) await slice.next()
  }
  for (const { path, session, checkpoint } of isWhole ? own.values() : [])
    findings.addForeign({ session, checkpoint }, path)

  /** Checks the pages of a checkpoint. Returns whether they could be made again. */
  async function isMade(one: MadeCheckpoint, before: ObjectId | undefined): Promise<boolean> {
    try {
      await check(one, before)
      return true
    } catch (error) {
      // The damage was reported already.
      if (error instanceof ForkpointError) return false
      throw error
    }
  }

  async function check(
    { id, reachedFrom, tree, seq }: MadeCheckpoint,
    before: ObjectId | undefined,
  ): Promise<void> {
    for (const { path, make } of await turnPages(read, { seq, before, after: tree }, rules)) {
      const page = await blobAt(objects, tree, path)
      if (page === undefined || !own.delete(keyOf({ path, id: page }))) continue
      if (objectId('blob', await make()) === page) continue
      const message = `The page '${path}' of checkpoint ${id} says something else than the messages of its turn. Nothing is lost: readers go by the messages.`
      findings.add({ session: reachedFrom }, path, message)
    }
  }
}

const keyOf = ({ path, id }: Pick<SeenPage, 'path' | 'id'>): string => `${path}\n${id}`
