/**
 * Packs the refs of a chapter of the journal that made very many, when it is settled. One file is synced instead of a
 * file and a folder for each ref, and on the disk a ref takes a line instead of two blocks. As in maintenance
 * (`upkeep/pack-refs.ts`), the file of a ref is removed only when its line in packed-refs is durable.
 */
import { dirname, join } from 'node:path'
import { CorruptError, StorageError } from '../../errors.ts'
import type { ObjectId, RefName } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import type { Refs } from './refs.ts'

export interface PackedNow {
  /** Refs that keep a file of their own, which has to be synced. */
  left: readonly RefName[]
  /** Folders that have to be synced, so that the removed files do not come back with old values. */
  folders: readonly string[]
}

/**
 * Packs the branches among `names` that packed-refs does not have yet, if there are at least `atLeast`. One that is
 * packed with an older value is in use: it keeps its file, since deleting and creating files over and over is slow. A
 * ref that is locked or moves meanwhile keeps its file, and all do if packed-refs is locked, damaged or cannot be
 * written. Throws StorageError.
 */
export async function packNew(
  refs: Refs,
  folder: StoreFolder,
  names: readonly RefName[],
  atLeast: number,
): Promise<PackedNow> {
  if (names.length < atLeast) return { left: names, folders: [] }
  const packed = await addPacked(refs, folder, names, atLeast)
  const { fs, locks, paths } = folder
  const folders = new Set<string>(packed.size > 0 ? ['.'] : [])
  const slice = new TimeSlice()
  const left: RefName[] = []
  for (const name of names) {
    const id = packed.get(name)
    if (id === undefined || !locks.take(refs.path(name))) {
      left.push(name)
      continue
    }
    const isPacked = refs.looseId(name) === id && refs.packedValue(name) === id
    try {
      if (isPacked) refs.removeLoose([name])
    } finally {
      locks.release(refs.path(name))
    }
    const parent = dirname(name)
    if (!isPacked) left.push(name)
    else if (fs.removeDir(join(paths.root, parent))) folders.add(dirname(parent)).delete(parent)
    else folders.add(parent)
    if (slice.isOver()) await slice.next()
  }
  return { left, folders: [...folders] }
}

/** Returns what packed-refs has durably now. */
async function addPacked(
  refs: Refs,
  { fs, locks, paths }: StoreFolder,
  names: readonly RefName[],
  atLeast: number,
): Promise<ReadonlyMap<RefName, ObjectId>> {
  const found = new Map<RefName, ObjectId>()
  if (!locks.take(refs.packedPath)) return found
  try {
    const slice = new TimeSlice()
    for (const name of names) {
      // Branches name commits. For a tag of another object, packed-refs would need the object that it leads to.
      const id = isBranch(name) && refs.packedValue(name) === undefined ? refs.looseId(name) : undefined
      if (id !== undefined) found.set(name, id)
      if (slice.isOver()) await slice.next()
    }
    if (found.size < atLeast) return new Map()
    await refs.addPacked(found)
    await fs.syncDir(paths.root)
    return found
  } catch (error) {
    if (!(error instanceof StorageError || error instanceof CorruptError)) throw error
    // The disk may be full. Syncing files that are there needs no space.
    return new Map()
  } finally {
    locks.release(refs.packedPath)
  }
}

/** Of a session: `refs/heads/<session>/<branch>`. */
const isBranch = (name: RefName): boolean => /^refs\/heads\/[^/]+\/[^/]+$/.test(name)
