/** What a turn brought, as pages are made of it: messages, and runs with what happened in them. */
import { decodeItem, parseItemName, parseItemPath } from '../codec/index.ts'
import type { ObjectId } from '../ids.ts'
import { isJsonObject } from '../json-value.ts'
import { TimeSlice } from '../time-slice.ts'
import { type BlobIds, blobsOfLog, type Files, type TreeReader } from './trees/files.ts'

/** How pages are made of items. */
export interface PageRules {
  /** Whether the items of a collection are messages that people read. */
  isRead(collection: string): boolean
  /** The collection of the runs that a page of these messages tells of as well. */
  runsOf(collection: string): string | undefined
  /** Whether the log of a run, given without it, may have words that are in no message. */
  mayHaveWords(run: unknown): boolean
  /** The page, piece by piece. */
  page(turn: TurnItems): Iterable<string>
}

/** An item that is new or another in a turn. */
export interface TurnItem {
  index: number
  item: unknown
  /** The one at its place in the turn before; `undefined`: there was none. */
  before: unknown
  files: Files
}

/** A run that is new or another in a turn. */
export interface TurnRun {
  /** Without its log. */
  run: unknown
  /** What is new in its log, where that may have words. */
  events: readonly unknown[]
  files: Files
}

export interface TurnItems {
  items: Iterable<TurnItem>
  /** Numbers of items that are gone. */
  removed: readonly number[]
  runs: readonly TurnRun[]
}

/** Reads trees and files, stored or about to be. */
export interface TurnReader extends TreeReader {
  readBlobs(blobs: BlobIds): Promise<Files>
}

/** The files of an item, and what they hold where that is known. */
export interface KnownFiles {
  files: Files
  known?: unknown
}

/** An item as its files; `before` where there was one. */
export interface ItemFiles extends KnownFiles {
  index: number
  before?: Files
}

/** The page of a turn, as bytes, made in slices. */
export async function pageOf(
  items: readonly ItemFiles[],
  removed: readonly number[],
  runs: readonly TurnRun[],
  rules: PageRules,
): Promise<Buffer> {
  const slice = new TimeSlice()
  let text = ''
  for (const piece of rules.page({ items: decoded(items), removed, runs })) {
    if (text.length > LONGEST) {
      text += '\n… and more, each in its file.\n'
      break
    }
    text += piece
    if (slice.isOver()) await slice.next()
  }
  return Buffer.from(text)
}

/** Runs that differ between two trees, by the paths that do. */
export async function runsAmong(
  paths: Iterable<string>,
  read: TurnReader,
  trees: { before: ObjectId | undefined; after: ObjectId },
  collection: string,
  rules: PageRules,
): Promise<TurnRun[]> {
  const runs: TurnRun[] = []
  for (const index of [...runIndexes(paths, collection)].sort((a, b) => a - b)) {
    const blobs = await blobsOfLog(read, trees.after, collection, index)
    const files = await read.readBlobs(withoutLog(blobs))
    if (files.size === 0) continue
    const run = decodeItem(files)
    if (!rules.mayHaveWords(run)) runs.push({ run, events: [], files })
    else {
      const all = await read.readBlobs(blobs)
      const old = await read.readBlobs(await blobsOfLog(read, trees.before, collection, index))
      const known = old.size === 0 ? 0 : logOf(decodeItem(old), decodeItem(withoutLog(old))).length
      runs.push({ run, events: logOf(decodeItem(all), run).slice(known), files: all })
    }
  }
  return runs
}

/** A run that is new, of all its files. */
export function newRun({ files, known }: KnownFiles, rules: PageRules): TurnRun {
  const run = known ?? decodeItem(withoutLog(files))
  return {
    run,
    events: rules.mayHaveWords(run) ? logOf(decodeItem(files), decodeItem(withoutLog(files))) : [],
    files,
  }
}

/** The number of the item that is a folder, and that a file belongs to. */
export function runIndex(path: string): number | undefined {
  const place = parseItemPath(path)
  return place === undefined || place.inside.length === 0 ? undefined : parseItemName(place.entry)
}

/** Characters; a page that has more ends with the item at hand. */
const LONGEST = 16 * 1024 * 1024

function* decoded(items: readonly ItemFiles[]): Generator<TurnItem> {
  for (const { index, files, known, before } of items) {
    yield {
      index,
      item: known ?? decodeItem(files),
      before: before === undefined ? undefined : decodeItem(before),
      files,
    }
  }
}

function runIndexes(paths: Iterable<string>, collection: string): Set<number> {
  const found = new Set<number>()
  for (const path of paths) {
    const index = path.startsWith(`${collection}/`) ? runIndex(path) : undefined
    if (index !== undefined) found.add(index)
  }
  return found
}

/** The files of an item that is a folder, without those in its log's. */
function withoutLog<T>(files: ReadonlyMap<string, T>): Map<string, T> {
  if (files.size === 1) return new Map(files)
  const depth = Math.min(...[...files.keys()].map((path) => path.split('/').length))
  return new Map([...files].filter(([path]) => path.split('/').length === depth))
}

/** What the item has more than its own file says: its log. */
function logOf(item: unknown, alone: unknown): readonly unknown[] {
  if (!isJsonObject(item) || !isJsonObject(alone)) return []
  const log = Object.entries(item).find(([key, value]) => Array.isArray(value) && !Object.hasOwn(alone, key))
  return log === undefined ? [] : (log[1] as readonly unknown[])
}
