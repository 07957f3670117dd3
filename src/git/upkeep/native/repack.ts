/**
 * Fewer and smaller packs, by git: as `git repack --geometric` and `git repack -a` do it, with the plumbing that both
 * run (git-pack-objects(1)). So we place the new pack ourselves, and remove an old one only when each of its objects is
 * in a pack that stays; unreachable objects are never lost.
 */
import { join } from 'node:path'
import type { ObjectId } from '../../../ids.ts'
import { TimeSlice } from '../../../time-slice.ts'
import { looseFile } from '../../database/loose.ts'
import type { ObjectStore } from '../../database/object-store.ts'
import { readFully } from '../../disk/read-fully.ts'
import type { StoreFolder } from '../../disk/store-folder.ts'
import { geometricPrefix } from '../../merging/merger.ts'
import { type FreePack, freePacks, packsKeptByOthers, removePacks, withIndex } from '../../merging/removal.ts'
import { PackIndex } from '../../packs/pack-index.ts'
import type { Placement } from '../../packs/placement.ts'
import { NativeGitError } from './error.ts'
import type { NativeGit, RunOptions } from './git.ts'

/** The existing packs, and their reader. */
interface Packs {
  readonly placement: Placement
  readonly objects: ObjectStore
}

export interface RepackOptions {
  /** Runs `work` while no process merges packs that were settled. */
  withoutMerges<T>(work: () => Promise<T>): Promise<T>
  onProgress?: RunOptions['onProgress']
}

/** Repacks; returns whether there was anything to do. Throws NativeGitError, UnsupportedError, StorageError. */
export async function repackWithGit(
  packs: Packs,
  git: NativeGit,
  { withoutMerges, onProgress }: RepackOptions,
): Promise<boolean> {
  for (let round = 1; ; round++) {
    try {
      if (round === 1) return await repackOnce(packs, git, onProgress)
      // While others save, young packs come and go; only the older ones are repacked.
      return await withoutMerges(() => repackOnce(packs, git, onProgress, YOUNG))
    } catch (error) {
      // Another process may have merged, and removed, a pack that git was told to read.
      if (!(error instanceof NativeGitError) || round === ROUNDS) throw error
    }
  }
}

const ROUNDS = 5
/**
 * Milliseconds after which a pack of a save that is still there is not merged with the others of its chapter: while a
 * store is maintained, chapters end after a second.
 */
const YOUNG = 2500

async function repackOnce(
  { placement, objects }: Packs,
  git: NativeGit,
  onProgress: RunOptions['onProgress'],
  youngest = 0,
): Promise<boolean> {
  const canChoose = git.isAtLeast('2.32')
  const all = freePacks(placement).filter(({ isCruft }) => !isCruft)
  const packs = all
    .filter(({ mtimeMs }) => !canChoose || youngest === 0 || Date.now() - mtimeMs >= youngest)
    .sort((a, b) => a.size - b.size)
  if (packs.length === 0 && all.length > 0) return false
  const chosen = planRepack(
    packs.map((pack) => ({ ...pack, isCompressed: isCompressed(placement, pack.name) })),
    objects.looseIds().next().done === false,
    canChoose,
  )
  if (chosen === undefined) return false
  const plan = { ...chosen, isFull: chosen.isFull && packs.length === all.length }
  const made = await packObjects(placement, git, plan, onProgress)
  objects.refresh()
  // Git leaves objects of kept packs out of the new pack.
  const stay = [...made, ...plan.staying, ...packsKeptByOthers(placement)]
  const rest = packs.map(({ name }) => name).filter((name) => !stay.includes(name))
  const indexes = stay.flatMap(
    (name) => PackIndex.open(placement.folder.fs, placement.file(name, 'idx')) ?? [],
  )
  try {
    const isStaying = (id: ObjectId): boolean => indexes.some((index) => index.find(id) !== undefined)
    await removePacks(placement, await covered(placement, rest, isStaying))
    await removeLooseCopies(objects, placement.folder, isStaying)
  } finally {
    for (const index of indexes) index.close()
  }
  objects.refresh()
  return true
}

interface Candidate extends FreePack {
  isCompressed: boolean
}

export interface RepackPlan {
  /** Packs that become one. */
  merged: readonly string[]
  /** Packs that stay as they are. */
  staying: readonly string[]
  /** Everything becomes one pack. */
  isFull: boolean
  /** How many objects git compares each object with. */
  window: number
}

/**
 * Chooses the packs to merge, from the smallest to the largest: so many that each remaining pack is at least twice as
 * big as all smaller ones, and all packs that saves wrote. Everything is compressed again, because git tries no delta
 * between two objects of the same pack.
 */
export function planRepack(
  packs: readonly Candidate[],
  hasLoose: boolean,
  canChoose: boolean,
): RepackPlan | undefined {
  const lastPlain = packs.findLastIndex((pack) => !pack.isCompressed) + 1
  const count = canChoose ? Math.max(geometricPrefix(packs.map(({ size }) => size)), lastPlain) : packs.length
  const merged = packs.slice(0, count)
  if (!hasLoose && (merged.length === 0 || (merged.length === 1 && merged[0]!.isCompressed))) return undefined
  const bytes = merged.reduce((sum, { size }) => sum + size, 0)
  return {
    merged: merged.map(({ name }) => name),
    staying: packs.slice(count).map(({ name }) => name),
    isFull: count === packs.length,
    window: Math.max(10, Math.min(250, Math.floor(WORK / Math.max(1, bytes)))),
  }
}

