/**
 * The folder of a file store: `<name>.json` for each session, replaced atomically, and `.forkpoint` for temporary files
 * and locks. One process at a time changes a session; readers never wait.
 */
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CorruptError, LockedError, StorageError } from '../../errors.ts'
import { type FileSystem, nodeFileSystem } from '../../git/disk/file-system.ts'
import { type Identity, parseOwner, systemIdentity } from '../../git/disk/identity.ts'
import { emptyFolder } from '../../git/disk/lock-folder.ts'
import { isGone, Locks } from '../../git/disk/locks.ts'
import { diskBelow, OpenedFolder } from '../../git/disk/opened-folder.ts'
import { type OwnerPlace, ownerFiles } from '../../git/disk/presence.ts'
import { readStoreKey, storeKey } from '../../git/disk/store-key.ts'
import type { Blobs } from '../blob/blobs.ts'

const SUFFIX = '.json'
// Enough for the head of a file, unless the checkpoint's body is long.
const HEAD_BYTES = 16 * 1024

export interface SessionFolderOptions {
  fs?: FileSystem
  identity?: Identity
  /** Milliseconds. Default 10,000. */
  lockTimeout?: number
}

export class SessionFolder implements Blobs {
  readonly persistent = true
  readonly path: string
  /** The file system without the limit to this folder, for the folders above it. */
  readonly #disk: FileSystem
  readonly #fs: FileSystem
  readonly #folder: OpenedFolder
  readonly #own: string
  readonly #owners: OwnerPlace
  readonly #locks: Locks
  readonly #lockTimeout: number
  #prepared: Promise<void> | undefined
  #temporaries = 0

