/**
 * Merging packs by copying: entries of packs without deltas stand on their own, so many small packs become one
 * without inflating anything. Source: gitformat-pack(5).
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { CorruptError } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { buildIndex, CHECKSUM_BYTES, type PackEntry, packHeader } from './pack-writer.ts'

/** An entry with the place where the next thing in the pack begins. */
export interface PackSpan extends PackEntry {
  end: number
}

export interface PackSource {
  /** By offset. */
  entries: readonly PackSpan[]
  read(position: number, length: number): Uint8Array | Promise<Uint8Array>
}

export interface MergedPack {
  /** 40 hex digits: the checksum of the pack. */
  name: string
  index: Buffer
  objects: number
}

const CHUNK = 1024 * 1024

/**
 * Writes one pack with every object of `sources` once, in pieces of about a megabyte. `undefined`, once it meets
 * an entry that is a delta: such a pack is left to git.
 */
export async function mergePacks(
  sources: readonly PackSource[],
  write: (piece: Uint8Array) => void | Promise<void>,
): Promise<MergedPack | undefined> {
  const kept = withoutRepeats(sources)
  const count = kept.reduce((sum, { entries }) => sum + entries.length, 0)
  const sha = createHash('sha1')
  const out = async (piece: Uint8Array): Promise<void> => {
    sha.update(piece)
    await write(piece)
  }
  await out(packHeader(count))
  let position = 12
  const merged: { id: ObjectId; offset: number; crc: number }[] = []
  for (const { source, entries } of kept) {
    for (const run of contiguousRuns(entries)) {
      const start = run[0]!.offset
      const bytes = await source.read(start, run.at(-1)!.end - start)
      for (const { id, offset, end, crc } of run) {
        if (isDelta(bytes[offset - start]!)) return undefined
        // What is deleted after the merge must not live on as something else.
        if (crc32(bytes.subarray(offset - start, end - start)) !== crc)
          throw new CorruptError(
            `The object ${id} is damaged in its pack. 'forkpoint verify' names the checkpoints it belongs to.`,
            { object: id },
          )
        merged.push({ id, offset: position + offset - start, crc })
      }
      await out(bytes)
      position += bytes.length
    }
  }
  const checksum = sha.digest()
  await write(checksum)
  return { name: checksum.toString('hex'), index: buildIndex(merged, checksum), objects: count }
}

/** The entries of a pack of `size` bytes, by offset, with their ends. */
export function spansOf(entries: Iterable<PackEntry>, size: number): PackSpan[] {
  const sorted = [...entries].sort((a, b) => a.offset - b.offset)
  return sorted.map((entry, n) => ({ ...entry, end: sorted[n + 1]?.offset ?? size - CHECKSUM_BYTES }))
}

function withoutRepeats(sources: readonly PackSource[]): { source: PackSource; entries: PackSpan[] }[] {
  const seen = new Set<ObjectId>()
  return sources.map((source) => ({
    source,
    entries: source.entries.filter(({ id }) => !seen.has(id) && seen.add(id)),
  }))
}

/** Neighbours in the pack, read and written in one piece of at most `CHUNK` bytes (or one entry). */
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

const isDelta = (firstByte: number): boolean => ((firstByte >> 4) & 7) >= 6
