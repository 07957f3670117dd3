/**
 * The index of a pack: its object ids in order, with where each entry starts (gitformat-pack(5), "pack-*.idx
 * files", versions 1 and 2). A small file is held in memory, of a large one only what a look-up needs.
 */
import { CorruptError } from '../../errors.ts'
import { type ObjectId, trustedId } from '../../ids.ts'
import type { FileReader, OpenFile } from '../disk/file-system.ts'
import { readFully } from '../disk/read-fully.ts'
import { CHECKSUM_BYTES, type PackEntry } from './writer.ts'

/** The index in `bytes`; `file` is what errors name. Throws CorruptError. */
export const parsePackIndex = (bytes: Buffer, file: string): PackIndex => PackIndex.parse(bytes, file)

/** The first 32 bits of an id. */
export const keyOf = (id: ObjectId): number => Number.parseInt(id.slice(0, 8), 16)

export class PackIndex {
  readonly count: number
  /** Bytes of the file. */
  readonly size: number
  /** The last 20 bytes of the pack. */
  readonly packChecksum: Buffer
  readonly #file: string
  readonly #bytes: Source
  readonly #version: 1 | 2
  readonly #fanOut: number

  /** Opens the file; `undefined` when there is none. Throws CorruptError for one that is no index. */
  static open(fs: FileReader, file: string): PackIndex | undefined {
    const open = fs.open(file, 'r')
    if (open === undefined) return undefined
    let source: Source | undefined
    try {
      const length = readFully(open, scratch, 0)
      if (length < scratch.length) source = memory(Buffer.from(scratch.subarray(0, length)))
      else {
        const size = open.size()
        source = size > IN_MEMORY ? pages(open, file, size) : memory(readWhole(open, size))
      }
      return new PackIndex(file, source)
    } catch (error) {
      source = undefined
      throw error
    } finally {
      if (source?.open === undefined) open.close()
    }
  }

  static parse(bytes: Buffer, file: string): PackIndex {
    return new PackIndex(file, memory(bytes))
  }

  private constructor(file: string, source: Source) {
    this.#file = file
    this.#bytes = source
    this.size = source.size
    if (source.size < 4 + 1024 + 2 * CHECKSUM_BYTES) throw brokenIndex(file, 'is too short')
    this.#version = source.u32(0) === MAGIC ? 2 : 1
    if (this.#version === 2 && source.u32(4) !== 2) {
      throw brokenIndex(file, `has the unknown version ${source.u32(4)}`)
    }
    this.#fanOut = this.#version === 2 ? 8 : 0
    this.count = source.u32(this.#fanOut + 255 * 4)
    const rest =
      source.size - this.#fanOut - 1024 - 2 * CHECKSUM_BYTES - this.count * (this.#version === 2 ? 28 : 24)
    const large = this.#version === 2 ? Math.max(0, this.count - 1) * 8 : 0
    if (rest < 0 || rest > large || rest % 8 !== 0) {
      throw brokenIndex(file, `has the wrong length for ${this.count} objects`)
    }
    this.packChecksum = Buffer.from(source.slice(source.size - 2 * CHECKSUM_BYTES, CHECKSUM_BYTES))
  }

  /** Where the object's entry starts; `undefined`: it is not in this pack. `key`: `keyOf(id)`, if known. */
  find(id: ObjectId, key = keyOf(id)): number | undefined {
    const first = key >>> 24
    let low = first === 0 ? 0 : this.#bytes.u32(this.#fanOut + first * 4 - 4)
    let high = this.#bytes.u32(this.#fanOut + first * 4)
    if (low > high || high > this.count) throw brokenIndex(this.#file, 'has counts that decrease')
    while (low < high) {
      const middle = (low + high) >>> 1
      const found = this.#bytes.u32(this.#idPlace(middle))
      if (found === key) {
        const foundId = this.id(middle)
        if (foundId === id) return this.offset(middle)
        if (foundId < id) low = middle + 1
        else high = middle
      } else if (found < key) low = middle + 1
      else high = middle
    }
    return undefined
  }

  /** Up to `limit` ids that start with `prefix` (hex digits, lower case), in order. */
  expand(prefix: string, limit: number): ObjectId[] {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.id(middle) < prefix) low = middle + 1
      else high = middle
    }
    const found: ObjectId[] = []
    for (let n = low; n < this.count && found.length < limit; n++) {
      const id = this.id(n)
      if (!id.startsWith(prefix)) break
      found.push(id)
    }
    return found
  }

