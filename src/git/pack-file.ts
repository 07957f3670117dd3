/**
 * A pack on disk, read where an object is (gitformat-pack(5)). Nothing in the file is believed: a size has a
 * limit before memory is taken for it, every length is checked, chains of deltas are walked in a loop.
 */
import { CorruptError } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import type { ByteCache } from './byte-cache.ts'
import { applyDelta, BrokenDeltaError } from './delta.ts'
import type { FileSystem } from './file-system.ts'
import { BIG_OBJECT, type GitObject, type ObjectType } from './object.ts'
import { HEADER, PackBytes, PackGoneError } from './pack-bytes.ts'
import { PackIndex } from './pack-index.ts'
import { TimeSlice } from './time-slice.ts'
import { BrokenStreamError, checkClaim, inflate, inflateStream } from './zlib-stream.ts'

/** What the packs of one store share. */
export interface PackMemory {
  /** Bytes that an object may have at most. */
  maxObjectSize: number
  /** Parts of pack files. */
  windows: ByteCache<number, Buffer>
  /** Objects that deltas were made of, by file and offset. */
  bases: ByteCache<string, GitObject>
}

/** The object of that id, wherever it is, as the base of a delta. Throws CorruptError when it is missing. */
export type FindBase = (id: ObjectId) => Promise<GitObject>

export interface PackFileOptions {
  /** Called when the pack takes a file descriptor; `release` gives it back. */
  opened?: (pack: PackFile) => void
  /** The index, where it is known already. */
  index?: Buffer
}

export class PackFile {
  /** What stands between `pack-` and `.pack` in the file's name. */
  readonly name: string
  readonly file: string
  readonly indexFile: string
  readonly #fs: FileSystem
  readonly #memory: PackMemory
  readonly #bytes: PackBytes
  #index: PackIndex | undefined
  #hasDeltas = false

