/**
 * The bytes of a pack file by position. A small file is in memory as a whole; of a large one only the windows in use.
 */
import { CorruptError } from '../../errors.ts'
import type { FileReader, OpenFile } from '../disk/file-system.ts'
import { readFully } from '../disk/read-fully.ts'
import { WINDOW, type WindowCache } from '../objects/window-cache.ts'
import type { PackIndex } from './pack-index.ts'
import { CHECKSUM_BYTES } from './writer.ts'

/** The pack was deleted since it was listed; list the packs again. */
export class PackGoneError extends Error {}

export interface PackBytesOptions {
  fs: FileReader
  file: string
  /** The index that the pack must match. */
  index: () => PackIndex
  windows: WindowCache
  /** Called when a file descriptor is kept; `release` closes it. */
  opened: () => void
}

/** Bytes in memory; the wanted ones start at `at`. Not to be kept across an `await`. */
export interface Window {
  bytes: Buffer
  at: number
}

export class PackBytes {
  readonly #options: PackBytesOptions
  readonly #key = serials++ * 2 ** 24
  /** Kept open, if the file is large. */
  #open: OpenFile | undefined
  #readers = 0
  #isReleased = false
  #end = 0
  #isSmall = false

  constructor(options: PackBytesOptions) {
    this.#options = options
  }

  /** Position of the checksum at the end of the file. Throws PackGoneError, CorruptError. */
  get end(): number {
    if (this.#end === 0) this.#enter()
    return this.#end
  }

  /** A window with `need` bytes from `position` on, or as many as there are. Throws PackGoneError, CorruptError. */
  window(position: number, need: number): Window {
    const end = this.end
    const { windows } = this.#options
    const n = Math.floor(position / WINDOW)
    const start = n * WINDOW
    const stop = Math.min(position + need, end)
    if (stop > start + WINDOW) {
      const bytes = Buffer.allocUnsafe(stop - position)
      this.#fill(this.#file(), bytes, position)
      return { bytes, at: 0 }
    }
    let bytes = windows.get(this.#key + n)
    if (bytes === undefined && this.#isSmall) bytes = this.#enter()!
    bytes ??= windows.load(this.#key + n, (memory) => {
      const length = Math.min(WINDOW, end - start)
      this.#fill(this.#file(), memory.subarray(0, length), start)
      return length
    })
    return { bytes, at: position - start }
  }

  /** Everything from `position` on, read without holding up the event loop. Throws like `window`. */
  async *pieces(position: number): AsyncGenerator<Buffer> {
    const end = this.end
    if (this.#isSmall) {
      yield Buffer.from(this.window(position, 0).bytes.subarray(position, end))
      return
    }
    this.#readers++
    try {
      for (let at = position; at < end; ) {
        const piece = Buffer.allocUnsafe(Math.min(WINDOW, end - at))
        const length = await this.#file().readAsync(piece, at)
        if (length === 0) throw this.#broken('became shorter while it was read')
        yield piece.subarray(0, length)
        at += length
      }
    } finally {
      this.#readers--
      if (this.#isReleased) this.release()
    }
  }

  /** Closes the file descriptor as soon as no read is in progress; the next read opens the file again. */
  release(): void {
    this.#isReleased = this.#readers > 0
    if (this.#isReleased) return
    const open = this.#open
    this.#open = undefined
    open?.close()
  }

  #file(): OpenFile {
    if (this.#open === undefined) this.#enter()
    return this.#open!
  }

  /** Opens the file and checks that its index belongs to it. Reads all bytes if it is small. */
  #enter(): Buffer | undefined {
    const { fs, file, windows, opened } = this.#options
    const open = fs.open(file, 'r')
    if (open === undefined) throw new PackGoneError(file)
    try {
      const start = windows.load(this.#key, (memory) => readFully(open, memory, 0))
      this.#isSmall = start.length < WINDOW
      const end = (this.#isSmall ? start.length : open.size()) - CHECKSUM_BYTES
      if (end < PACK_HEADER) throw this.#broken('is too short to be a pack')
      const checksum = this.#isSmall ? start.subarray(end) : Buffer.allocUnsafe(CHECKSUM_BYTES)
      if (!this.#isSmall) this.#fill(open, checksum, end)
      this.#check(start, checksum)
      this.#end = end
      if (this.#isSmall) return start
      this.#open = open
    } catch (error) {
      windows.delete(this.#key)
      throw error
    } finally {
      if (this.#open !== open) open.close()
    }
    opened()
    return undefined
  }

  #check(header: Buffer, checksum: Buffer): void {
    const index = this.#options.index()
    const version = header.readUInt32BE(4)
    if (header.toString('latin1', 0, 4) !== 'PACK') throw this.#broken('is not a pack')
    if (version !== 2 && version !== 3) throw this.#broken(`has the unknown version ${version}`)
    if (header.readUInt32BE(8) !== index.count)
      throw this.#broken('does not have as many objects as its index')
    if (!checksum.equals(index.packChecksum)) {
      throw this.#broken('does not end as its index says: it is cut short, too long or another pack')
    }
  }

  #fill(open: OpenFile, bytes: Buffer, position: number): void {
    if (readFully(open, bytes, position) < bytes.length)
      throw this.#broken('became shorter while it was read')
  }

  #broken(what: string): CorruptError {
    const { file } = this.#options
    return new CorruptError(
      `Pack '${file}' ${what}. Restore it from a copy of the store, or run 'git fsck' to see what is lost.`,
      { file },
    )
  }
}

/** Bytes of a pack before its first entry. */
export const PACK_HEADER = 12
let serials = 0
