/**
 * Reads objects from a pack on disk (gitformat-pack(5)). Nothing in the file is trusted: sizes are limited before
 * memory is allocated, every length is checked, and chains of deltas are walked in a loop.
 */
import { CorruptError } from '../../errors.ts'
import { type ObjectId, trustedId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { FileReader } from '../disk/file-system.ts'
import type { ByteCache } from '../objects/byte-cache.ts'
import { applyDelta, BrokenDeltaError } from '../objects/delta.ts'
import { BrokenStreamError, checkClaim, inflateAt } from '../objects/inflate.ts'
import { BIG_OBJECT, type GitObject, type ObjectType } from '../objects/object.ts'
import type { WindowCache } from '../objects/window-cache.ts'
import { inflateStream } from '../objects/zlib-stream.ts'
import { PACK_HEADER, PackBytes, PackGoneError } from './bytes.ts'
import { PackIndex } from './pack-index.ts'

/** What all packs of a store share. */
export interface PackMemory {
  /** Bytes that an object may have at most. */
  maxObjectSize: number
  /** Windows of pack files. */
  windows: WindowCache
  /** Bases of deltas, by file and offset. */
  bases: ByteCache<string, GitObject>
}

/** Finds the base of a delta by its id, in any place. Throws CorruptError when it is missing. */
export type FindBase = (id: ObjectId) => Promise<GitObject>

export interface PackFileOptions {
  /** Called when the pack opens a file descriptor; `release` closes it. */
  opened?: (pack: PackFile) => void
  /** The index, if it is known already. */
  index?: Buffer
}

export class PackFile {
  /** The part of the file's name between `pack-` and `.pack`. */
  readonly name: string
  readonly file: string
  readonly indexFile: string
  readonly #fs: FileReader
  readonly #memory: PackMemory
  readonly #bytes: PackBytes
  readonly #serial = serials++
  #index: PackIndex | undefined
  /** The part of the index that is known without parsing it. Most packs of one save are never parsed. */
  #indexBytes: Buffer | undefined
  #hasDeltas = false

  constructor(
    fs: FileReader,
    folder: string,
    name: string,
    memory: PackMemory,
    { opened = () => {}, index }: PackFileOptions = {},
  ) {
    this.name = name
    this.file = `${folder}/pack-${name}.pack`
    this.indexFile = `${folder}/pack-${name}.idx`
    this.#fs = fs
    this.#memory = memory
    this.#indexBytes = index
    this.#bytes = new PackBytes({
      fs,
      file: this.file,
      index: () => this.index,
      windows: memory.windows,
      opened: () => opened(this),
    })
  }

  /** Throws PackGoneError, or CorruptError when the file is not an index. */
  get index(): PackIndex {
    if (this.#index === undefined) {
      const bytes = this.#indexBytes
      this.#index = bytes ? PackIndex.parse(bytes, this.indexFile) : PackIndex.open(this.#fs, this.indexFile)
      this.#indexBytes = undefined
    }
    if (this.#index === undefined) throw new PackGoneError(this.indexFile)
    return this.#index
  }

  /**
   * The object whose entry starts at `offset`; synchronous, unless it is large or its base is in another place. The
   * caller checks it against its id. Throws CorruptError with file and offset, PackGoneError.
   */
  read(offset: number, findBase: FindBase): GitObject | Promise<GitObject> {
    const { deltas, base } = this.#chain(offset)
    if (base.object === undefined || deltas.some(({ size }) => size > BIG_OBJECT) || deltas.length > 64) {
      return this.#readLong(deltas, base, findBase)
    }
    let { object } = base
    for (let n = deltas.length - 1; n >= 0; n--)
      object = this.#apply(object, this.#inflate(deltas[n]!), deltas[n]!)
    return object
  }

  /** Bytes of the pack without its index; `undefined` if it is gone. */
  size(): number | undefined {
    return this.#fs.stat(this.file)?.size
  }

  /** Closes the file descriptor; the next read opens the file again. */
  release(): void {
    this.#bytes.release()
  }

  /** Closes everything that is open; a later read opens it again. */
  close(): void {
    this.#bytes.release()
    this.#index?.close()
    this.#index = undefined
    this.#indexBytes = undefined
  }

  async #readLong(deltas: readonly Entry[], base: Base, findBase: FindBase): Promise<GitObject> {
    let { object } = base
    if (base.large !== undefined) {
      object = { type: base.large.type!, data: await this.#inflateLarge(base.large) }
    } else if (base.elsewhere !== undefined) object = await findBase(base.elsewhere)
    const slice = new TimeSlice()
    for (const delta of deltas.toReversed()) {
      if (slice.isOver()) await slice.next()
      const isLarge = delta.size > BIG_OBJECT
      object = this.#apply(object!, isLarge ? await this.#inflateLarge(delta) : this.#inflate(delta), delta)
    }
    return object!
  }

  /** The deltas of the object, the last one first, and the base that they start from. */
  #chain(offset: number): { deltas: Entry[]; base: Base } {
    const deltas: Entry[] = []
    for (let at = offset; ; ) {
      const known = this.#hasDeltas ? this.#memory.bases.get(this.#key(at)) : undefined
      if (known !== undefined) return { deltas, base: { object: known } }
      const entry = this.#entry(at)
      if (entry.type !== undefined) {
        if (entry.size > BIG_OBJECT) return { deltas, base: { large: entry } }
        const object = { type: entry.type, data: this.#inflate(entry) }
        if (this.#hasDeltas) this.#keep(at, object)
        return { deltas, base: { object } }
      }
      this.#hasDeltas = true
      if (deltas.push(entry) > MAX_CHAIN) throw this.#broken(offset, 'a chain of deltas without an end')
      const next = entry.baseOffset ?? this.index.find(entry.baseId!)
      if (next === undefined) return { deltas, base: { elsewhere: entry.baseId! } }
      at = next
    }
  }

  #entry(at: number): Entry {
    if (!(at >= PACK_HEADER && at < this.#bytes.end))
      throw this.#broken(at, 'no entry, though one should start there')
    const { bytes, at: start } = this.#bytes.window(at, LONGEST_HEADER)
    let read = start
    let byte = bytes[read++]!
    const type = (byte >> 4) & 7
    let size = byte & 15
    for (let scale = 16; byte & 0x80; scale *= 128) {
      byte = this.#byte(bytes, read++, at)
      size += (byte & 0x7f) * scale
      if (size > this.#memory.maxObjectSize) break
    }
    if (size > this.#memory.maxObjectSize) {
      throw this.#broken(
        at,
        `an object that claims more than the ${this.#memory.maxObjectSize} bytes that are read`,
      )
    }
    const entry: Entry = { at, stream: 0, size, type: TYPES[type], baseOffset: undefined, baseId: undefined }
    if (type === OFS_DELTA) {
      byte = this.#byte(bytes, read++, at)
      let back = byte & 0x7f
      while (byte & 0x80 && back <= at) {
        byte = this.#byte(bytes, read++, at)
        back = (back + 1) * 128 + (byte & 0x7f)
      }
      if (back === 0 || at - back < PACK_HEADER)
        throw this.#broken(at, 'a delta whose base is outside the pack')
      entry.baseOffset = at - back
    } else if (type === REF_DELTA) {
      if (bytes.length < read + 20) throw this.#broken(at, CUT_SHORT)
      entry.baseId = trustedId(bytes.toString('hex', read, read + 20))
      read += 20
    } else if (entry.type === undefined) throw this.#broken(at, `an entry of the unknown type ${type}`)
    entry.stream = at + read - start
    return entry
  }

  #byte(bytes: Buffer, place: number, at: number): number {
    const byte = bytes[place]
    if (byte === undefined) throw this.#broken(at, CUT_SHORT)
    return byte
  }

  #inflate({ at, stream, size }: Entry): Buffer {
    // The index does not say where a stream ends; no zlib makes a longer one than this.
    const window = this.#bytes.window(stream, size + (size >> 3) + 1024)
    try {
      return inflateAt(window.bytes, window.at, size, true)
    } catch (error) {
      throw this.#explained(at, error)
    }
  }

  async #inflateLarge({ at, stream, size }: Entry): Promise<Buffer> {
    try {
      checkClaim(this.#bytes.end - stream, size)
      return await inflateStream(this.#bytes.pieces(stream), size)
    } catch (error) {
      throw this.#explained(at, error)
    }
  }

  #apply({ type, data }: GitObject, delta: Buffer, { at }: Entry): GitObject {
    let made: Buffer
    try {
      made = applyDelta(data, delta, this.#memory.maxObjectSize)
    } catch (error) {
      throw this.#explained(at, error)
    }
    const object = { type, data: made }
    this.#keep(at, object)
    return object
  }

  #keep(at: number, object: GitObject): void {
    this.#memory.bases.set(this.#key(at), object, object.data.length + 200)
  }

  #key(at: number): string {
    return `${this.#serial}:${at}`
  }

  #explained(at: number, error: unknown): unknown {
    if (error instanceof BrokenStreamError)
      return this.#broken(at, `a broken zlib stream: ${error.message}`, error)
    if (error instanceof BrokenDeltaError) return this.#broken(at, error.message, error)
    return error
  }

  #broken(at: number, what: string, cause?: unknown): CorruptError {
    return new CorruptError(
      `Pack '${this.file}' has at offset ${at} ${what}. Restore it from a copy of the store, or run 'git fsck' to see what is lost.`,
      { file: this.file },
      { cause },
    )
  }
}

interface Entry {
  /** Where the entry starts, and where its zlib stream does. */
  at: number
  stream: number
  /** Inflated; of a delta, the size of the delta. */
  size: number
  /** Of a whole object; a delta has one of the others. */
  type: ObjectType | undefined
  baseOffset: number | undefined
  baseId: ObjectId | undefined
}

/** The start of a chain of deltas: an object in memory, a large one, or one of another pack. */
interface Base {
  object?: GitObject
  large?: Entry
  elsewhere?: ObjectId
}

const CUT_SHORT = 'an entry that is cut short'
const TYPES: readonly (ObjectType | undefined)[] = [undefined, 'commit', 'tree', 'blob', 'tag']
const OFS_DELTA = 6
const REF_DELTA = 7
/** Type and size, and the base's id or distance. */
const LONGEST_HEADER = 32
/** Git writes chains of at most 4,095; a longer one is a cycle. */
const MAX_CHAIN = 4096
let serials = 0