  constructor(
    fs: FileSystem,
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
    this.#index = index && PackIndex.parse(index, this.indexFile)
    this.#bytes = new PackBytes({
      fs,
      file: this.file,
      index: () => this.index,
      windows: memory.windows,
      opened: () => opened(this),
    })
  }

  /** Throws PackGoneError, or CorruptError when the file is no index. */
  get index(): PackIndex {
    this.#index ??= PackIndex.open(this.#fs, this.indexFile)
    if (this.#index === undefined) throw new PackGoneError(this.indexFile)
    return this.#index
  }

  /**
   * The object whose entry starts at `offset`. Whether it is the one that its id promises is for the caller to
   * check. Throws CorruptError with file and offset, PackGoneError.
   */
  async read(offset: number, findBase: FindBase): Promise<GitObject> {
    const chain: Entry[] = []
    let object: GitObject | undefined
    for (let at = offset; object === undefined; ) {
      object = this.#memory.bases.get(this.#key(at))
      if (object !== undefined) break
      const entry = this.#entry(at)
      const { kind } = entry
      if (typeof kind === 'string') {
        const inflated = this.#inflate(entry)
        object = { type: kind, data: inflated instanceof Promise ? await inflated : inflated }
        if (this.#hasDeltas) this.#keep(at, object)
        break
      }
      this.#hasDeltas = true
      if (chain.push(entry) > MAX_CHAIN) throw this.#broken(offset, 'a chain of deltas without an end')
      const inPack = kind.offset ?? this.index.find(kind.id)
      if (inPack !== undefined) at = inPack
      else object = await findBase(kind.id!)
    }
    const slice = new TimeSlice()
    for (const entry of chain.reverse()) {
      if (slice.isOver()) await slice.next()
      const inflated = this.#inflate(entry)
      const delta = inflated instanceof Promise ? await inflated : inflated
      object = { type: object.type, data: this.#apply(object.data, delta, entry.at) }
      this.#keep(entry.at, object)
    }
    return object
  }

  /** Bytes of pack and index. Throws PackGoneError. */
  size(): number {
    const stat = this.#fs.stat(this.file)
    if (stat === undefined) throw new PackGoneError(this.file)
    return stat.size + this.index.size
  }

  /** Gives the file descriptor back; the next read opens the file again. */
  release(): void {
    this.#bytes.release()
  }

  /** Gives back everything that is open; a later read opens it again. */
  close(): void {
    this.#bytes.release()
    this.#index?.close()
    this.#index = undefined
  }

  #entry(at: number): Entry {
    if (!(at >= HEADER && at < this.#bytes.end))
      throw this.#broken(at, 'no entry, though one should start there')
    const bytes = this.#bytes.bytes(at, LONGEST_HEADER)
    let read = 0
    const next = (): number => {
      const byte = bytes[read++]
      if (byte === undefined) throw this.#broken(at, 'an entry that is cut short')
      return byte
    }
    let byte = next()
    const type = (byte >> 4) & 7
    let size = byte & 15
    for (let scale = 16; byte & 0x80; scale *= 128) {
      byte = next()
      size += (byte & 0x7f) * scale
      this.#checkSize(at, size)
    }
    const plain = TYPES[type]
    if (plain !== undefined) return { at, kind: plain, size, stream: at + read }
    if (type === OFS_DELTA) {
      byte = next()
      let back = byte & 0x7f
      while (byte & 0x80) {
        byte = next()
        back = (back + 1) * 128 + (byte & 0x7f)
        if (back > at) break
      }
      if (back === 0 || at - back < HEADER) throw this.#broken(at, 'a delta whose base is outside the pack')
      return { at, kind: { offset: at - back }, size, stream: at + read }
    }
    if (type === REF_DELTA && read + 20 <= bytes.length) {
      return { at, kind: { id: bytes.toString('hex', read, read + 20) }, size, stream: at + read + 20 }
    }
    throw this.#broken(at, `an entry of the unknown type ${type}`)
  }

  #checkSize(at: number, size: number): void {
    const { maxObjectSize } = this.#memory
    if (size > maxObjectSize) {
      throw this.#broken(at, `an object that claims more bytes than the ${maxObjectSize} that are read`)
    }
  }

  #inflate({ at, stream, size }: Entry): Buffer | Promise<Buffer> {
    if (size > BIG_OBJECT) return this.#inflateBig(at, stream, size)
    // The index does not say where a stream ends; nobody's zlib makes one longer than this.
    const bytes = this.#bytes.bytes(stream, size + (size >> 3) + 1024)
    try {
      return inflate(bytes, size)
    } catch (error) {
      throw this.#explained(at, error)
    }
  }

  async #inflateBig(at: number, stream: number, size: number): Promise<Buffer> {
    try {
      checkClaim(this.#bytes.end - stream, size)
      return await inflateStream(this.#bytes.pieces(stream), size)
    } catch (error) {
      throw this.#explained(at, error)
    }
  }

  #apply(base: Uint8Array, delta: Buffer, at: number): Buffer {
    try {
      return applyDelta(base, delta, this.#memory.maxObjectSize)
    } catch (error) {
      throw this.#explained(at, error)
    }
  }

  #keep(at: number, object: GitObject): void {
    this.#memory.bases.set(this.#key(at), object, object.data.length + 200)
  }

  #key(at: number): string {
    return `${this.file}:${at}`
  }

  #explained(at: number, error: unknown): unknown {
    if (error instanceof BrokenStreamError)
      return this.#broken(at, `a broken zlib stream: ${error.message}`, error)
    if (error instanceof BrokenDeltaError) return this.#broken(at, error.message, error)
    return error
  }

  #broken(at: number, what: string, cause?: unknown): CorruptError {
    return new CorruptError(
      `Pack '${this.file}' has at offset ${at} ${what}. Restore it from a copy of the store, or see with 'git fsck' what is lost.`,
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
  /** A whole object of that type, or a delta to another one in this pack or anywhere. */
  kind: ObjectType | { offset: number; id?: undefined } | { offset?: undefined; id: ObjectId }
}

const TYPES: readonly (ObjectType | undefined)[] = [undefined, 'commit', 'tree', 'blob', 'tag']
const OFS_DELTA = 6
const REF_DELTA = 7
/** Type and size, and the base's id or distance. */
const LONGEST_HEADER = 32
/** Git writes chains of 4,095 at most; one that leads back to itself gets longer. */
const MAX_CHAIN = 4096
