/**
 * Receives objects from a server: writes them where git does not look, checks them completely, and then places them, so
 * that they are durable and safe from `gc` before a ref moves to them.
 */

import type { Buffer } from 'node:buffer'
import { CorruptError } from '../../errors.ts'
import type { ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { type OpenFile, writeAll } from '../disk/file-system.ts'
import { readPiece } from '../disk/read-fully.ts'
import { namedIn } from '../objects/named.ts'
import { EMPTY_TREE } from '../objects/object.ts'
import { BrokenPackError, checkReceived, type ReceivedPack } from '../packs/received.ts'
import { placePack } from '../placed-ahead.ts'
import type { Repository } from '../repository.ts'
import { shallowCommits } from '../upkeep/roots.ts'
import { cutHistory } from '../upkeep/shallow-history.ts'
import type { FetchAnswer } from './fetch-command.ts'
import type { Fetched, RemoteOptions } from './remote.ts'

/** The repository that receives, and what the caller wants to know. */
export interface Receiving {
  repository: Repository
  /** The address that errors name. */
  url: string
  options: RemoteOptions
}

/**
 * Takes the objects of an answer. The repository is prepared for writing. Throws CorruptError, StorageError, and what
 * reading the answer throws; then nothing was placed.
 */
export async function takeIncoming(
  receiving: Receiving,
  { pack, shallow, unshallow }: FetchAnswer,
  wants: readonly ObjectId[],
): Promise<Fetched> {
  const { repository } = receiving
  const { temporaries } = repository.folder
  const path = temporaries.path()
  const file = temporaries.open(path)
  let isOpen = true
  try {
    const size = await write(receiving, file, pack)
    const cut = new Set([...shallowCommits(repository.folder), ...shallow])
    const named = new Set<ObjectId>(wants)
    const checked = await check(receiving, { file, size }, named, cut)
    const missing = await missingIn(repository, named, checked?.ids)
    if (missing !== undefined)
      throw broken(receiving, `the object ${missing}, which others need, is not among them`)
    if (checked === undefined) {
      await cutHistory(repository, shallow, unshallow)
      return { release() {} }
    }
    await file.sync()
    isOpen = false
    file.close()
    const release = await placePack(repository, path, checked)
    try {
      await cutHistory(repository, shallow, unshallow)
    } catch (error) {
      release()
      throw error
    }
    return { release }
  } finally {
    if (isOpen) file.close()
    temporaries.discard(path)
  }
}

async function write({ options }: Receiving, file: OpenFile, pack: AsyncIterable<Buffer>): Promise<number> {
  let size = 0
  for await (const piece of pack) {
    await writeAll(file, piece, size)
    size += piece.length
    options.onProgress?.({ phase: 'receiving bytes', done: size })
  }
  return size
}

/** Checks a pack, and adds the ids that its objects name to `named`. Returns `undefined` for a pack without objects. */
async function check(
  receiving: Receiving,
  { file, size }: { file: OpenFile; size: number },
  named: Set<ObjectId>,
  cut: ReadonlySet<ObjectId>,
): Promise<ReceivedPack | undefined> {
  const { signal, onProgress } = receiving.options
  const read = async (position: number, length: number): Promise<Buffer> => {
    signal?.throwIfAborted()
    return readPiece(file, position, length)
  }
  try {
    const checked = await checkReceived(
      { size, read },
      {
        visit: (id, object) => {
          for (const next of namedIn(id, object, cut)) named.add(next.id)
        },
        onProgress: (done, total) => onProgress?.({ phase: 'checking objects', done, total }),
      },
    )
    return checked.ids.size === 0 ? undefined : checked
  } catch (error) {
    throw error instanceof BrokenPackError ? broken(receiving, error.message, error) : error
  }
}

/** Returns an object that is neither among the received ones nor in the repository. */
async function missingIn(
  { objects }: Repository,
  named: ReadonlySet<ObjectId>,
  received: ReadonlySet<ObjectId> = new Set(),
): Promise<ObjectId | undefined> {
  const slice = new TimeSlice()
  for (const id of named) {
    if (received.has(id) || id === EMPTY_TREE) continue
    if (!(await objects.has(id))) return id
    if (slice.isOver()) await slice.next()
  }
  return undefined
}

const broken = ({ url }: Receiving, what: string, cause?: unknown): CorruptError =>
  new CorruptError(
    `The objects that ${url} sent were not taken: ${what}. Fetch again; if that does not help, the server is damaged.`,
    {},
    { cause },
  )
