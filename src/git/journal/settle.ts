/**
 * Settling syncs what a chapter of the journal covers in its place, so that the journal is no longer needed. The
 * chapter's small packs are merged into one; that pack, its index, the refs and their folders are synced. Processes
 * whose journals have earlier moves of these refs are told.
 */

import { dirname, join } from 'node:path'
import type { RefName } from '../../ids.ts'
import { packNew } from '../refs/packing.ts'
import type { Contents } from './contents.ts'
import type { Orders } from './replay.ts'
import { tellOthers } from './settled-notes.ts'

export interface Settled {
  /** Packs to sync. */
  packs: readonly string[]
  /** Packs whose objects are in those packs too. */
  replaced?: readonly string[]
  /** Refs, each with the number of its last move. */
  refs: Orders
  /** From this many new refs on, they are packed. Default: never. */
  packFrom?: number
}

/** Throws StorageError; then nothing is lost, and settling can be repeated. */
export async function settle(
  contents: Contents,
  { packs, replaced = [], refs, packFrom = Number.POSITIVE_INFINITY }: Settled,
): Promise<void> {
  if (packs.length > 0) await settlePacks(contents, packs, replaced)
  const names = [...refs.keys()]
  const { left, folders } = await packNew(contents.refs, contents.folder, names, packFrom)
  await settleRefs(contents, left, folders)
  await tellOthers(contents.folder, refs)
}

async function settlePacks(
  { placement, merger }: Contents,
  packs: readonly string[],
  replaced: readonly string[],
): Promise<void> {
  const there = packs.filter((pack) => placement.has(pack))
  const left = replaced.filter((pack) => placement.has(pack))
  if (there.length > 1 && (await merger.merge(there, left)) !== undefined) return
  // A pack that vanished was repacked by git. Git syncs the new pack's content, but not its name.
  const [only] = there.length === 1 && packs.length === 1 ? there : []
  for (const pack of only === undefined ? [...there, ...left] : [only]) {
    try {
      await placement.sync(pack)
    } catch (error) {
      // The kernel may have dropped the pages, and a second sync would not report it: so the file is written again and
      // checked.
      if ((await merger.merge([pack])) === undefined) throw error
    }
  }
  await merger.sync()
  if (only !== undefined) await merger.retireDurably(left, only)
}

async function settleRefs(
  contents: Contents,
  names: readonly RefName[],
  others: readonly string[],
): Promise<void> {
  const { refs } = contents
  const { fs, paths } = contents.folder
  const folders = new Set<string>(others)
  let packed = false
  await together(names, async (name) => {
    const path = refs.path(name)
    try {
      await fs.syncFile(path)
    } catch (error) {
      if (!(await rewrite(contents, name))) throw error
    }
    // The ref was removed, or git has just packed it.
    packed ||= fs.stat(path) === undefined
    // A new folder's name is synced with the folder above it; the topmost folders are as old as the store.
    for (let folder = dirname(name); ; folder = dirname(folder)) {
      folders.add(folder)
      if (!folder.includes('/')) break
    }
  })
  if (packed) {
    await fs.syncFile(refs.packedPath)
    folders.add('.')
  }
  await together([...folders], (folder) => fs.syncDir(join(paths.root, folder)))
}

/** Waits for all, also when one fails. Several syncs at the same time finish sooner than one after another. */
async function together<T>(items: readonly T[], sync: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values()
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (const item of rest) await sync(item)
  })
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected')
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
}

const AT_ONCE = 16

/**
 * Writes the ref to a new file after a failed sync. Returns whether that was possible; if the ref is locked, the holder
 * of the lock writes it.
 */
async function rewrite({ refs, folder }: Contents, name: RefName): Promise<boolean> {
  const { fs, locks } = folder
  const path = refs.path(name)
  if (!locks.take(path)) return false
  try {
    const value = refs.readValue(name)
    if (value !== undefined) refs.write(name, value)
    await fs.syncFile(path)
    return true
  } finally {
    locks.release(path)
  }
}
