/**
 * Recovery finishes what dead processes recorded in their journals, syncs it, then removes their journals, locks and
 * temporaries. It can be interrupted at any point and started again.
 */
import { join } from 'node:path'
import { isObjectId, type LockName, type RefFolder, type RefName } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { isAncestor } from '../database/ancestry.ts'
import type { Owner } from '../disk/identity.ts'
import type { LockWait, StoreFolder } from '../disk/store-folder.ts'
import { removeRetired } from '../merging/broken-retired.ts'
import { removeHalfPacks } from '../merging/half-packs.ts'
import { BrokenStreamError } from '../objects/inflate.ts'
import { asBuffer } from '../objects/object.ts'
import { type MergedPack, mergePacks, type PackSource } from '../packs/combine.ts'
import { scanPack } from '../packs/scan.ts'
import type { PackSpan } from '../packs/writer.ts'
import { RefMoves } from '../refs/moves.ts'
import { parseRefFile, type Refs } from '../refs/refs.ts'
import { removeRefs } from '../refs/removal.ts'
import {
  type Adopted,
  adopt,
  anythingToAdopt,
  disown,
  removeAdopted,
  removeUnowned,
  type Scope,
  unknownSettled,
} from './adoption.ts'
import type { Contents } from './contents.ts'
import { breakOrphan } from './orphan-lock.ts'
import {
  belongsAtEnd,
  type Group,
  groupsOf,
  lastOrders,
  type Move,
  movesOf,
  type OnDisk,
  openMoves,
  unfinished,
} from './replay.ts'
import { settle } from './settle.ts'
import { lastMoves, toldIn } from './settled-notes.ts'

/** Recovers everything in scope; returns quickly when there is nothing to recover. Throws LockedError, StorageError. */
export async function recover(contents: Contents, scope: Scope): Promise<void> {
  // A process that died while it recovered from a restart may have adopted journals that are needed: so all dead
  // processes are recovered.
  const { folder } = contents
  if (await anythingToAdopt(folder, scope)) await recoverAdopted(contents, await adopt(folder, 'all'))
  await removeRetired(contents.placement)
  if (scope !== 'all') return
  await unknownSettled(folder)
  removeUnowned(folder)
}

async function recoverAdopted(contents: Contents, adopted: readonly Adopted[]): Promise<void> {
  const { folder } = contents
  const left = new Set(adopted)
  const rebooted = adopted.filter(({ life }) => life === 'rebooted')
  try {
    const owners = ownersOf(adopted)
    await breakLocks(contents, ['packed-refs'], ({ id }) => owners.has(id))
    if (rebooted.length > 0) await recoverFromPowerLoss(contents, rebooted)
    for (const one of [...rebooted, ...adopted]) {
      if (!left.has(one)) continue
      if (one.life === 'dead') await recoverFromKill(contents, one)
      await removeAdopted(folder, one)
      left.delete(one)
    }
  } catch (error) {
    disown(folder, [...left])
    throw error
  }
  contents.objects.refresh()
}

/**
 * Removes locks that came back after a power loss although they had been released and their owners' journals are gone.
 */
const waiting = (folder: StoreFolder): LockWait => ({
  locks: folder.locks,
  lockTimeout: folder.lockTimeout,
  breakLock: (file) => breakOrphan(folder, file),
})

