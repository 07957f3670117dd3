/**
 * Merges packs by copying: entries without deltas do not depend on others, so many small packs become one without
 * inflating anything. Source: gitformat-pack(5).
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { CorruptError } from '../../errors.ts'
import type { ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { deflateSmall, storedData } from '../objects/zlib-stream.ts'
import type { PackIndex } from './pack-index.ts'
import { buildIndexInSlices, CHECKSUM_BYTES, type PackSpan, packHeader } from './writer.ts'

export interface PackSource {
  /** By offset. */
  entries: readonly PackSpan[]
  /** Whether the bytes were made by this process and never left its memory: then they are not checked again. */
  isOwn?: true
  read(position: number, length: number): Uint8Array | Promise<Uint8Array>
}

export interface MergedPack {
  /** 40 hex digits: the checksum of the pack. */
  name: string
  index: Buffer
  objects: number
  /** By offset. */
  spans: readonly PackSpan[]
}

const CHUNK = 1024 * 1024

/**
 * Writes one pack with every object of `sources` once, in pieces of about a megabyte. `undefined`, once it meets
 * an entry that is a delta: such a pack is left to git.
 *
 * @param deflate compresses what a save had no time to compress; otherwise entries stay byte for byte as they are
 */
export async function mergePacks(
  sources: readonly PackSource[],
  write: (piece: Uint8Array) => void | Promise<void>,
  { deflate = false }: { deflate?: boolean } = {},
): Promise<MergedPack | undefined> {
  const slice = new TimeSlice(1)
  const kept = await withoutRepeats(sources, slice)
  const count = kept.reduce((sum, { entries }) => sum + entries.length, 0)
  const sha = createHash('sha1')
  const out = async (piece: Uint8Array): Promise<void> => {
    sha.update(piece)
    await write(piece)
  }
  await out(packHeader(count))
  let position = 12
  const merged: PackSpan[] = []
  for (const { source, entries } of kept) {
    for (const run of contiguousRuns(entries)) {
      const start = run[0]!.offset
      const bytes = await source.read(start, run.at(-1)!.end - start)
      for (const { id, offset, end, crc } of run) {
        if (isDelta(bytes[offset - start]!)) return undefined
        // The old packs are deleted later: a damaged entry must not get a new, valid checksum.
        if (source.isOwn === undefined && crc32(bytes.subarray(offset - start, end - start)) !== crc)
          throw new CorruptError(
            `The object ${id} is damaged in its pack. 'forkpoint verify' names the checkpoints it belongs to.`,
            { object: id },
          )
        if (!deflate) merged.push({ id, offset: position + offset - start, crc, end: position + end - start })
      }
      if (!deflate) {
        await out(bytes)
        position += bytes.length
        continue
      }
      const written: Uint8Array[] = []
      for (const { id, offset, end, crc } of run) {
        const entry = bytes.subarray(offset - start, end - start)
        const pieces = deflatedEntry(entry)
        const at = position
        for (const piece of pieces ?? [entry]) {
          written.push(piece)
          position += piece.length
        }
        merged.push({ id, offset: at, crc: pieces === undefined ? crc : crcOf(pieces), end: position })
        if (slice.isOver()) await slice.next()
      }
      await out(Buffer.concat(written))
    }
  }
  const checksum = sha.digest()
  await write(checksum)
  const index = await buildIndexInSlices(merged, checksum, slice)
  return { name: checksum.toString('hex'), index, objects: count, spans: merged }
}

/** The entries of a pack of `size` bytes, by offset, with their ends. Made in slices. */
export async function spansOf(
  index: Pick<PackIndex, 'count' | 'offset' | 'entry'>,
  size: number,
  slice = new TimeSlice(1),
): Promise<PackSpan[]> {
  // Numbers alone are sorted many times faster than objects.
  const offsets = new Float64Array(index.count)
  const numbers = new Map<number, number>()
  for (let n = 0; n < index.count; n++) {
    offsets[n] = index.offset(n)
    numbers.set(offsets[n]!, n)
    if (slice.isOver()) await slice.next()
  }
  offsets.sort()
  const spans: PackSpan[] = []
  for (const [n, at] of offsets.entries()) {
    const { id, offset, crc } = index.entry(numbers.get(at)!)
    spans.push({ id, offset, crc, end: offsets[n + 1] ?? size - CHECKSUM_BYTES })
    if (slice.isOver()) await slice.next()
  }
  return spans
}

async function withoutRepeats(
  sources: readonly PackSource[],
  slice: TimeSlice,
): Promise<{ source: PackSource; entries: readonly PackSpan[] }[]> {
  const seen = new Set<ObjectId>()
  const kept: { source: PackSource; entries: readonly PackSpan[] }[] = []
  for (const source of sources) {
    const entries: PackSpan[] = []
    for (const entry of source.entries) {
      if (slice.isOver()) await slice.next()
      if (!seen.has(entry.id)) entries.push(entry)
      seen.add(entry.id)
    }
    kept.push({ source, entries })
  }
  return kept
}

/** Neighbouring entries, read and written in one piece of at most `CHUNK` bytes (or one entry). */
function* contiguousRuns(entries: readonly PackSpan[]): Iterable<PackSpan[]> {
  let run: PackSpan[] = []
  for (const entry of entries) {
    const first = run[0]
    if (first !== undefined && (run.at(-1)!.end !== entry.offset || entry.end - first.offset > CHUNK)) {
      yield run
      run = []
    }
    run.push(entry)
  }
  if (run.length > 0) yield run
}

/**
 * Compresses an entry that a save has only stored; `undefined` if that makes it no shorter. Ids (trees) do not compress,
 * and entries shorter than `WORTH` hardly do.
 */
function deflatedEntry(entry: Uint8Array): [header: Uint8Array, stream: Uint8Array] | undefined {
  const stream = entry.findIndex((byte) => byte < 0x80) + 1
  const data = ((entry[0]! >> 4) & 7) === TREE ? undefined : storedData(entry.subarray(stream))
  if (data === undefined || data.length < WORTH) return undefined
  const deflated = deflateSmall(data, entry.length - stream)
  return deflated && [entry.subarray(0, stream), deflated]
}

const crcOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((crc, piece) => crc32(piece, crc), 0)

const TREE = 2
const WORTH = 512

const isDelta = (firstByte: number): boolean => ((firstByte >> 4) & 7) >= 6
