/**
 * Writes packs and their indexes (gitformat-pack(5): pack version 2, index version 2). Makes no deltas; `git repack`
 * makes them later.
 */
import { createHash, hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ObjectId } from '../../ids.ts'
import { atOnce, inSlices, TimeSlice } from '../../time-slice.ts'
import { BIG_OBJECT, type NewObject, type ObjectType } from '../objects/object.ts'
import {
  deflate,
  deflateAside,
  deflateSmallAside,
  storedLength,
  writeStored,
} from '../objects/zlib-stream.ts'

export interface BuiltPack {
  /** The pack's checksum, 40 hex digits: the files are `pack-<name>.pack` and `pack-<name>.idx`. */
  name: string
  pack: Buffer
  /** By offset. */
  readonly spans: readonly PackSpan[]
  /** Computed on first use. */
  readonly index: Buffer
}

/** What an index says about one object. */
export interface PackEntry {
  id: ObjectId
  /** Where its entry starts in the pack. */
  offset: number
  /** CRC-32 of the entry's bytes in the pack. */
  crc: number
}

/** An entry, with the position where it ends. */
export interface PackSpan extends PackEntry {
  end: number
}

/** Bytes of the checksum that ends a pack or an index. */
export const CHECKSUM_BYTES = 20

/** Makes a pack of these objects and its index; duplicates are written once. Synchronous: for a few small objects. */
export function buildPack(objects: readonly NewObject[]): BuiltPack {
  const unique = withoutRepeats(objects)
  const bodies = unique.map((object) => (isStored(object) ? undefined : deflated(object)))
  const { pack, checksum, entries } = atOnce(assemble(unique, bodies))
  let index: Buffer | undefined
  return {
    name: checksum.toString('hex'),
    pack,
    spans: entries,
    get index() {
      index ??= buildIndex(entries, checksum)
      return index
    },
  }
}

/** `buildPack` for any group: long work is done in slices, big objects are deflated in the thread pool. */
export async function buildPackAsync(objects: readonly NewObject[]): Promise<BuiltPack> {
  // The call into zlib costs about as much as 2 KB more.
  const cost = objects.reduce((sum, { data }) => sum + data.length + 2048, 0)
  if (cost <= BIG_OBJECT) return buildPack(objects)

  const slice = new TimeSlice()
  if (slice.isOver()) await slice.next()
  const unique = withoutRepeats(objects)
  const bodies: (Body | Promise<Body>)[] = []
  for (const object of unique) {
    if (slice.isOver()) await slice.next()
    const { data } = object
    const isBig = data.length > ASIDE
    bodies.push(isStored(object) ? undefined : isBig ? await deflateAside(data) : deflatedAside(object))
  }
  const { pack, checksum, entries } = await inSlices(assemble(unique, await Promise.all(bodies)), slice)
  const index = await buildIndexInSlices(entries, checksum, slice)
  return { name: checksum.toString('hex'), pack, spans: entries, index }
}

/** The first 12 bytes of a pack of `count` objects. */
export function packHeader(count: number): Buffer {
  const header = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1')
  header.writeUInt32BE(count, 8)
  return header
}

/**
 * The header before an object's zlib stream: its type and its inflated size. For a delta, the id of its base follows.
 */
export function encodeEntryHeader(type: ObjectType | 'delta', size: number): Buffer {
  const bytes: number[] = []
  let byte = (TYPE_BITS[type] << 4) | (size & 15)
  // Sizes can pass 32 bits: division, not a shift.
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 0x80)
    byte = rest & 0x7f
  }
  bytes.push(byte)
  return Buffer.from(bytes)
}

/** The index (version 2) of the pack with these entries, in any order, and this checksum of 20 bytes. */
export const buildIndex = (entries: readonly PackEntry[], packChecksum: Uint8Array): Buffer =>
  atOnce(indexSteps(entries, packChecksum))

/** Like `buildIndex`, for the entries of a large pack. */
export const buildIndexInSlices = (
  entries: readonly PackEntry[],
  packChecksum: Uint8Array,
  slice = new TimeSlice(),
): Promise<Buffer> => inSlices(indexSteps(entries, packChecksum), slice)

/** Pauses where a caller may let others run. */
function* indexSteps(entries: readonly PackEntry[], packChecksum: Uint8Array): Generator<void, Buffer> {
  const sorted = isSorted(entries) ? entries : yield* sortedSteps(entries)
  yield
  const large = sorted.filter(({ offset }) => offset > MAX_SMALL_OFFSET).length
  const count = sorted.length
  const index = Buffer.allocUnsafe(8 + 1024 + count * 28 + large * 8 + 2 * CHECKSUM_BYTES)
  index.writeUInt32BE(0xff744f63, 0)
  index.writeUInt32BE(2, 4)
  const ids = 8 + 1024
  const crcs = ids + count * 20
  const offsets = crcs + count * 4
  const largeOffsets = offsets + count * 4
  let filled = 0
  let placed = 0
  for (const [n, { id, offset, crc }] of sorted.entries()) {
    if (index.write(id, ids + n * 20, 20, 'hex') !== 20) throw new TypeError(`'${id}' is not an object id`)
    for (const first = index[ids + n * 20]!; filled < first; filled++) index.writeUInt32BE(n, 8 + filled * 4)
    index.writeUInt32BE(crc, crcs + n * 4)
    if (offset <= MAX_SMALL_OFFSET) index.writeUInt32BE(offset, offsets + n * 4)
    else {
      index.writeUInt32BE(0x80000000 + placed, offsets + n * 4)
      index.writeBigUInt64BE(BigInt(offset), largeOffsets + placed++ * 8)
    }
    if (n % SOME === SOME - 1) yield
  }
  for (; filled < 256; filled++) index.writeUInt32BE(count, 8 + filled * 4)
  const end = index.length - CHECKSUM_BYTES
  index.set(packChecksum.subarray(0, CHECKSUM_BYTES), end - CHECKSUM_BYTES)
  index.write(hash('sha1', index.subarray(0, end), 'hex'), end, 'hex')
  return index
}