/** The kernel still runs and has every write: only groups that were not finished need work. */
async function recoverFromKill(contents: Contents, adopted: Adopted): Promise<void> {
  const { folder, refs, placement, objects } = contents
  const { fs, paths, locks } = folder
  const groups = groupsOf(adopted.records)
  const packs = new Set(packNames(groups))
  const open = unfinished(adopted.records)
  if (open.length > 0) await syncJournals(folder, adopted)
  const later = open.length > 0 ? await lastMoves(folder, adopted.folder) : new Map<RefName, number>()
  const told = toldIn(fs, join(paths.journals, adopted.folder))
  for (const group of open) {
    // Locks are released when everything is in place, so a group without a lock is in place. The locks of the others
    // stay until all is done, so that no process gets in between.
    const isLocked = ({ ref }: Move): boolean => {
      const holder = locks.holder(refs.path(ref))
      return holder !== undefined && holder !== 'other' && holder.id === adopted.owner
    }
    if (!movesOf(group).some(isLocked)) continue
    const pack = await packOf([group])
    if (pack !== undefined) {
      packs.add(pack.name)
      placement.keep(pack.name)
      await placement.place(pack.name, pack.pack, pack.index)
      objects.addPack(pack.name, pack.index)
    }
    const { moves, symbolic, order } = group.entry
    // Another process has moved the ref since: the group was in place, and only the note of that was lost.
    const isDue = (move: Move): boolean =>
      isLocked(move) &&
      order > Math.max(later.get(move.ref) ?? 0, told.get(move.ref) ?? 0) &&
      valueOnDisk(refs, move.ref) === (move.from ?? 'absent')
    await new RefMoves(refs, waiting(folder), moves.filter(isDue), symbolic.filter(isDue)).run()
  }
  for (const pack of packs) {
    if (placement.has(pack)) placement.unkeep(pack)
    else placement.remove(pack)
  }
  const announced = adopted.records.flatMap(({ entry }) => (entry.kind === 'locks' ? entry.refs : []))
  await breakLocks(contents, [...announced, ...ownLocks(folder)], ({ id }) => id === adopted.owner)
  await settle(contents, { packs: [...packs], refs: lastOrders(groups) })
  removeHalfPacks(placement, adopted.owner)
  removeTemporaries(folder, new Set([adopted.owner]))
}

/**
 * A process may be killed before its sync returns, so its journals are synced now: packs that recovery places have to
 * be named by a durable journal.
 */
async function syncJournals({ fs, paths }: StoreFolder, { folder }: Adopted): Promise<void> {
  const ours = join(paths.journals, folder)
  for (const name of fs.readDir(ours))
    if (fs.stat(join(ours, name))?.kind === 'file') await fs.syncFile(join(ours, name))
  await fs.syncDir(ours)
  await fs.syncDir(paths.journals)
}

/** Trusts no file that the journals have a record of. */
async function recoverFromPowerLoss(contents: Contents, adopted: readonly Adopted[]): Promise<void> {
  const { folder, refs, placement, objects } = contents
  const { fs, paths, locks } = folder
  const byOwner = adopted.map(({ records, folder }) => ({
    groups: groupsOf(records),
    settled: toldIn(fs, join(paths.journals, folder)),
  }))
  const groups = byOwner.flatMap((one) => one.groups)
  // First all objects as one synced pack; then the files of the packs that they came from can be removed.
  const pack = await packOf(groups)
  if (pack !== undefined) {
    placement.keep(pack.name)
    await placement.placeSynced(pack.name, pack.pack, pack.index)
  }
  for (const name of new Set(packNames(groups))) if (name !== pack?.name) placement.remove(name)
  placement.removeStrayIndexes()
  objects.refresh()

  // Then each ref is put at the end of its recorded moves that nobody has settled.
  const ancestor = async (a: string, b: string) =>
    isObjectId(a) && isObjectId(b) && (await isAncestor(objects, a, b).catch(() => false))
  for (const [ref, moves] of openMoves(byOwner)) {
    const value = valueOnDisk(refs, ref)
    // Every object of the journals exists by now, so an id without an object is a torn write: half of one id and half
    // of another.
    const found = isObjectId(value) && !(await objects.has(value)) ? 'broken' : value
    if (!(await belongsAtEnd(moves, found, ancestor))) continue
    const last = moves.at(-1)!
    if (last.to === null) await removeRefs(refs, waiting(folder), [ref])
    else if (!isObjectId(last.to)) refs.write(ref, { symbolic: last.to })
    else if (await objects.has(last.to)) refs.write(ref, { id: last.to })
  }
  await settle(contents, { packs: [], refs: lastOrders(groups) })
  if (pack !== undefined) placement.unkeep(pack.name)
  await fs.syncDir(paths.packs)
  // Locks of all owners from before the restart: a released lock may have come back.
  const locked: LockName[] = ['HEAD', 'packed-refs', ...refLocks(contents), ...ownLocks(folder)]
  await breakLocks(contents, locked, async (holder) => (await locks.liveness(holder)) === 'rebooted')
  removeTemporaries(folder, ownersOf(adopted))
}

