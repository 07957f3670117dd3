/**
 * Copies of the items of full folders, as one reads them: a thousand small files are found, checked and decoded ten times
 * slower than they are read from one text. A folder that has all its items hardly ever changes, so later checkpoints and
 * forks share its tree, and its copy.
 */
import { type KeptCopies, MOST_COPY } from '../../git/database/kept-copies.ts'
import type { ObjectId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import type { TimeSlice } from '../../time-slice.ts'

const KIND = 'items 1'
/** Of a line: so much is parsed at once. */
const LINE_BYTES = 128 << 10

/** The items of the folder that this tree is; `undefined` when there is no copy of it. */
export async function readItems(
  copies: KeptCopies,
  tree: ObjectId,
  slice: TimeSlice,
): Promise<unknown[] | undefined> {
  const text = copies.read(KIND, tree)
  if (text === undefined) return undefined
  const items: unknown[] = []
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf(10, at)
    for (const item of JSON.parse(text.toString('utf8', at, end))) items.push(item)
    at = end + 1
    if (slice.isOver()) await slice.next()
  }
  return items
}

/** Keeps a copy of the items of the folder that a tree is. `mark`: see `Copies.write`. */
export async function keepItems(
  copies: KeptCopies,
  tree: ObjectId,
  items: readonly unknown[],
  mark: string,
  slice: TimeSlice,
): Promise<void> {
  const lines: Buffer[] = []
  let bytes = 0
  for (let from = 0; from < items.length; ) {
    const line = lineOf(items, from)
    if (line === undefined) return
    bytes += line.bytes.length
    if (bytes > MOST_COPY) return
    lines.push(line.bytes)
    from = line.end
    if (slice.isOver()) await slice.next()
  }
  copies.write(KIND, tree, Buffer.concat(lines), mark)
}

/** Some items from `from` on, as an array; `undefined` for what JSON does not give back as it is. */
function lineOf(items: readonly unknown[], from: number): { bytes: Buffer; end: number } | undefined {
  const texts: string[] = []
  let end = from
  for (let length = 0; end < items.length && length < LINE_BYTES; end++) {
    if (!comesBack(items[end])) return undefined
    const text = JSON.stringify(items[end])
    texts.push(text)
    length += text.length
  }
  return { bytes: Buffer.from(`[${texts.join(',')}]\n`), end }
}

/** Whether a value that was read from JSON is the same after it was written as JSON: all but `-0` and what is no number is. */
function comesBack(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(comesBack)
  for (const key of Object.keys(value)) if (!comesBack((value as JsonObject)[key])) return false
  return true
}
