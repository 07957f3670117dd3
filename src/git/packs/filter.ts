/**
 * Makes one pack with some of the objects of others by copying: entries are not inflated, and a delta is kept if its
 * base is copied too. Source: gitformat-pack(5).
 */

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { CorruptError } from '../../errors.ts'
import { type ObjectId, trustedId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { OpenFile } from '../disk/file-system.ts'
import { readPiece } from '../disk/read-fully.ts'
import { BIG_OBJECT, type GitObject } from '../objects/object.ts'
import { deflateAside } from '../objects/zlib-stream.ts'
import {
  buildIndexInSlices,
  CHECKSUM_BYTES,
  encodeEntryHeader,
  type PackEntry,
  packHeader,
} from './writer.ts'

export interface FilterSource {
  /** For errors. */
  name: string
  file: OpenFile
  /** In any order. */
  entries: readonly PackEntry[]
}

export interface FilterOptions {
  sources: readonly FilterSource[]
  /** The objects that are wanted. */
  wanted: (id: ObjectId) => boolean
  /** Reads a whole object, for a delta whose base is not wanted. */
  read: (id: ObjectId) => Promise<GitObject>
  out: OpenFile
  onProgress?: (done: number, total: number) => void
}

export interface FilteredPack {
  /** 40 hex digits: the checksum of the pack. */
  name: string
  index: Buffer
  objects: number
}

/**
 * Writes every wanted object of `sources` once; `undefined` when there is none. What is copied is checked against
 * the checksums of its index. Throws CorruptError, StorageError.
 */
export async function filterPacks(options: FilterOptions): Promise<FilteredPack | undefined> {
  const chosen = new Set<ObjectId>()
  const plans = options.sources.map((source) => {
    const sorted = [...source.entries].sort((a, b) => a.offset - b.offset)
    const isFirst = sorted.map(({ id }) => {
      const take = options.wanted(id) && !chosen.has(id)
      if (take) chosen.add(id)
      return take
    })
    return { source, sorted, isFirst }
  })
  if (chosen.size === 0) return undefined

  const out = new Output(options.out)
  await out.write(packHeader(chosen.size))
  const written = new Map<ObjectId, number>()
  const entries: PackEntry[] = []
  const slice = new TimeSlice()
  for (const { source, sorted, isFirst } of plans) {
    const end = source.file.size() - CHECKSUM_BYTES
    const copy = new Copier(source, sorted, end, written, out, options.read)
    for (let n = 0; n < sorted.length; n++) {
      if (!isFirst[n]) continue
      const { id } = sorted[n]!
      const offset = out.position
      const crc = await copy.entry(n)
      written.set(id, offset)
      entries.push({ id, offset, crc })
      if (!slice.isOver()) continue
      options.onProgress?.(entries.length, chosen.size)
      await slice.next()
    }
  }
  const checksum = await out.end()
  return {
    name: checksum.toString('hex'),
    index: await buildIndexInSlices(entries, checksum),
    objects: entries.length,
  }
}

/** Copies entries of one pack. */
class Copier {
  readonly #source: FilterSource
  readonly #sorted: readonly PackEntry[]
  readonly #end: number
  readonly #written: ReadonlyMap<ObjectId, number>
  readonly #out: Output
  readonly #read: FilterOptions['read']
  #window: Buffer = Buffer.alloc(0)
  #windowAt = 0

  constructor(
    source: FilterSource,
    sorted: readonly PackEntry[],
    end: number,
    written: ReadonlyMap<ObjectId, number>,
    out: Output,
    read: FilterOptions['read'],
  ) {
    this.#source = source
    this.#sorted = sorted
    this.#end = end
    this.#written = written
    this.#out = out
    this.#read = read
  }

  /** Writes the n-th entry; returns the CRC-32 of what was written. */
  async entry(n: number): Promise<number> {
    const { id, offset, crc } = this.#sorted[n]!
    const end = this.#sorted[n + 1]?.offset ?? this.#end
    const head = await this.#head(offset, end)
    const base = head.base === undefined ? undefined : this.#written.get(head.base)
    if (head.base !== undefined && base === undefined) return this.#whole(id)
    const start =
      base === undefined ? head.bytes : deltaHead(head.bytes, head.sizeEnd, this.#out.position - base)
    let copied = crc32(start)
    await this.#out.write(start)
    let original = crc32(head.bytes)
    for (let at = offset + head.bytes.length; at < end; ) {
      const piece = await this.#bytes(at, Math.min(end - at, PIECE))
      original = crc32(piece, original)
      copied = crc32(piece, copied)
      await this.#out.write(piece)
      at += piece.length
    }
    // An index of version 1 has no checksums.
    if (crc !== -1 && original !== crc) throw this.#broken(id)
    return copied
  }

  async #whole(id: ObjectId): Promise<number> {
    const { type, data } = await this.#read(id)
    const pieces = [encodeEntryHeader(type, data.length), ...(await deflateAside(data))]
    let crc = 0
    for (const piece of pieces) {
      crc = crc32(piece, crc)
      await this.#out.write(piece)
    }
    return crc
  }

  /** The header before the zlib stream. `sizeEnd`: where type and size end in it. `base`: the base of a delta. */
  async #head(offset: number, end: number): Promise<{ bytes: Buffer; sizeEnd: number; base?: ObjectId }> {
    const bytes = await this.#bytes(offset, Math.min(end - offset, LONGEST_HEAD))
    const type = ((bytes[0] ?? 0) >> 4) & 7
    let at = 0
    while ((bytes[at++] ?? 0) & 0x80);
    const sizeEnd = at
    if (type === REF_DELTA) {
      at += 20
      return { bytes: bytes.subarray(0, at), sizeEnd, base: trustedId(bytes.toString('hex', sizeEnd, at)) }
    }
    if (type !== OFS_DELTA) return { bytes: bytes.subarray(0, at), sizeEnd }
    let byte = bytes[at++] ?? 0
    let back = byte & 0x7f
    while (byte & 0x80) {
      byte = bytes[at++] ?? 0
      back = (back + 1) * 128 + (byte & 0x7f)
    }
    return { bytes: bytes.subarray(0, at), sizeEnd, base: this.#idAt(offset - back) }
  }

  /** Id of the object whose entry starts there. */
  #idAt(offset: number): ObjectId {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sorted[middle]!.offset < offset) low = middle + 1
      else high = middle
    }
    const found = this.#sorted[low]
    if (found?.offset !== offset) throw this.#broken()
    return found.id
  }

  async #bytes(at: number, length: number): Promise<Buffer> {
    const from = at - this.#windowAt
    if (from < 0 || from + length > this.#window.length) {
      const wanted = Math.min(WINDOW, this.#end - at)
      this.#window = await readPiece(this.#source.file, at, wanted)
      this.#windowAt = at
      if (this.#window.length < wanted) throw this.#broken()
      return this.#window.subarray(0, length)
    }
    return this.#window.subarray(from, from + length)
  }

  #broken(id?: ObjectId): CorruptError {
    const what = id === undefined ? 'is damaged' : `is damaged where object ${id} is`
    return new CorruptError(
      `Pack '${this.#source.name}' ${what}. Nothing was removed. Restore the pack from a copy of the store; 'forkpoint verify' names the checkpoints that are lost.`,
      { file: this.#source.name, ...(id !== undefined && { object: id }) },
    )
  }
}