/** The limit of bytes times window: a few seconds of work; for small stores as thorough as `git gc --aggressive`. */
const WORK = 1024 ** 3
/** Deeper chains save little, and make reading slower. */
const DEPTH = 20

/**
 * Has git write one pack of the chosen packs, and places it, synced. Returns its name; `undefined` if it would be
 * empty.
 */
async function packObjects(
  placement: Placement,
  git: NativeGit,
  { merged, staying, isFull, window }: RepackPlan,
  onProgress?: RunOptions['onProgress'],
): Promise<string[]> {
  const { fs, paths, temporaries } = placement.folder
  const pack = (name: string): string => `pack-${name}.pack`
  const what = isFull
    ? [
        '--all',
        '--reflog',
        '--indexed-objects',
        '--keep-true-parents',
        '--keep-unreachable',
        '--pack-loose-unreachable',
        '--honor-pack-keep',
      ]
    : ['--stdin-packs', '--unpacked']
  const input = isFull
    ? '\n'
    : [...merged.map(pack), ...staying.map((name) => `^${pack(name)}`), ''].join('\n')
  fs.makeDir(paths.temporaries)
  const base = temporaries.path()
  const settings = ['pack.packSizeLimit=0', 'pack.writeReverseIndex=false', 'pack.windowMemory=256m']
  const output = await git.run(
    [
      ...settings.flatMap((setting) => ['-c', setting]),
      'pack-objects',
      ...what,
      '--non-empty',
      '--delta-base-offset',
      '--no-reuse-object',
      `--window=${window}`,
      `--depth=${DEPTH}`,
      onProgress === undefined ? '--quiet' : '--progress',
      base,
    ],
    { input, ...(onProgress && { onProgress }) },
  )
  const names = output.split('\n').filter((line) => /^[0-9a-f]{40}$/.test(line))
  for (const name of names) {
    const files = ['pack', 'idx'].map((ending) => `${base}-${name}.${ending}`) as [string, string]
    for (const file of files) await fs.syncFile(file)
    placement.reveal(name, ...files)
  }
  await fs.syncDir(paths.packs)
  return names
}

/** The packs whose objects are all in packs that stay. */
async function covered(
  placement: Placement,
  packs: readonly string[],
  isStaying: (id: ObjectId) => boolean,
): Promise<string[]> {
  const found: string[] = []
  const slice = new TimeSlice()
  for (const name of packs) {
    const isCovered = await withIndex(placement, name, async (index) => {
      for (const id of index.ids()) {
        if (!isStaying(id)) return false
        if (slice.isOver()) await slice.next()
      }
      return true
    })
    if (isCovered) found.push(name)
  }
  return found
}

async function removeLooseCopies(
  objects: ObjectStore,
  { fs, paths }: StoreFolder,
  isStaying: (id: ObjectId) => boolean,
): Promise<void> {
  const folders = new Set<string>()
  const slice = new TimeSlice()
  for (const id of objects.looseIds()) {
    if (!isStaying(id)) continue
    fs.unlink(looseFile(paths.objects, id))
    folders.add(join(paths.objects, id.slice(0, 2)))
    if (slice.isOver()) await slice.next()
  }
  for (const folder of folders) fs.removeDir(folder)
}

/**
 * Whether git has compressed nearly all of the pack already, so that a repetition would gain little: a purge makes one
 * pack of what git has compressed and what saves wrote. Decided by a few entries, spread over the pack: saves write no
 * deltas, and zlib streams of the fastest level (RFC 1950, FLEVEL).
 */
function isCompressed(placement: Placement, pack: string): boolean {
  const { fs } = placement.folder
  const file = fs.open(placement.file(pack, 'pack'), 'r')
  if (file === undefined) return true
  const index = PackIndex.open(fs, placement.file(pack, 'idx'))
  try {
    const count = index?.count ?? 0
    const samples = Math.min(count, SAMPLES)
    const bytes = Buffer.alloc(LONGEST_SIZE + 2)
    let plain = 0
    for (let n = 0; n < samples; n++) {
      const length = readFully(file, bytes, index!.offset(Math.floor((n * count) / samples)))
      const stream = bytes.subarray(0, length).findIndex((byte) => byte < 0x80) + 1
      if (((bytes[0]! >> 4) & 7) < FIRST_DELTA && bytes[stream + 1]! >> 6 === 0) plain++
    }
    return plain < samples * MOST_PLAIN
  } finally {
    index?.close()
    file.close()
  }
}

const SAMPLES = 200
/** Share of entries as saves write them from which a pack is compressed again. */
const MOST_PLAIN = 0.1
const FIRST_DELTA = 6
/** Length of the header before an entry's stream, in bytes. */
const LONGEST_SIZE = 10
