/**
 * Removes unreachable objects for good, while other processes save.
 *
 * Why nothing that is needed is lost. `freePacks` is called first: a pack that a save in progress has placed is kept,
 * or its refs have moved already. Then the refs are read, then the journals, then the refs again. So every value that a
 * ref has, or had before and may get back (a group that fails restores the old values, and is in its journal until
 * then), counts as reached. Later saves cannot reach anything else: a save builds on the tip of its own branch, whose
 * lock it holds and which is among those refs, and brings all new objects in its own pack, placed after we looked.
 * Every change that puts a new ref on an old checkpoint (a fork, a tag, a new branch) holds PURGE_LOCK from its check
 * of what is reachable until the ref exists, and we hold PURGE_LOCK while we read the refs: either the new ref is among
 * them, or its maker checks after us, and `purgeMark` tells it to check again. So the lock is held only for moments,
 * however long the rest takes.
 *
 * Git's own processes move a ref within moments after writing its loose objects (and keep a pack as we do); so young
 * loose objects stay.
 *
 * A crash can leave too much, never too little: the new pack is durable and in place before anything is removed.
 */
import { join } from 'node:path'
import type { ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { looseFile } from '../database/loose.ts'
import { closeAll } from '../disk/file-system.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import type { Contents } from '../journal/contents.ts'
import { freePacks, removeCommitGraph, removePacks, withIndex } from '../merging/removal.ts'
import { retiredLists, withMerged } from '../merging/retired.ts'
import { type FilterSource, filterPacks } from '../packs/filter.ts'
import type { Placement } from '../packs/placement.ts'
import { changePurgeMark } from './purge-mark.ts'
import { reachableFrom } from './reachable.ts'
import {
  checkRootsKnown,
  journaledNames,
  journalRoots,
  reflogRoots,
  refRoots,
  shallowCommits,
} from './roots.ts'

export interface PurgeOptions {
  /** Runs `work` while PURGE_LOCK is held. */
  exclusively<T>(work: () => T): Promise<T>
  onProgress?: (progress: { phase: string; done: number; total?: number }) => void
}

/**
 * Removes every unreachable object; returns how many. Objects in kept packs stay. Throws CorruptError when a reachable
 * object cannot be read (then nothing is removed), UnsupportedError, StorageError.
 */
export async function purge(contents: Contents, options: PurgeOptions): Promise<number> {
  checkRootsKnown(contents.folder)
  await othersSettled(contents.folder)
  const dead = new Set<ObjectId>()
  for (let round = 0; round < ROUNDS; round++) {
    const found = await purgeOnce(contents, options)
    if (found.size === 0) break
    for (const id of found) dead.add(id)
    // Another process may have merged packs meanwhile, with everything in them.
    contents.objects.refresh()
    if (!(await anyIn(contents.placement, found))) break
  }
  return dead.size
}

const ROUNDS = 5
/** Milliseconds within which a git process moves a ref to the objects that it has written. */
const YOUNG = 2000

/** Removes the unreachable objects, and returns which they were. */
async function purgeOnce(contents: Contents, options: PurgeOptions): Promise<Set<ObjectId>> {
  const { folder, placement } = contents
  await looseGrownUp(contents)
  const { packs, loose, needed, wanted } = await options.exclusively(() => look(contents))
  const reachable = await reach(contents, { needed, wanted }, options)
  const dead = new Set<ObjectId>()
  const touched = new Set<string>()
  const slice = new TimeSlice()
  for (const { name } of packs) {
    await withIndex(placement, name, async (index) => {
      for (const id of index.ids()) {
        if (!reachable.has(id)) {
          dead.add(id)
          touched.add(name)
        }
        if (slice.isOver()) await slice.next()
      }
    })
  }
  const looseDead = loose.filter((id) => !reachable.has(id))
  for (const id of looseDead) dead.add(id)
  if (dead.size === 0) return dead
  // Packs that were merged into one of these are removed with it, since they hold the same objects.
  const free = new Set(packs.map(({ name }) => name))
  for (const name of withMerged([...retiredLists(folder.fs, folder.paths.retired)], touched))
    if (free.has(name)) touched.add(name)
  const placed = await writeRest(contents, [...touched], reachable, options)
  if (placed !== undefined) touched.delete(placed)
  await removeCommitGraph(folder)
  await removePacks(placement, [...touched])
  await removeLoose(folder, looseDead)
  return dead
}

interface Look {
  packs: readonly { name: string }[]
  loose: readonly ObjectId[]
  /** Objects that have to exist, with all they lead to. */
  needed: ReadonlySet<ObjectId>
  /** Objects that stay if they exist, with all they lead to. */
  wanted: ReadonlySet<ObjectId>
}

/** The order matters; see the top of this file. */
function look({ folder, objects, placement, refs }: Contents): Look {
  changePurgeMark(folder)
  const packs = freePacks(placement)
  const loose = [...objects.looseIds()].filter((id) => ageOf(folder, id) >= YOUNG)
  const first = refRoots(refs)
  const wanted = new Set([...journalRoots(folder), ...reflogRoots(folder)])
  return { packs, loose, needed: new Set([...first, ...refRoots(refs)]), wanted }
}

async function reach(
  { folder, objects }: Contents,
  { needed, wanted }: Pick<Look, 'needed' | 'wanted'>,
  { onProgress }: PurgeOptions,
): Promise<Set<ObjectId>> {
  const shallow = shallowCommits(folder)
  const report = (done: number): void => onProgress?.({ phase: 'looking for what is in use', done })
  const into = await reachableFrom(objects, needed, { shallow, onProgress: report })
  return reachableFrom(objects, wanted, { into, shallow, tolerant: true, onProgress: report })
}

/** Makes one synced pack of the reached objects of these packs. Returns its name; `undefined` when there are none. */
async function writeRest(
  { folder, placement, objects }: Contents,
  packs: readonly string[],
  reachable: ReadonlySet<ObjectId>,
  { onProgress }: PurgeOptions,
): Promise<string | undefined> {
  const { fs, paths, temporaries } = folder
  const path = temporaries.path()
  const out = temporaries.open(path)
  let index: string | undefined
  const sources: FilterSource[] = []
  try {
    for (const name of packs) {
      const file = fs.open(placement.file(name, 'pack'), 'r')
      // Another process has replaced it with a pack that the next round will see.
      if (file !== undefined)
        sources.push({
          name: placement.file(name, 'pack'),
          file,
          entries: (await withIndex(placement, name, (one) => one.entries())) ?? [],
        })
    }
    const rest = await filterPacks({
      sources,
      wanted: (id) => reachable.has(id),
      read: (id) => objects.read(id),
      out,
      onProgress: (done, total) => onProgress?.({ phase: 'copying what stays', done, total }),
    })
    if (rest === undefined) return undefined
    await out.sync()
    index = await temporaries.writeAny(rest.index)
    await fs.syncFile(index)
    placement.reveal(rest.name, path, index)
    await fs.syncDir(paths.packs)
    objects.addPack(rest.name, rest.index)
    return rest.name
  } finally {
    try {
      closeAll([...sources.map(({ file }) => file), out])
    } finally {
      temporaries.discard(path)
      if (index !== undefined) temporaries.discard(index)
    }
  }
}

async function removeLoose({ fs, paths }: StoreFolder, ids: readonly ObjectId[]): Promise<void> {
  const folders = new Set<string>()
  for (const id of ids) {
    fs.unlink(looseFile(paths.objects, id))
    folders.add(join(paths.objects, id.slice(0, 2)))
  }
  for (const folder of folders) if (!fs.removeDir(folder)) await fs.syncDir(folder)
  if (folders.size > 0) await fs.syncDir(paths.objects)
}

/** Whether any of these is in a pack that is free now. */
async function anyIn(placement: Placement, ids: ReadonlySet<ObjectId>): Promise<boolean> {
  const slice = new TimeSlice()
  for (const { name } of freePacks(placement)) {
    const isIn = await withIndex(placement, name, async (index) => {
      for (const id of index.ids()) {
        if (ids.has(id)) return true
        if (slice.isOver()) await slice.next()
      }
      return false
    })
    if (isIn) return true
  }
  return false
}

/**
 * Waits until everything in other processes' journals is settled: a journal that is replayed after a power loss must
 * not bring back removed objects. If a journal is not settled in time, the objects that it names stay.
 */
async function othersSettled(folder: StoreFolder): Promise<void> {
  const before = journaledNames(folder)
  const end = performance.now() + SETTLED_WITHIN
  while (before.size > 0 && performance.now() < end) {
    const now = journaledNames(folder)
    for (const name of before) if (!now.has(name)) before.delete(name)
    if (before.size > 0) await sleep(50)
  }
}

const SETTLED_WITHIN = 5000

/** Waits once, until no loose object is so young that its ref may not have moved yet. */
async function looseGrownUp({ folder, objects }: Contents): Promise<void> {
  let youngest = YOUNG
  for (const id of objects.looseIds()) youngest = Math.min(youngest, ageOf(folder, id))
  // A timer drops fractions, and the clock does too: a millisecond more, or the youngest is not old enough by less than one.
  if (youngest < YOUNG) await sleep(Math.ceil(YOUNG - Math.max(0, youngest)) + 1)
}

/** Milliseconds since the object was last written. */
function ageOf({ fs, paths }: StoreFolder, id: ObjectId): number {
  const stat = fs.stat(looseFile(paths.objects, id))
  return stat === undefined ? 0 : Date.now() - stat.mtimeMs
}

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))