/**
 * One pack of all objects that the groups carry. An object that is damaged in spite of the record's checksum is left
 * out.
 */
async function packOf(groups: readonly Group[]): Promise<RecoveredPack | undefined> {
  const sources: PackSource[] = []
  const slice = new TimeSlice()
  for (const { pack } of groups) {
    const bytes = asBuffer(pack)
    const entries: PackSpan[] = []
    try {
      for (const { span } of bytes.length > 0 ? scanPack(bytes) : []) {
        entries.push(span)
        if (slice.isOver()) await slice.next()
      }
    } catch (error) {
      if (!(error instanceof BrokenStreamError)) throw error
      continue
    }
    if (entries.length > 0)
      sources.push({ entries, read: (position, length) => bytes.subarray(position, position + length) })
  }
  if (sources.length === 0) return undefined
  const pieces: Uint8Array[] = []
  const merged = await mergePacks(sources, (piece) => void pieces.push(piece))
  return merged && { ...merged, pack: Buffer.concat(pieces) }
}

type RecoveredPack = MergedPack & { pack: Buffer }

const ownersOf = (adopted: readonly Adopted[]): Set<string> => new Set(adopted.map(({ owner }) => owner))

const packNames = (groups: readonly Group[]): string[] =>
  groups.flatMap(({ entry }) => [entry.pack, entry.merged].filter((name) => typeof name === 'string'))

function valueOnDisk(refs: Refs, ref: RefName): OnDisk {
  const raw = refs.readRaw(ref)
  if (raw === undefined) return refs.packedValue(ref) ?? 'absent'
  const value = parseRefFile(raw.toString('latin1'))
  if (value === undefined) return 'broken'
  if ('id' in value) return value.id
  // A name that is cut off is another name.
  return raw.at(-1) === 0x0a ? value.symbolic : 'broken'
}

/** Removes locks on `names` whose owners' journals we adopted. No other process may remove them. */
async function breakLocks(
  { folder, refs }: Contents,
  names: readonly LockName[],
  isDead: (holder: Owner) => boolean | Promise<boolean>,
): Promise<void> {
  for (const name of new Set(names)) {
    const path = refs.path(name)
    const holder = folder.locks.holder(path)
    if (holder !== undefined && holder !== 'other' && (await isDead(holder)))
      folder.locks.breakOpen(path, holder)
  }
}

/** Every lock under `refs/`: after a power loss the announcements of locks may be lost. */
function refLocks({ folder: { fs, paths }, refs }: Contents): RefName[] {
  const found: RefName[] = []
  const walk = (folder: RefFolder): void => {
    refs.path(`${folder}x`)
    for (const [name, kind] of fs.readKinds(join(paths.root, folder))) {
      if (name.endsWith('.lock')) found.push(`${folder}${name.slice(0, -5)}`)
      else if (kind === 'folder') walk(`${folder}${name}/`)
    }
  }
  walk('refs/')
  return found
}

const ownLocks = ({ fs, paths }: StoreFolder): LockName[] =>
  fs
    .readDir(paths.own)
    .flatMap((name) => (name.endsWith('.lock') ? [`forkpoint/${name.slice(0, -5)}` as const] : []))

function removeTemporaries({ fs, paths }: StoreFolder, owners: ReadonlySet<string>): void {
  for (const name of fs.readDir(paths.temporaries)) {
    if (owners.has(name.slice(0, 16))) fs.unlink(join(paths.temporaries, name))
  }
}
