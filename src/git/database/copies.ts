/**
 * Keeps derived data in files, so that the next process need not compute it from objects again. The files are in the
 * store, so that they move with it, and a purge removes them.
 *
 * A copy cannot be checked against object ids, and a store can come from a stranger. So a copy counts only with an HMAC
 * made with this user's key, which is in no store. A copy that is missing, damaged or forged is ignored.
 */
import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { ForkpointError } from '../../errors.ts'
import { type FileSystem, isRealDisk } from '../disk/file-system.ts'
import { readFully } from '../disk/read-fully.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import { UserCache } from '../disk/user-cache.ts'
import { type KeptCopies, MOST_COPY } from './kept-copies.ts'

export class Copies implements KeptCopies {
  readonly mark: () => string
  readonly #folder: Pick<StoreFolder, 'fs' | 'paths'>
  readonly #most: number
  #key: UserKey | null | undefined
  /** Bytes of all copies, as far as this process knows. */
  #bytes: number | undefined

  /**
   * @param mark stands for what has been purged so far
   * @param most bytes of all copies of the store
   */
  constructor(folder: Pick<StoreFolder, 'fs' | 'paths'>, mark: () => string, most = MOST_BYTES) {
    this.mark = mark
    this.#folder = folder
    this.#most = most
  }

  /**
   * The copy; `undefined` when there is none.
   *
   * @param kind what the copy is of, with a number that changes when its format or its computation does
   * @param of 40 hex digits; together with `kind` they have to identify everything that the copy depends on
   */
  read(kind: string, of: string): Buffer | undefined {
    const key = this.#userKey()
    const bytes = key && quietly(() => readCopy(this.#folder.fs, this.#file(of, key)))
    if (!bytes || bytes.length < MAC_BYTES) return undefined
    const content = bytes.subarray(MAC_BYTES)
    const isOurs = timingSafeEqual(macOf(key, kind, of, content), bytes.subarray(0, MAC_BYTES))
    return isOurs ? content : undefined
  }

  /**
   * Keeps a copy. Does nothing if that is not possible, or if the copy is too large.
   *
   * @param mark the mark from before the objects were found to be in use; if there was a purge since, it may have
   * removed them, and no copy is kept
   */
  write(kind: string, of: string, content: Uint8Array, mark: string): void {
    const key = this.#userKey()
    if (key === null || MAC_BYTES + content.length > MOST_COPY || this.mark() !== mark) return
    const bytes = Buffer.concat([macOf(key, kind, of, content), content])
    quietly(() => this.#place(this.#file(of, key), bytes, mark))
  }

  #place(file: string, bytes: Buffer, mark: string): void {
    const { fs } = this.#folder
    this.#makeRoom(bytes.length)
    const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
    try {
      fs.writeFile(temporary, bytes, { mode: 0o600 })
      fs.rename(temporary, file)
    } catch (error) {
      fs.unlink(temporary)
      throw error
    }
    // A purge at the same time may have removed all copies before this one was written.
    if (this.mark() !== mark) fs.unlink(file)
  }

  /** Removes the oldest copies until there is room for this many bytes. */
  #makeRoom(more: number): void {
    const { fs, paths } = this.#folder
    if (this.#bytes === undefined) fs.makeDir(paths.copies)
    this.#bytes = (this.#bytes ?? this.#most) + more
    if (this.#bytes <= this.#most) return
    const copies = fs.readDir(paths.copies).flatMap((name) => {
      const path = join(paths.copies, name)
      const stat = fs.stat(path)
      return stat?.kind === 'file' ? [{ path, bytes: stat.size, at: stat.mtimeMs }] : []
    })
    this.#bytes = copies.reduce((sum, { bytes }) => sum + bytes, more)
    if (this.#bytes <= this.#most) return
    for (const { path, bytes } of copies.sort((a, b) => a.at - b.at)) {
      if (this.#bytes <= this.#most / 2) break
      fs.unlink(path)
      this.#bytes -= bytes
    }
  }

  /** Each user has their own copies. */
  #file(of: string, { name }: UserKey): string {
    return join(this.#folder.paths.copies, `${of}.${name}`)
  }

  /** `null` where there is none. */
  #userKey(): UserKey | null {
    if (this.#key !== undefined) return this.#key
    // Only on the real disk: no other program sees a simulated one.
    const key = isRealDisk(this.#folder.fs) ? UserCache.open()?.key() : undefined
    this.#key = key === undefined ? null : { key, name: hash('sha256', key, 'hex').slice(0, 16) }
    return this.#key
  }
}

interface UserKey {
  readonly key: Uint8Array
  /** The name of the user's folder of copies. */
  readonly name: string
}

const MAC_BYTES = 32
/** Of all copies of a store. */
const MOST_BYTES = 128 << 20

const macOf = ({ key }: UserKey, kind: string, of: string, content: Uint8Array): Buffer =>
  createHmac('sha256', key).update(`${kind}\n${of}\n`, 'latin1').update(content).digest()

function readCopy(fs: FileSystem, path: string): Buffer | undefined {
  const file = fs.open(path, 'r')
  if (file === undefined) return undefined
  try {
    const size = file.size()
    if (size > MOST_COPY) return undefined
    const bytes = Buffer.allocUnsafeSlow(size)
    return bytes.subarray(0, readFully(file, bytes, 0))
  } finally {
    file.close()
  }
}

/** Ignores errors: without a copy everything is right, only slower. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof ForkpointError) return undefined
    throw error
  }
}
