/**
 * Git's own lock files: the process that creates `<file>.lock` may change `<file>`. Ours is a hard link to a small file
 * that names its owner. So a lock names its owner from the moment it exists, and a dead owner's lock can be told from a
 * lock of git or of a living writer. On disks without hard links it is a folder with that file in it
 * (`lock-folder.ts`). Source: lockfile.h of git.
 */
import { dirname } from 'node:path'
import { CorruptError, StorageError } from '../../errors.ts'
import type { FileSystem } from './file-system.ts'
import { type Identity, type Liveness, type Owner, ownerText, parseOwner } from './identity.ts'
import { ownerOfFolder, placeFolder, removeFolder } from './lock-folder.ts'
import { type OwnerPlace, Presence } from './presence.ts'

/** Milliseconds. A waiting process checks the lock often, and each question to the holder's socket wakes the holder. */
const ASK_AGAIN = 100

export class Locks {
  readonly #fs: FileSystem
  readonly #presence: Presence
  readonly #unreleased = new Set<string>()
  /** When a holder was last found alive. */
  readonly #alive = new Map<string, number>()
  #hardLinks = true
  #temporaries = 0

  constructor(fs: FileSystem, place: OwnerPlace, owner: Owner, identity: Identity) {
    this.#fs = fs
    this.#presence = new Presence(fs, place, owner, identity)
  }

  get owner(): Owner {
    return this.#presence.owner
  }

  /** Takes `<file>.lock`; `false` when it is taken. Never waits. */
  take(file: string): boolean {
    const lock = `${file}.lock`
    if (this.#unreleased.delete(lock)) return true
    return this.#put(lock, () => this.#place(lock)) === 'done'
  }

  /** Creates the file with the owner's name in it, if it does not exist. Throws StorageError. */
  mark(file: string): void {
    if (this.#put(file, () => this.#copy(file)) !== 'missing') return
    throw new StorageError(`'${file}' could not be written.`, { file })
  }

  /**
   * Releases the lock. Never throws, because the work under the lock is done. If the file cannot be removed, we can
   * still take the lock again.
   */
  release(file: string): void {
    const lock = `${file}.lock`
    try {
      if (this.#hardLinks) this.#fs.unlink(lock)
      else this.#remove(lock)
    } catch {
      this.#unreleased.add(lock)
    }
  }

  /**
   * Removes `<file>.lock` of an owner that is gone. The caller makes sure that no other process does so at the same
   * time. Throws StorageError.
   */
  breakOpen(file: string, { id }: Owner): void {
    const holder = this.holder(file)
    if (holder !== undefined && holder !== 'other' && holder.id === id) this.#remove(`${file}.lock`)
  }

  /** Who holds `<file>.lock`: a forkpoint owner, another program, or nobody. */
  holder(file: string): Owner | 'other' | undefined {
    const lock = `${file}.lock`
    let content: Buffer | undefined
    try {
      content = this.#fs.readFile(lock)
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error
      return ownerOfFolder(this.#fs, lock, (id) => this.#presence.named(id))
    }
    if (content === undefined) return undefined
    return parseOwner(content.toString('utf8')) ?? 'other'
  }

  /**
   * The forkpoint owner that left `<file>.lock` and is gone; `undefined` when the lock is valid or absent. A holder
   * that was alive a moment ago is not checked again.
   */
  async deadHolder(file: string): Promise<Owner | undefined> {
    const holder = this.holder(file)
    if (holder === undefined || holder === 'other' || holder.id === this.owner.id) return undefined
    const now = performance.now()
    if (now - (this.#alive.get(holder.id) ?? Number.NEGATIVE_INFINITY) < ASK_AGAIN) return undefined
    if (isGone(await this.liveness(holder))) return holder
    if (this.#alive.size > 100) this.#alive.clear()
    this.#alive.set(holder.id, now)
    return undefined
  }

  liveness(owner: Owner): Promise<Liveness> {
    return this.#presence.liveness(owner)
  }

  /** Writes the owner's name durably, so that locks can be traced to it. Throws StorageError. */
  prepareToken(): Promise<void> {
    return this.#presence.prepare()
  }

  /** Marks that all owners that are dead by now have been recovered. Throws StorageError. */
  ready(): Promise<void> {
    return this.#presence.ready()
  }

  /** Removes what this object left behind. */
  close(): void {
    for (const lock of this.#unreleased) this.#remove(lock)
    this.#unreleased.clear()
    this.#presence.close()
  }

  /** Ends, and leaves the files to recovery. */
  abandon(): void {
    this.#presence.abandon()
  }

  /** Links the token to `file`, or calls `without` on a disk without hard links. */
  #put(file: string, without: () => Put): Put {
    for (let round = 0; round < 5; round++) {
      const result = this.#hardLinks ? this.#fs.link(this.#presence.token, file) : without()
      if (result === 'done' || result === 'exists') return result
      if (result === 'unsupported') this.#hardLinks = false
      else {
        // Git removes empty folders of refs, and somebody may have deleted the token.
        this.#fs.makeDir(dirname(file))
        this.#presence.writeToken()
      }
    }
    return 'missing'
  }

  #place(lock: string): Put {
    this.#presence.writeToken()
    return placeFolder(this.#fs, this.#temporary(), lock, this.owner)
  }

  #copy(file: string): Put {
    this.#presence.writeToken()
    if (this.#fs.stat(file) !== undefined) return 'exists'
    const temporary = this.#temporary()
    try {
      this.#fs.writeFile(temporary, Buffer.from(ownerText(this.owner)))
      if (this.#fs.rename(temporary, file)) return 'done'
    } catch (error) {
      this.#fs.unlink(temporary)
      throw error
    }
    this.#fs.unlink(temporary)
    return 'missing'
  }

  #remove(lock: string): void {
    if (this.#fs.stat(lock)?.kind === 'folder') removeFolder(this.#fs, this.#temporary(), lock)
    else this.#fs.unlink(lock)
  }

  #temporary(): string {
    return `${this.#presence.token}-${this.#temporaries++}`
  }
}

type Put = 'done' | 'exists' | 'missing'

/** Whether the owner is certainly gone. */
export const isGone = (life: Liveness): boolean => life === 'dead' || life === 'rebooted'
