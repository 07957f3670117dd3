/** Makes small packs of new objects: a new version of an object that the server has is sent as a delta. */
import { Buffer } from 'node:buffer'
import type { ObjectId } from '../../ids.ts'
import type { ObjectStore } from '../database/object-store.ts'
import { decodeCommit } from '../objects/commit.ts'
import { makeDelta } from '../objects/make-delta.ts'
import type { GitObject, NewObject } from '../objects/object.ts'
import { entriesChanged, parseTree } from '../objects/tree.ts'
import { type DeltaObject, streamPack } from '../packs/stream.ts'

/** Makes the pack. The bases of its deltas are objects of the parents of its commits, which the server has. */
export async function outgoingPack(store: ObjectStore, objects: readonly NewObject[]): Promise<Uint8Array> {
  const made = new Map(objects.map((object) => [object.id, object]))
  const bases = await basesOf(store, made)
  const entries: (GitObject | DeltaObject)[] = []
  for (const object of made.values()) {
    const base = bases.get(object.id)
    const delta = base && makeDelta(base.data, object.data)
    entries.push(delta === undefined ? object : { base: base!.id, delta })
  }
  differFromTheOthers([...made.values()], entries)
  const pieces: Buffer[] = []
  for await (const piece of streamPack(entries.length, entries)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/**
 * Encodes the largest new file as a delta from another one: it is usually the page of a turn, with the same texts as
 * the messages.
 */
function differFromTheOthers(made: readonly NewObject[], entries: (GitObject | DeltaObject)[]): void {
  const blobs = made
    .filter(({ type }, n) => type === 'blob' && !('delta' in entries[n]!))
    .sort((a, b) => b.data.length - a.data.length)
  const [largest, ...others] = blobs.slice(0, TRIED)
  let best: DeltaObject | undefined
  for (const { id, data } of others) {
    const delta = makeDelta(data, largest!.data)
    if (delta !== undefined && delta.length < (best?.delta.length ?? largest!.data.length))
      best = { base: id, delta }
  }
  if (best !== undefined) entries[made.indexOf(largest!)] = best
}

const TRIED = 4

interface BaseObject {
  id: ObjectId
  data: Uint8Array
}

/** Finds the earlier version of each object. Reads only objects in memory. */
async function basesOf(
  store: ObjectStore,
  made: ReadonlyMap<ObjectId, NewObject>,
): Promise<ReadonlyMap<ObjectId, BaseObject>> {
  const found = new Map<ObjectId, BaseObject>()
  const pair = async (now: ObjectId, was: ObjectId): Promise<void> => {
    const object = made.get(now)
    if (object === undefined || now === was || found.has(now) || !(await store.has(was))) return
    if (object.type === 'blob') {
      found.set(now, { id: was, data: (await store.read(was)).data })
      return
    }
    const before = await store.readTree(was)
    found.set(now, { id: was, data: before.data })
    for (const { was: old, is } of entriesChanged(before, parseTree(object.data, now)))
      if (old !== undefined && is !== undefined) await pair(is.id, old.id)
  }
  for (const { id, type, data } of made.values()) {
    if (type !== 'commit') continue
    const { tree, parents } = decodeCommit(data, id)
    const parent = parents.at(-1)
    // A parent in this pack is not used: its objects may be deltas themselves, and chains of deltas cost the server
    // time.
    if (parent === undefined || made.has(parent) || !(await store.has(parent))) continue
    await pair(tree, (await store.readCommit(parent)).tree)
  }
  return found
}
