/**
 * What is settled, told to those whose journals have earlier moves of the same refs: a file
 * `forkpoint/journals/<owner>/<name>.settled` in the folder of each. Replaying their journal, nobody brings back what was moved on
 * since, although the journal that said so is gone. The argument: `docs/decisions/0012-order-of-moves.md`.
 */

import { basename, join } from 'node:path'
import { StorageError } from '../../errors.ts'
import { isRefName, type RefName } from '../../ids.ts'
import type { FileSystem } from '../disk/file-system.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import { isOrder } from './entry.ts'
import { parseJournal } from './journal.ts'
import { groupsOf, movesOf, type Orders } from './replay.ts'

/**
 * Makes it durable, wherever it matters, that all moves of each ref up to a number are settled. To be called when they are
 * and before the journal that has the last of them forgets it. Throws StorageError.
 */
export async function tellOthers(store: StoreFolder, settled: Orders): Promise<void> {
  if (settled.size === 0) return
  for (let round = 0; round < ROUNDS; round++) {
    let isDone = true
    for (const name of otherFolders(store)) {
      const folder = join(store.paths.journals, name)
      await tell(store, folder, settled)
      // Adopted meanwhile, it has another name; what we saw of it may have been the half of it.
      isDone &&= store.fs.stat(folder) !== undefined
    }
    if (isDone) return
  }
  throw new StorageError(`The folders of '${store.paths.journals}' change too fast. Try again.`, {
    file: store.paths.journals,
  })
}

const ROUNDS = 100

/** Of each ref the number up to which its moves are settled, as far as the owner of this folder was told. */
export function toldIn(fs: FileSystem, folder: string): Map<RefName, number> {
  const told = new Map<RefName, number>()
  for (const name of noteNames(fs, folder)) {
    const file = join(folder, name)
    for (const [ref, order] of parseNote(fs.stat(file)?.kind === 'file' ? fs.readFile(file) : undefined))
      told.set(ref, Math.max(order, told.get(ref) ?? 0))
  }
  return told
}

export const noteNames = (fs: FileSystem, folder: string): string[] =>
  fs.readDir(folder).filter((name) => name.endsWith(ENDING))

/** The number of the last move of each ref in the journals of everybody but ourselves, and `except`. */
export async function lastMoves(store: StoreFolder, except?: string): Promise<Map<RefName, number>> {
  const last = new Map<RefName, number>()
  for (const name of otherFolders(store)) {
    if (name === except) continue
    for (const [ref, orders] of await movesIn(store.fs, join(store.paths.journals, name)))
      last.set(ref, Math.max(...orders, last.get(ref) ?? 0))
  }
  return last
}

const ENDING = '.settled'
const FOLDER = /^([0-9a-f]{16})(?:\.(?:by-[0-9a-f]{16}|done))?$/

/** Those of adopted and of settled owners too: that they were renamed may not have reached the disk. */
function otherFolders({ fs, paths, locks }: StoreFolder): string[] {
  return fs.readDir(paths.journals).filter((name) => {
    const owner = FOLDER.exec(name)?.[1]
    return owner !== undefined && owner !== locks.owner.id
  })
}

async function tell({ fs, temporaries }: StoreFolder, folder: string, settled: Orders): Promise<void> {
  const told = toldIn(fs, folder)
  const news = new Map<RefName, number>()
  let isKnown = false
  for (const [ref, orders] of await movesIn(fs, folder)) {
    const order = settled.get(ref)
    // A journal that has the last move as well has both in order.
    if (order === undefined || orders.has(order)) continue
    const earlier = [...orders].filter((one) => one < order)
    if (earlier.some((one) => one > (told.get(ref) ?? 0))) news.set(ref, order)
    else isKnown ||= earlier.length > 0
  }
  if (news.size > 0) {
    const temporary = temporaries.write(Buffer.from(`${JSON.stringify(Object.fromEntries(news))}\n`))
    try {
      await fs.syncFile(temporary)
      fs.rename(temporary, join(folder, `${basename(temporary)}${ENDING}`))
    } finally {
      temporaries.discard(temporary)
    }
  }
  // What somebody else has told may not be on the disk yet.
  if (news.size > 0 || isKnown) await fs.syncDir(folder)
}

/**
 * The numbers of all moves of each ref that the journals in a folder have, or may have again after a power loss. One that
 * was begun anew says nothing until that is on the disk; its owner then puts the first record there.
 */
async function movesIn(fs: FileSystem, folder: string): Promise<Map<RefName, Set<number>>> {
  const found = new Map<RefName, Set<number>>()
  for (const name of fs.readDir(folder)) {
    if (!/\.(?:journal|gone)$/.test(name)) continue
    const file = join(folder, name)
    let records = recordsIn(fs, file)
    if (records.length === 0) {
      await fs.syncFile(file)
      records = recordsIn(fs, file)
    }
    for (const group of groupsOf(records)) {
      for (const { ref } of movesOf(group)) {
        const orders = found.get(ref) ?? new Set()
        found.set(ref, orders.add(group.entry.order))
      }
    }
  }
  return found
}

function recordsIn(fs: FileSystem, file: string) {
  const content = fs.stat(file)?.kind === 'file' ? fs.readFile(file) : undefined
  return (content && parseJournal(content)?.records) ?? []
}

function parseNote(content: Buffer | undefined): (readonly [RefName, number])[] {
  try {
    const note = JSON.parse(content?.toString('utf8') ?? '{}') as Record<string, number>
    return Object.entries(note).flatMap(([ref, order]) =>
      isRefName(ref) && isOrder(order) ? [[ref, order] as const] : [],
    )
  } catch {
    return []
  }
}
