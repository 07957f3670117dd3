/**
 * Recovery: what processes that are gone left in their journals is finished, then synced, then their journals,
 * locks and temporaries are removed. Safe to be interrupted anywhere and begun again.
 */
import { join } from 'node:path'
import type { ObjectId } from '../ids.ts'
import {
  type AdoptionParts,
  adopt,
  anythingToAdopt,
  type Estate,
  removeEstate,
  type Scope,
} from './adoption.ts'
import { isAncestor } from './history.ts'
import type { Locks } from './lock.ts'
import type { NewObject } from './object.ts'
import type { ObjectStore } from './object-store.ts'
import { scanPack } from './pack-scan.ts'
import { type BuiltPack, buildPackAsync } from './pack-writer.ts'
import type { Placement } from './placement.ts'
import { removeRefs } from './ref-removal.ts'
import { parseRefFile, type Refs } from './refs.ts'
import {
  belongsAtEnd,
  type Found,
  type Group,
  groupsOf,
  history,
  lastSymbolic,
  movesByRef,
  unfinished,
} from './replay.ts'
import { type SettleParts, settle } from './settle.ts'

export interface RecoveryParts extends AdoptionParts, SettleParts {
  refs: Refs
  locks: Locks
  placement: Placement
  objects: ObjectStore
}

/** Recovers everything in scope; does nothing, quickly, when there is nothing. Throws LockedError, StorageError. */
export async function recover(parts: RecoveryParts, scope: Scope): Promise<void> {
  if (!anythingToAdopt(parts, scope)) return
  const estates = await adopt(parts, scope)
  const rebooted = estates.filter(({ life }) => life === 'rebooted')
  const dead = estates.filter(({ life }) => life === 'dead')
  if (rebooted.length > 0) await recoverFromPowerLoss(parts, rebooted)
  for (const estate of dead) await recoverFromKill(parts, estate)
  parts.objects.refresh()
}

/** The kernel lives on, and with it every write: only a group that was not finished needs attention. */
async function recoverFromKill(parts: RecoveryParts, estate: Estate): Promise<void> {
  const { locks, refs, placement } = parts
  const groups = groupsOf(estate.records)
  const announced = estate.records.flatMap(({ entry }) => (entry.kind === 'locks' ? entry.refs : []))
  breakLocks(parts, [...announced, 'packed-refs', ...ownLocks(parts)], new Set([estate.owner]))
  for (const group of unfinished(estate.records)) {
    const pack = await packOf([group])
    if (pack !== undefined) {
      placement.keep(pack.name)
      await placement.place(pack.name, pack.pack, pack.index)
      parts.objects.addPack(pack.name, pack.index)
    }
    for (const { ref, from, to } of group.entry.moves) {
      const path = refs.path(ref)
      if (!locks.take(path)) continue // Somebody moves it now, and may: the save was never acknowledged.
      try {
        if ((currentId(refs, ref) ?? null) !== from) continue
        if (to !== null) refs.write(ref, { id: to })
        else await removeRefs(parts, [ref])
      } finally {
        locks.release(path)
      }
    }
    for (const { ref, to } of group.entry.symbolic) {
      if (to !== null) refs.write(ref, { symbolic: to })
      else refs.removeLoose([ref])
    }
  }
  const packs = packNames(groups)
  for (const pack of packs) {
    if (placement.has(pack)) placement.unkeep(pack)
    else placement.remove(pack)
  }
  await settle(parts, packs, groups.flatMap(refNames))
  removeTemporaries(parts, new Set([estate.owner]))
  removeEstate(parts, estate)
}

