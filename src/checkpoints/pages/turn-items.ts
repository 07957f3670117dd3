/** Collects what a turn changed, for its pages: messages, and runs with their events. */
import { decodeItem, parseItemName, parseItemPath } from '../../codec/index.ts'
import type { ObjectId } from '../../ids.ts'
import { isJsonObject } from '../../json-value.ts'
import { TimeSlice } from '../../time-slice.ts'
import { type BlobIds, blobsOfLog, type Files, type TreeReader } from '../trees/files.ts'

/** How pages are made of items. */
export interface PageRules {
  /** Whether the items of a collection are messages for people to read. */
  isRead(collection: string): boolean
  /** The collection of runs that a page of these messages also shows. */
  runsOf(collection: string): string | undefined
  /** Whether the log of a run may contain text that is in no message. The run is given without its log. */
  mayHaveWords(run: unknown): boolean
  /** Yields the text of the page in pieces, and decodes an item only when its turn comes. */
  page(turn: TurnItems): Iterable<string>
}

/** A run that a turn added or changed. */
export interface TurnRun {
  /** The run without its log. */
  run: unknown
  /** New events of its log; empty if the log cannot contain text that is in no message. */
  events: readonly unknown[]
  files: Files
}

export interface TurnItems {
  items: readonly ItemFiles[]
  /** Numbers of items that the turn removed. */
  removed: readonly number[]
  runs: readonly TurnRun[]
}

/** Reads trees and files, stored ones and those of an unfinished write. */
export interface TurnReader extends TreeReader {
  readBlobs(blobs: BlobIds): Promise<Files>
}

/** The files of an item, and its decoded value if known. */
export interface KnownFiles {
  files: Files
  known?: unknown
}

/** An item that a turn added or changed; `before`: its files after the turn before, if it existed. */
export interface ItemFiles extends KnownFiles {
  index: number
  before?: Files
}

/** Makes the page of a turn, in time slices. */
export async function pageOf(turn: TurnItems, rules: PageRules): Promise<Buffer> {
  const slice = new TimeSlice()
  let text = ''
  for (const piece of rules.page(turn)) {
    text += piece
    if (slice.isOver()) await slice.next()
  }
  return Buffer.from(text)
}

/** Returns the runs that differ between two trees, found by the paths that differ. */
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

/** Returns a new run, from all its files. */
export function newRun({ files, known }: KnownFiles, rules: PageRules): TurnRun {
  const alone = decodeItem(withoutLog(files))
  const run = known ?? alone
  return { run, events: rules.mayHaveWords(run) ? logOf(known ?? decodeItem(files), alone) : [], files }
}

/** Returns a function that tells whether pages show a collection. */
export const isToldBy =
  (rules: PageRules) =>
  (collection: string): boolean =>
    rules.isRead(collection) || collection === rules.runsOf('messages')

/** Returns the number of the item to which a file belongs; `undefined` for files of items that are folders. */
export function itemIndex(path: string): number | undefined {
  const place = parseItemPath(path)
  // An item that is a folder has a log, so it is not a message.
  return place === undefined || place.inside.length > 0 ? undefined : parseItemName(place.entry)
}

/** Returns the number of the item to which a file belongs, if the item is a folder. */
export function runIndex(path: string): number | undefined {
  const place = parseItemPath(path)
  return place === undefined || place.inside.length === 0 ? undefined : parseItemName(place.entry)
}

function runIndexes(paths: Iterable<string>, collection: string): Set<number> {
  const found = new Set<number>()
  for (const path of paths) {
    const index = path.startsWith(`${collection}/`) ? runIndex(path) : undefined
    if (index !== undefined) found.add(index)
  }
  return found
}

/** Returns the files of an item that is a folder, without those of its log. */
function withoutLog<T>(files: ReadonlyMap<string, T>): Map<string, T> {
  if (files.size === 1) return new Map(files)
  const depth = Math.min(...[...files.keys()].map((path) => path.split('/').length))
  return new Map([...files].filter(([path]) => path.split('/').length === depth))
}

/** Returns the log of an item: the field that its own file lacks. */
function logOf(item: unknown, alone: unknown): readonly unknown[] {
  if (!isJsonObject(item) || !isJsonObject(alone)) return []
  const log = Object.entries(item).find(([key, value]) => Array.isArray(value) && !Object.hasOwn(alone, key))
  return log === undefined ? [] : (log[1] as readonly unknown[])
}
