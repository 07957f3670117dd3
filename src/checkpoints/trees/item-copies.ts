/**
 * Copies of the items of full folders, as one reads them: a thousand small files are found, checked and decoded ten times
 * slower than they are read from one text. A folder that has all its items hardly ever changes, so later checkpoints and
 * forks share its tree, and its copy.
 *
 * A copy lies in the store, so that it goes with it, and a purge removes it. What it says cannot be checked against the id of
 * the tree, and a store can be someone else's. So it counts only with an HMAC by the key of this user, which is in no store.
 * One that is missing, damaged or forged is as good as none.
 */
import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { ForkpointError } from '../../errors.ts'
import { type FileSystem, isRealDisk } from '../../git/disk/file-system.ts'
import { readFully } from '../../git/disk/read-fully.ts'
import type { StoreFolder } from '../../git/disk/store-folder.ts'
import { UserCache } from '../../git/disk/user-cache.ts'
import type { ObjectId } from '../../ids.ts'
import { isCopyOf } from '../../json-value.ts'
import { TimeSlice } from '../../time-slice.ts'

/** What is decoded differently some day gets another number. */
const VERSION = 'forkpoint copy 1'
/** Of all copies of a store. */
const MOST_BYTES = 128 << 20
/** Of one copy: what is larger is large items, which gain nothing. */
const MOST_COPY = 4 << 20
/** Of a line: so much is parsed at once. */
const LINE_BYTES = 128 << 10
const MAC_BYTES = 32

export class ItemCopies {
  readonly #folder: Pick<StoreFolder, 'fs' | 'paths'>
  readonly #mark: () => string
  readonly #most: number
  #key: UserKey | null | undefined
  /** Bytes of all copies, as far as is known here. */
  #bytes: number | undefined

  /**
   * @param mark stands for what has been purged so far
   * @param most bytes of all copies of the store
   */
  constructor(folder: Pick<StoreFolder, 'fs' | 'paths'>, mark: () => string, most = MOST_BYTES) {
    this.#folder = folder
    this.#mark = mark
    this.#most = most
  }

  /** The items of the folder that this tree is; `undefined` when there is no copy of it. */
  async read(tree: ObjectId, slice = new TimeSlice()): Promise<unknown[] | undefined> {
    const key = this.#userKey()
    const bytes = key && quietly(() => readCopy(this.#folder.fs, this.#file(tree, key)))
    if (!bytes || bytes.length < MAC_BYTES) return undefined
    const text = bytes.subarray(MAC_BYTES)
    if (!timingSafeEqual(macOf(key, tree, text), bytes.subarray(0, MAC_BYTES))) return undefined
    const items: unknown[] = []
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf(10, at)
      for (const item of JSON.parse(text.toString('utf8', at, end))) items.push(item)
      at = end + 1
      if (slice.isOver()) await slice.next()
    }
    return items
  }

  /**
   * Keeps a copy of the items of the folder that a tree is. Nothing happens where that is not possible, or where it would be
   * too large.
   *
   * @param mark of before the tree was found to be in use; if something was purged since, it may be this tree, and no copy
   *   is kept
   */
  async write(
    tree: ObjectId,
    items: readonly unknown[],
    mark: string,
    slice = new TimeSlice(),
  ): Promise<void> {
    const key = this.#userKey()
    if (key === null) return
    const lines: Buffer[] = []
    let bytes = MAC_BYTES
    for (let from = 0; from < items.length; ) {
      const line = lineOf(items, from)
      if (line === undefined) return
      bytes += line.bytes.length
      if (bytes > MOST_COPY) return
      lines.push(line.bytes)
      from = line.end
      if (slice.isOver()) await slice.next()
    }
    const text = Buffer.concat(lines)
    quietly(() => this.#place(this.#file(tree, key), Buffer.concat([macOf(key, tree, text), text]), mark))
  }

  #place(file: string, bytes: Buffer, mark: string): void {
    const { fs } = this.#folder
    if (this.#mark() !== mark) return
    this.#makeRoom(bytes.length)
    const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
    try {
      fs.writeFile(temporary, bytes, { mode: 0o600 })
      fs.rename(temporary, file)
    } catch (error) {
      fs.unlink(temporary)
      throw error
    }
    // A purge that came meanwhile may have removed all copies before this one was there.
    if (this.#mark() !== mark) fs.unlink(file)
  }

  /** Removes the oldest copies where there is not enough room for so many bytes more. */
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

  /** Each user has copies of their own. */
  #file(tree: ObjectId, { name }: UserKey): string {
    return join(this.#folder.paths.copies, `${tree}.${name}`)
  }

  /** `null` where there is none. */
  #userKey(): UserKey | null {
    if (this.#key !== undefined) return this.#key
    // Other programs don't see another disk, so it needs no copies.
    const key = isRealDisk(this.#folder.fs) ? UserCache.open()?.key() : undefined
    this.#key = key === undefined ? null : { key, name: hash('sha256', key, 'hex').slice(0, 16) }
    return this.#key
  }
}

interface UserKey {
  readonly key: Uint8Array
  /** Tells it from others. */
  readonly name: string
}

const macOf = ({ key }: UserKey, tree: ObjectId, text: Uint8Array): Buffer =>
  createHmac('sha256', key).update(`${VERSION}\n${tree}\n`, 'latin1').update(text).digest()

/** Some items from `from` on, as an array; `undefined` for what JSON does not give back as it is. */
function lineOf(items: readonly unknown[], from: number): { bytes: Buffer; end: number } | undefined {
  const texts: string[] = []
  let end = from
  for (let length = 0; end < items.length && length < LINE_BYTES; end++) {
    const text = JSON.stringify(items[end])
    if (!isCopyOf(items[end], JSON.parse(text))) return undefined
    texts.push(text)
    length += text.length
  }
  return { bytes: Buffer.from(`[${texts.join(',')}]\n`), end }
}

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

/** Without a copy everything is right, and slower. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof ForkpointError) return undefined
    throw error
  }
}