/** Nothing on the disk is trusted that the journals cover. */
async function recoverFromPowerLoss(parts: RecoveryParts, estates: readonly Estate[]): Promise<void> {
  const { fs, paths, refs, placement, objects } = parts
  const owners = new Set(estates.map(({ owner }) => owner))
  const journals = estates.map(({ records }) => groupsOf(records))
  const groups = journals.flat()
  breakLocks(parts, [...allLocks(parts), 'packed-refs', ...ownLocks(parts)], owners)

  // The objects first, as one pack, synced.
  const pack = await packOf(groups)
  if (pack !== undefined) {
    for (const name of [pack.name, ...packNames(groups)]) placement.remove(name)
    placement.keep(pack.name)
    await placement.place(pack.name, pack.pack, pack.index)
    await fs.syncFile(placement.file(pack.name, 'pack'))
    await fs.syncFile(placement.file(pack.name, 'idx'))
    await fs.syncDir(paths.packs)
  }
  objects.refresh()

  // Then the refs, each to the end of what the journals say of it.
  const written: string[] = []
  const ancestor = (a: ObjectId, b: ObjectId) => isAncestor(objects, a, b).catch(() => false)
  for (const [ref, lists] of movesByRef(journals)) {
    const moves = history(lists)
    const end = moves.at(-1)!.to
    if (!(await belongsAtEnd(moves, onDisk(refs, ref), ancestor))) continue
    if (end === null) await removeRefs(parts, [ref])
    else if (await objects.has(end)) refs.write(ref, { id: end })
    written.push(ref)
  }
  for (const { ref, to } of lastSymbolic(journals)) {
    if (to === null) refs.removeLoose([ref])
    else refs.write(ref, { symbolic: to })
    written.push(ref)
  }
  await settle(parts, [], [...written, ...groups.flatMap(refNames)])
  if (pack !== undefined) placement.unkeep(pack.name)
  removeTemporaries(parts, owners)
  for (const estate of estates) removeEstate(parts, estate)
  await fs.syncDir(paths.journals)
}

/** One pack of all objects that the groups carry. */
async function packOf(groups: readonly Group[]): Promise<BuiltPack | undefined> {
  const objects: NewObject[] = []
  for (const { pack } of groups) {
    if (pack.length > 0) objects.push(...(scanPack(Buffer.from(pack)) ?? []))
  }
  return objects.length === 0 ? undefined : buildPackAsync(objects)
}

const packNames = (groups: readonly Group[]): string[] =>
  groups.flatMap(({ entry }) => [entry.pack, entry.merged].filter((name) => typeof name === 'string'))

const refNames = ({ entry }: Group): string[] => [...entry.moves, ...entry.symbolic].map(({ ref }) => ref)

function currentId(refs: Refs, ref: string): ObjectId | undefined {
  const value = refs.readValue(ref)
  return value !== undefined && 'id' in value ? value.id : undefined
}

function onDisk(refs: Refs, ref: string): Found {
  const raw = refs.readRaw(ref)
  const value = raw && parseRefFile(raw.toString('latin1'))
  if (raw !== undefined && value === undefined) return 'broken'
  return (value !== undefined && 'id' in value ? value.id : refs.packedValue(ref)) ?? 'absent'
}

/** Removes locks on `names` that belong to `owners`, which nobody else may: we adopted them. */
function breakLocks(
  { locks, refs }: RecoveryParts,
  names: readonly string[],
  owners: ReadonlySet<string>,
): void {
  for (const name of new Set(names)) {
    const path = refs.path(name)
    const holder = locks.holder(path)
    if (holder !== undefined && holder !== 'other' && owners.has(holder.id)) locks.release(path)
  }
}

/** Every lock under `refs/`: after a power loss what was announced may be lost. */
function allLocks({ fs, paths, refs }: RecoveryParts): string[] {
  const found: string[] = []
  const walk = (folder: string): void => {
    refs.path(`${folder}/x`)
    for (const name of fs.readDir(join(paths.root, folder))) {
      if (name.endsWith('.lock')) found.push(`${folder}/${name.slice(0, -5)}`)
      else if (fs.stat(join(paths.root, folder, name))?.kind === 'folder') walk(`${folder}/${name}`)
    }
  }
  walk('refs')
  return found
}

const ownLocks = ({ fs, paths }: RecoveryParts): string[] =>
  fs.readDir(paths.own).flatMap((name) => (name.endsWith('.lock') ? [`forkpoint/${name.slice(0, -5)}`] : []))

function removeTemporaries({ fs, paths }: RecoveryParts, owners: ReadonlySet<string>): void {
  for (const name of fs.readDir(paths.temporaries)) {
    if (owners.has(name.slice(0, 16))) fs.unlink(join(paths.temporaries, name))
  }
}
