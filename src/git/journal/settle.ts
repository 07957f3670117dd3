/**
 * Settling: what a chapter of the journal covers is synced where it is, so that the journal is not needed any
 * more. The chapter's small packs become one; that one, its index, the refs and their folders are synced. Whoever else
 * has earlier moves of these refs in a journal is told.
 */

import { dirname, join } from 'node:path'
import type { RefName } from '../../ids.ts'
import type { Contents } from './contents.ts'
import type { Orders } from './replay.ts'
import { tellOthers } from './settled-notes.ts'

export interface Settled {
  /** Packs to sync. */
  packs: readonly string[]
  /** Packs that those hold already. */
  replaced?: readonly string[]
  /** With the number of the last move of each. */
  refs: Orders
}

/** Throws StorageError; then nothing is lost, and settling again is safe. */
export async function settle(contents: Contents, { packs, replaced = [], refs }: Settled): Promise<void> {
  if (packs.length > 0) await settlePacks(contents, packs, replaced)
  await settleRefs(contents, [...refs.keys()])
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
  // One that vanished was repacked by git, which syncs what it writes, but not its name.
  const [only] = there.length === 1 && packs.length === 1 ? there : []
  for (const pack of only === undefined ? [...there, ...left] : [only]) {
    try {
      await placement.sync(pack)
    } catch (error) {
      // What the kernel did with the pages is unknown, and a second sync would not tell: written anew, and checked.
      if ((await merger.merge([pack])) === undefined) throw error
    }
  }
  await merger.sync()
  if (only !== undefined) await merger.retireDurably(left, only)
}

async function settleRefs(contents: Contents, names: readonly RefName[]): Promise<void> {
  const { refs } = contents
  const { fs, paths } = contents.folder
  const folders = new Set<string>()
  let packed = false
  await together(names, async (name) => {
    const path = refs.path(name)
    try {
      await fs.syncFile(path)
    } catch (error) {
      if (!(await rewrite(contents, name))) throw error
    }
    // Removed, or git packed it a moment ago.
    packed ||= fs.stat(path) === undefined
    // A new folder is durable with the folder above it; the topmost ones are as old as the store.
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

/** Waits for all, also when one fails: several syncs under way at once are done sooner than one after another. */
async function together<T>(items: readonly T[], sync: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values()
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (const item of rest) await sync(item)
  })
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected')
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
}

const AT_ONCE = 16

/** After a sync that failed: the ref in a new file. Whether it could be done; who holds the lock writes it himself. */
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
