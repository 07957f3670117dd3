/**
 * Notes of settled moves, for owners whose journals have earlier moves of the same refs: a file
 * `forkpoint/journals/<owner>/<name>.settled` in each owner's folder. They keep a replay of that owner's journal from
 * bringing back an old value, although the journal with the later move is gone. The argument:
 * `docs/decisions/0012-order-of-moves.md`.
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
 * Writes durable notes, wherever they matter, that all moves of each ref up to a number are settled. To be called once
 * they are settled, and before the journal that has the last move forgets it. Throws StorageError.
 */
export async function tellOthers(store: StoreFolder, settled: Orders): Promise<void> {
  if (settled.size === 0) return
  for (let round = 0; round < ROUNDS; round++) {
    let isDone = true
    for (const name of otherFolders(store)) {
      const folder = join(store.paths.journals, name)
      await tell(store, folder, settled)
      // The folder was adopted meanwhile and has another name; we may have seen only half of it.
      isDone &&= store.fs.stat(folder) !== undefined
    }
    if (isDone) return
  }
  throw new StorageError(`The folders of '${store.paths.journals}' change too fast. Try again.`, {
    file: store.paths.journals,
  })
}

const ROUNDS = 100

/** For each ref the number up to which its moves are settled, from the notes in this folder. */
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

/** For each ref the number of the last move in the journals of all owners but ourselves and `except`. */
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

/** Folders of adopted and settled owners too, because their renames may not be on the disk yet. */
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
    // A journal that also has the last move has both in order.
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
  // A note that another process wrote may not be on the disk yet.
  if (news.size > 0 || isKnown) await fs.syncDir(folder)
}

/**
 * For each ref the numbers of all moves in a folder's journals, with those that may come back after a power loss. A
 * restarted journal proves nothing until its restart is on the disk; its owner then writes the first record.
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