const TYPE_BITS: Record<ObjectType | 'delta', number> = { commit: 1, tree: 2, blob: 3, tag: 4, delta: 7 }
const MAX_SMALL_OFFSET = 0x7fffffff
/** Objects up to this size are stored uncompressed by a save, and compressed later when packs are merged. */
const STORED = 32 * 1024
/** Above this size the thread pool is used, so that the event loop is not held up. */
const ASIDE = 128 * 1024

/** The pieces of an object's zlib stream; `undefined`: stored blocks, written when the pack is put together. */
type Body = readonly Buffer[] | undefined

const isStored = ({ type, data }: NewObject): boolean =>
  data.length <= STORED || (type === 'tree' && data.length <= ASIDE)

/** The deflated body, unless storing takes no more room. */
function deflated({ data }: NewObject): Body {
  const body = deflate(data)
  return body.length < storedLength(data.length) ? [body] : undefined
}

/** `deflated`, in the thread pool: several such objects at a time use several cores. */
async function deflatedAside({ data }: NewObject): Promise<Body> {
  const body = await deflateSmallAside(data)
  return body.length < storedLength(data.length) ? [body] : undefined
}

function withoutRepeats(objects: readonly NewObject[]): readonly NewObject[] {
  const seen = new Set<ObjectId>()
  return objects.filter(({ id }) => !seen.has(id) && seen.add(id))
}

interface Assembled {
  pack: Buffer
  checksum: Buffer
  /** In the order of the objects. */
  entries: PackSpan[]
}

/** Puts the pack together; pauses where a caller may let others run. `undefined` bodies are stored. */
function* assemble(objects: readonly NewObject[], bodies: readonly Body[]): Generator<void, Assembled> {
  const headers: Buffer[] = []
  let size = 12 + CHECKSUM_BYTES
  for (const [n, { type, data }] of objects.entries()) {
    const header = encodeEntryHeader(type, data.length)
    headers.push(header)
    size += header.length + (sum(bodies[n]) ?? storedLength(data.length))
    if (n % SOME === SOME - 1) yield
  }
  const pack = Buffer.allocUnsafe(size)
  const digest = createHash('sha1')
  const entries: PackSpan[] = []
  pack.set(packHeader(objects.length))
  let hashed = 0
  let to = 12
  for (const [n, { id, data }] of objects.entries()) {
    const start = to
    pack.set(headers[n]!, to)
    to += headers[n]!.length
    const body = bodies[n]
    if (body === undefined) to = writeStored(pack, to, data)
    else {
      for (const piece of body) {
        to += piece.copy(pack, to)
        if (body.length > 1) yield
      }
    }
    let crc = 0
    for (let from = start; from < to; from += PIECE) {
      crc = crc32(pack.subarray(from, Math.min(from + PIECE, to)), crc)
      if (to - start > PIECE) yield
    }
    entries.push({ id, offset: start, crc, end: to })
    for (; to - hashed > PIECE; hashed += PIECE) {
      digest.update(pack.subarray(hashed, hashed + PIECE))
      yield
    }
  }
  digest.update(pack.subarray(hashed, to))
  const checksum = digest.digest()
  pack.set(checksum, to)
  return { pack, checksum, entries }
}

/** Bytes between two pauses. To touch new memory takes longer than to hash it. */
const PIECE = 64 * 1024
/** Objects between two pauses. */
const SOME = 256

const sum = (body: Body): number | undefined => body?.reduce((length, piece) => length + piece.length, 0)

/** Sorts entries by id; many of them in steps, those with the same first byte at a time. */
function* sortedSteps(entries: readonly PackEntry[]): Generator<void, PackEntry[]> {
  if (entries.length <= SOME) return [...entries].sort(byId)
  const byByte = Array.from({ length: 256 }, (): PackEntry[] => [])
  for (const [n, entry] of entries.entries()) {
    byByte[Number.parseInt(entry.id.slice(0, 2), 16) || 0]!.push(entry)
    if (n % SOME === SOME - 1) yield
  }
  const sorted: PackEntry[] = []
  for (const some of byByte) {
    for (const entry of some.sort(byId)) sorted.push(entry)
    yield
  }
  return sorted
}

const byId = (a: PackEntry, b: PackEntry): number => (a.id < b.id ? -1 : 1)

function isSorted(entries: readonly PackEntry[]): boolean {
  for (let n = 1; n < entries.length; n++) if (entries[n - 1]!.id > entries[n]!.id) return false
  return true
}