  /** The n-th object in the order of ids, from 0. Version 1 has no checksums: there `crc` is -1. */
  entry(n: number): PackEntry {
    const crc = this.#version === 1 ? -1 : this.#bytes.u32(this.#table(20) + n * 4)
    return { id: this.id(n), offset: this.offset(n), crc }
  }

  /** All objects in the order of ids. */
  entries(): PackEntry[] {
    return Array.from({ length: this.count }, (_, n) => this.entry(n))
  }

  id(n: number): ObjectId {
    return this.#bytes.hex(this.#idPlace(n))
  }

  /** Where the n-th object's entry starts in the pack. */
  offset(n: number): number {
    if (this.#version === 1) return this.#bytes.u32(1024 + n * 24)
    const small = this.#bytes.u32(this.#table(24) + n * 4)
    if (small < 0x80000000) return small
    const place = this.#table(28) + (small - 0x80000000) * 8
    if (place + 8 > this.size - 2 * CHECKSUM_BYTES) {
      throw brokenIndex(this.#file, 'points outside its table of large offsets')
    }
    return this.#bytes.u32(place) * 2 ** 32 + this.#bytes.u32(place + 4)
  }

  *ids(): IterableIterator<ObjectId> {
    for (let n = 0; n < this.count; n++) yield this.id(n)
  }

  close(): void {
    this.#bytes.open?.close()
  }

  #idPlace(n: number): number {
    return this.#version === 2 ? 8 + 1024 + n * 20 : 1024 + n * 24 + 4
  }

  /** Start of the table that follows `bytes` bytes an object. */
  #table(bytes: number): number {
    return 8 + 1024 + this.count * bytes
  }
}

interface Source {
  size: number
  u32(at: number): number
  hex(at: number): ObjectId
  /** Not to be held on to. */
  slice(at: number, length: number): Buffer
  /** The file, while it is needed. */
  open?: OpenFile
}

const MAGIC = 0xff744f63
const IN_MEMORY = 16 * 1024 * 1024
const PAGE = 16 * 1024
const PAGES = IN_MEMORY / PAGE
// Most indexes fit, and need no call for their size.
const scratch = Buffer.allocUnsafeSlow(64 * 1024)

const memory = (bytes: Buffer): Source => ({
  size: bytes.length,
  u32: (at) => bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!),
  hex: (at) => trustedId(bytes.toString('hex', at, at + 20)),
  slice: (at, length) => bytes.subarray(at, at + length),
})

function pages(open: OpenFile, file: string, size: number): Source {
  const kept = new Map<number, Buffer>()
  const page = (n: number): Buffer => {
    const known = kept.get(n)
    if (known !== undefined) return known
    let memory: Buffer | undefined
    if (kept.size >= PAGES) {
      const [oldest, bytes] = kept.entries().next().value!
      kept.delete(oldest)
      // Reused, because new memory for each page would cause constant garbage collection.
      memory = Buffer.from(bytes.buffer)
    }
    memory ??= Buffer.allocUnsafeSlow(PAGE)
    const bytes = memory.subarray(0, readFully(open, memory, n * PAGE))
    kept.set(n, bytes)
    return bytes
  }
  const slice = (at: number, length: number): Buffer => {
    const n = Math.floor(at / PAGE)
    const from = at - n * PAGE
    let bytes = page(n).subarray(from, from + length)
    // The next page may reuse this one's memory.
    if (from + length > PAGE)
      bytes = Buffer.concat([Buffer.from(bytes), page(n + 1).subarray(0, from + length - PAGE)])
    if (bytes.length < length) throw brokenIndex(file, 'became shorter while it was read')
    return bytes
  }
  return {
    size,
    u32: (at) => slice(at, 4).readUInt32BE(),
    hex: (at) => trustedId(slice(at, 20).toString('hex')),
    slice,
    open,
  }
}

function readWhole(open: OpenFile, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  return bytes.subarray(0, readFully(open, bytes, 0))
}

const brokenIndex = (file: string, what: string): CorruptError =>
  new CorruptError(
    `Pack index '${file}' ${what}. If its pack is not damaged, run 'git index-pack' on the pack to create it again.`,
    { file },
  )
