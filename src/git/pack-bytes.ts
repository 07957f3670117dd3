/** The bytes of a pack file, by position: a small file whole, of a large one only the windows that are used. */
import { CorruptError } from '../errors.ts'
import type { ByteCache } from './byte-cache.ts'
import type { FileSystem, OpenFile } from './file-system.ts'
import type { PackIndex } from './pack-index.ts'
import { CHECKSUM_BYTES } from './pack-writer.ts'

/** Somebody has deleted the pack since it was listed: look again what packs there are. */
export class PackGoneError extends Error {}

export interface PackBytesParts {
  fs: FileSystem
  file: string
  /** What the pack must agree with. */
  index: () => PackIndex
  windows: ByteCache<number, Buffer>
  /** Called when a file descriptor is taken; `release` gives it back. */
  opened: () => void
}

export class PackBytes {
  readonly #parts: PackBytesParts
  readonly #key = serial++ * 2 ** 24
  #open: OpenFile | undefined
  #readers = 0
  #released = false
  #end = 0
  #window = WINDOW
  #isWhole = false

  constructor(parts: PackBytesParts) {
    this.#parts = parts
  }

  /** Where the checksum that ends the file starts. Throws PackGoneError, CorruptError. */
  get end(): number {
    if (this.#end === 0) this.#file()
    return this.#end
  }

  /** At least `need` bytes from `position` on, fewer only at the end. Throws PackGoneError, CorruptError. */
  bytes(position: number, need: number): Buffer {
    const end = this.end
    const stop = Math.min(position + need, end)
    const n = Math.floor(position / this.#window)
    const start = n * this.#window
    if (stop > start + this.#window) return this.#read(position, stop - position)
    let window = this.#parts.windows.get(this.#key + n)
    if (window === undefined) {
      window = this.#read(start, Math.min(this.#window, end - start))
      this.#parts.windows.set(this.#key + n, window, window.length)
      if (this.#isWhole) this.release()
    }
    return window.subarray(position - start)
  }

  /** Everything from `position` on, read without holding up the event loop. Throws like `bytes`. */
  async *pieces(position: number): AsyncGenerator<Buffer> {
    this.#readers++
    try {
      for (let at = position; at < this.end; ) {
        const piece = Buffer.allocUnsafe(Math.min(WINDOW, this.end - at))
        const length = await this.#file().readAsync(piece, at)
        if (length === 0) throw this.broken('became shorter while it was read')
        yield piece.subarray(0, length)
        at += length
      }
    } finally {
      this.#readers--
      if (this.#released) this.release()
    }
  }

  /** Gives the file descriptor back as soon as nobody reads; the next read opens the file again. */
  release(): void {
    this.#released = this.#readers > 0
    if (this.#released) return
    this.#open?.close()
    this.#open = undefined
  }

  broken(what: string): CorruptError {
    const { file } = this.#parts
    return new CorruptError(
      `Pack '${file}' ${what}. Restore it from a copy of the store, or see with 'git fsck' what is lost.`,
      { file },
    )
  }

  #read(position: number, length: number): Buffer {
    const open = this.#file()
    const bytes = Buffer.allocUnsafe(length)
    for (let done = 0; done < length; ) {
      const read = open.read(done === 0 ? bytes : bytes.subarray(done), position + done)
      if (read === 0) throw this.broken('became shorter while it was read')
      done += read
    }
    return bytes
  }

  #file(): OpenFile {
    if (this.#open !== undefined) return this.#open
    const { fs, file, opened } = this.#parts
    const stat = fs.stat(file)
    if (stat === undefined) throw new PackGoneError(file)
    // Anything else than a file could wait for ever, or lead out of the store.
    if (stat.kind !== 'file') throw this.broken('is not a plain file')
    this.#open = fs.open(file, 'r')
    if (this.#open === undefined) throw new PackGoneError(file)
    try {
      this.#check(this.#open.size())
    } catch (error) {
      this.#open.close()
      this.#open = undefined
      throw error
    }
    opened()
    return this.#open
  }

  #check(size: number): void {
    const index = this.#parts.index()
    if (size < HEADER + CHECKSUM_BYTES) throw this.broken('is too short to be a pack')
    const header = this.#read(0, HEADER)
    const version = header.readUInt32BE(4)
    if (header.toString('latin1', 0, 4) !== 'PACK') throw this.broken('is not a pack')
    if (version !== 2 && version !== 3) throw this.broken(`has the unknown version ${version}`)
    if (header.readUInt32BE(8) !== index.count)
      throw this.broken('does not have as many objects as its index')
    if (!this.#read(size - CHECKSUM_BYTES, CHECKSUM_BYTES).equals(index.packChecksum)) {
      throw this.broken('does not end as its index says: it is cut short, overgrown or another pack')
    }
    this.#end = size - CHECKSUM_BYTES
    this.#isWhole = this.#end <= WHOLE
    this.#window = this.#isWhole ? this.#end : WINDOW
  }
}

/** Bytes of a pack before its first entry. */
export const HEADER = 12
const WINDOW = 256 * 1024
const WHOLE = 512 * 1024
let serial = 0