  constructor(path: string, options: SessionFolderOptions = {}) {
    const { fs: disk = nodeFileSystem, identity = systemIdentity, lockTimeout = 10_000 } = options
    this.path = resolve(path)
    this.#own = join(this.path, '.forkpoint')
    this.#owners = ownerFiles(this.#own)
    const owner = identity.newOwner()
    this.#folder = new OpenedFolder(disk, this.path, `.forkpoint/${owner.id}.owner`)
    const fs = diskBelow(disk, this.#folder)
    this.#disk = disk
    this.#fs = fs
    this.#locks = new Locks(fs, this.#owners, owner, identity)
    this.#lockTimeout = lockTimeout
  }

  /** Returns the path of a session's file, which need not exist. */
  nameOf(key: string): string {
    return join(this.path, key + SUFFIX)
  }

  keys(): string[] {
    this.#check()
    return this.#fs
      .readDir(this.path)
      .filter((file) => file.endsWith(SUFFIX))
      .map((file) => file.slice(0, -SUFFIX.length))
  }

  /** Throws CorruptError for a symbolic link. */
  read(key: string): Uint8Array | undefined {
    this.#check()
    return this.#fs.readFile(this.nameOf(key))
  }

  has(key: string): boolean {
    this.#check()
    return this.#fs.stat(this.nameOf(key)) !== undefined
  }

  /** Reads as many bytes as a head is expected to have. */
  readStart(key: string): Uint8Array | undefined {
    this.#check()
    const open = this.#fs.open(this.nameOf(key), 'r')
    if (open === undefined) return undefined
    try {
      const buffer = Buffer.alloc(HEAD_BYTES)
      return buffer.subarray(0, open.read(buffer, 0))
    } finally {
      open.close()
    }
  }

  /** Returns the bytes of all session files. */
  size(): number {
    return this.keys().reduce((total, key) => total + (this.#fs.stat(this.nameOf(key))?.size ?? 0), 0)
  }

  /**
   * Does the work while no other process on this host changes the session. Throws LockedError if a living process holds
   * the lock longer than `lockTimeout`.
   */
  async exclusively<T>(key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#locked(key, work)
    } catch (error) {
      throw this.#folder.explained(error)
    }
  }

  /**
   * Replaces the file atomically; it is on the disk when the promise resolves. The caller holds the lock, so the file
   * still is what it has seen.
   */
  async replace(key: string, bytes: Uint8Array): Promise<boolean> {
    const file = this.nameOf(key)
    const temporary = join(this.#own, `${this.#locks.owner.id}-${this.#temporaries++}.tmp`)
    try {
      if (!this.#fs.writeFile(temporary, bytes, { exclusive: true })) throw interfered(temporary)
      await this.#fs.syncFile(temporary)
      if (!this.#fs.rename(temporary, file)) throw interfered(temporary)
    } catch (error) {
      this.#tryToRemove(temporary)
      throw error
    }
    await this.#fs.syncDir(this.path)
    this.#check()
    return true
  }

  async remove(key: string): Promise<boolean> {
    const removed = this.#fs.unlink(this.nameOf(key))
    await this.#fs.syncDir(this.path)
    this.#check()
    return removed
  }

  /** Returns the key in `.forkpoint/key`, and makes it if it is missing. */
  markKey(): Uint8Array | Promise<Uint8Array> {
    const path = join(this.#own, 'key')
    return readStoreKey(this.#fs, path) ?? this.#makeKey(path)
  }

  /** Removes what dead processes have left behind. */
  async clean(): Promise<void> {
    for (const { id, token } of this.#owners.tokens(this.#fs)) {
      const owner = parseOwner(this.#fs.readFile(token)?.toString('utf8') ?? '')
      if (owner === undefined || owner.id === this.#locks.owner.id) continue
      if (!isGone(await this.#locks.liveness(owner))) continue
      const names = this.#fs.readDir(this.#own).filter((name) => name.startsWith(id))
      for (const path of names.map((name) => join(this.#own, name))) {
        if (path === token) continue
        if (this.#fs.stat(path)?.kind === 'folder') emptyFolder(this.#fs, path)
        else this.#fs.unlink(path)
      }
      this.#fs.unlink(token)
    }
  }

  close(): void {
    if (!this.#folder.isMoved) this.#locks.close()
  }

  async #makeKey(path: string): Promise<Uint8Array> {
    await this.#prepare()
    const temporary = join(this.#own, `${this.#locks.owner.id}-${this.#temporaries++}.tmp`)
    try {
      return await storeKey(this.#fs, path, temporary)
    } finally {
      this.#tryToRemove(temporary)
    }
  }

  async #locked<T>(name: string, work: () => Promise<T>): Promise<T> {
    await this.#prepare()
    this.#check()
    const file = join(this.#own, name)
    await this.#take(file)
    try {
      return await work()
    } finally {
      this.#locks.release(file)
    }
  }

  async #take(file: string): Promise<void> {
    const end = performance.now() + this.#lockTimeout
    for (let wait = 1; !this.#locks.take(file); wait = Math.min(wait * 2, 50)) {
      await this.#breakDead(file)
      if (performance.now() > end) throw new LockedError(`${file}.lock`)
      await sleep(wait * (0.5 + Math.random()))
    }
  }

  /**
   * Breaks a dead process's lock while it holds a lock on that lock. Otherwise it might break the lock of a process
   * that has just taken it.
   */
  async #breakDead(file: string, depth = 0): Promise<void> {
    if (depth > 2 || (await this.#locks.deadHolder(file)) === undefined) return
    const guard = `${file}.lock`
    if (!this.#locks.take(guard)) {
      await this.#breakDead(guard, depth + 1)
      return
    }
    try {
      const dead = await this.#locks.deadHolder(file)
      if (dead !== undefined) this.#locks.breakOpen(file, dead)
    } finally {
      this.#locks.release(guard)
    }
  }

  /** Throws StoreMovedError if the folder is not the one that was first used. */
  #check(): void {
    this.#folder.enter()
    this.#folder.check()
  }

  #prepare(): Promise<void> {
    this.#prepared ??= this.#makeFolders().catch((error) => {
      this.#prepared = undefined
      throw error
    })
    return this.#prepared
  }

  async #makeFolders(): Promise<void> {
    this.#check()
    const made = this.#disk.makeDir(this.path)
    const kind = this.#fs.stat(this.#own)?.kind
    if (kind === 'link' || kind === 'file') {
      const message = `'${this.#own}' has to be a folder that only the store uses, not a ${kind}. Remove it, and try again.`
      throw new CorruptError(message, { file: this.#own })
    }
    this.#fs.makeDir(this.#own)
    await this.#locks.prepareToken()
    await this.#locks.ready()
    this.#check()
    await this.#fs.syncDir(this.path)
    for (let at = this.path; made !== undefined && at.length >= made.length; at = dirname(at)) {
      await this.#fs.syncDir(dirname(at))
    }
  }

  #tryToRemove(file: string): void {
    try {
      this.#fs.unlink(file)
    } catch {
      // The caller's error says more. `clean` removes the file later.
    }
  }
}

const interfered = (file: string): StorageError =>
  new StorageError(
    `'${file}' was created or removed by another process. Only forkpoint may change this folder.`,
    { file },
  )
