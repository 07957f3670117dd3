/**
 * Keeps copies of the decoded items of full folders. Finding, checking and decoding a thousand small files takes ten
 * times as long as parsing one text. A full folder hardly ever changes, so later checkpoints and forks share its tree
 * and its copy.
 */
import { type KeptCopies, MOST_COPY } from '../../git/database/kept-copies.ts'
import type { ObjectId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import type { TimeSlice } from '../../time-slice.ts'

const KIND = 'items 1'
/** About the length of a line, which is parsed at once. */
const LINE_BYTES = 128 << 10

/** Reads the items of the folder with this tree; `undefined` if there is no copy. */
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

/**
 * Encodes a copy of the items of the folder with this tree; returns a function that keeps it, which may be called when
 * the items have changed. `undefined` if there can be no copy. `mark`: see `Copies.write`.
 */
export async function copyOf(
  copies: KeptCopies,
  tree: ObjectId,
  items: readonly unknown[],
  mark: string,
  slice: TimeSlice,
): Promise<(() => void) | undefined> {
  const lines: Buffer[] = []
  let bytes = 0
  for (let from = 0; from < items.length; ) {
    const line = lineOf(items, from)
    if (line === undefined) return undefined
    bytes += line.bytes.length
    if (bytes > MOST_COPY) return undefined
    lines.push(line.bytes)
    from = line.end
    if (slice.isOver()) await slice.next()
  }
  return () => copies.write(KIND, tree, Buffer.concat(lines), mark)
}

/** Encodes some items, from number `from`, as a line with a JSON array; `undefined` if JSON would change a value. */
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

/** Returns whether a value is the same after writing and reading it as JSON. `-0`, infinite numbers and NaN are not. */
function comesBack(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(comesBack)
  for (const key of Object.keys(value)) if (!comesBack((value as JsonObject)[key])) return false
  return true
}