/** A delta's header with the distance to the new position of its base. */
function deltaHead(head: Buffer, sizeEnd: number, distance: number): Buffer {
  const start = Buffer.from(head.subarray(0, sizeEnd))
  start[0] = (start[0]! & 0x8f) | (OFS_DELTA << 4)
  const bytes = [distance & 0x7f]
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest -= 1
    bytes.unshift((rest & 0x7f) | 0x80)
  }
  return Buffer.concat([start, Buffer.from(bytes)])
}

/** Collects small writes and hashes the bytes. */
class Output {
  position = 0
  readonly #file: OpenFile
  readonly #sha = createHash('sha1')
  #pieces: Uint8Array[] = []
  #collected = 0
  #done = 0

  constructor(file: OpenFile) {
    this.#file = file
  }

  /** The bytes may change as soon as this returns. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#sha.update(bytes)
    this.#pieces.push(Buffer.from(bytes))
    this.#collected += bytes.length
    this.position += bytes.length
    if (this.#collected >= BIG_OBJECT) await this.#flush()
  }

  /** Writes the checksum, and returns it. */
  async end(): Promise<Buffer> {
    const checksum = this.#sha.digest()
    this.#pieces.push(checksum)
    await this.#flush()
    return checksum
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#collected = 0
    for (let done = 0; done < bytes.length; ) {
      const written = await this.#file.writeAsync(bytes.subarray(done), this.#done)
      done += written
      this.#done += written
    }
  }
}

const OFS_DELTA = 6
const REF_DELTA = 7
const LONGEST_HEAD = 32
const WINDOW = 1024 * 1024
const PIECE = 256 * 1024
