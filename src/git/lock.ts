/**
 * Git's own lock files: whoever creates `<file>.lock` may change `<file>`. Ours is a hard link to a small file
 * that names its owner, so a lock says whose it is from the instant it exists, and one of a dead process
 * is told from one of git's or of a living writer's. Source: lockfile.h of git.
 */
import { dirname } from 'node:path'
import { CorruptError, StorageError } from '../errors.ts'
import type { FileSystem } from './file-system.ts'
import { type Identity, type Liveness, type Owner, ownerText, parseOwner } from './process-identity.ts'

export class Locks {
  owner: Owner
  private readonly fs: FileSystem
  private readonly token: string
  private readonly identity: Identity
  private readonly unreleased = new Set<string>()
  private hardLinks = true
  private local: boolean | undefined

  /** `token`: path of the file that names the owner; written when first needed. */
  constructor(fs: FileSystem, token: string, owner: Owner, identity: Identity) {
    this.fs = fs
    this.token = token
    this.owner = owner
    this.identity = identity
  }

  /** Takes `<file>.lock`; `false` when somebody holds it. Never waits. */
  take(file: string): boolean {
    const lock = `${file}.lock`
    if (this.unreleased.delete(lock)) return true
    for (let round = 0; round < 5; round++) {
      const result = this.hardLinks ? this.fs.link(this.token, lock) : this.create(lock)
      if (result === 'done') return true
      if (result === 'exists') return false
      if (result === 'unsupported') this.hardLinks = false
      else this.prepare(lock)
    }
    return false
  }

  /** Puts a file there that says whose it is, if there is none. Throws StorageError. */
  mark(file: string): void {
    for (let round = 0; round < 5; round++) {
      const result = this.hardLinks ? this.fs.link(this.token, file) : this.create(file)
      if (result === 'done' || result === 'exists') return
      if (result === 'unsupported') this.hardLinks = false
      else this.prepare(file)
    }
    throw new StorageError(`'${file}' could not be written.`, { file })
  }

  /** Never throws: what was done under the lock is done. A lock that cannot be removed is still ours to take. */
  release(file: string): void {
    const lock = `${file}.lock`
    try {
      this.fs.unlink(lock)
    } catch {
      this.unreleased.add(lock)
    }
  }

  /** Who holds `<file>.lock`: an owner of ours, somebody else, or nobody. */
  holder(file: string): Owner | 'other' | undefined {
    let content: Buffer | undefined
    try {
      content = this.fs.readFile(`${file}.lock`)
    } catch (error) {
      if (error instanceof CorruptError) return 'other'
      throw error
    }
    if (content === undefined) return undefined
    return parseOwner(content.toString('utf8')) ?? 'other'
  }

  /** Whose process of ours left `<file>.lock` and is gone; `undefined` when it is held by right, or by nobody. */
  deadHolder(file: string): Owner | undefined {
    const holder = this.holder(file)
    if (holder === undefined || holder === 'other' || holder.id === this.owner.id) return undefined
    return isGone(this.liveness(holder)) ? holder : undefined
  }

  liveness(owner: Owner): Liveness {
    const life = this.identity.liveness(owner)
    if (life !== 'foreign' || owner.boot === '' || owner.local !== true) return life
    // A container has a new host name each time it is started. What both of us see on a disk of one machine alone
    // is of this machine, before it was restarted.
    return this.isLocal() ? 'rebooted' : life
  }

  /** Writes the token and makes it durable, so that even after a power loss every lock says whose it was. */
  async prepareToken(): Promise<void> {
    this.writeToken()
    await this.fs.syncFile(this.token)
    await this.fs.syncDir(dirname(this.token))
    await this.fs.syncDir(dirname(dirname(this.token)))
  }

  /** Removes what this object left behind. */
  close(): void {
    for (const lock of this.unreleased) this.fs.unlink(lock)
    this.unreleased.clear()
    this.fs.unlink(this.token)
  }

  private isLocal(): boolean {
    this.local ??= this.fs.isLocal(dirname(dirname(this.token)))
    return this.local
  }

  private create(lock: string): 'done' | 'exists' | 'missing' {
    try {
      const text = ownerText({ ...this.owner, local: this.isLocal() })
      if (this.fs.writeFile(lock, Buffer.from(text), { exclusive: true })) return 'done'
    } catch (error) {
      this.fs.unlink(lock)
      throw error
    }
    return this.fs.stat(lock) === undefined ? 'missing' : 'exists'
  }

  /** git removes folders of refs that became empty; somebody may have cleaned away the token. */
  private prepare(lock: string): void {
    this.fs.makeDir(dirname(lock))
    this.writeToken()
  }

  private writeToken(): void {
    if (this.fs.stat(this.token) !== undefined) return
    this.fs.makeDir(dirname(this.token))
    this.owner = { ...this.owner, local: this.isLocal() }
    try {
      this.fs.writeFile(this.token, Buffer.from(ownerText(this.owner)), { exclusive: true })
    } catch (error) {
      // Half a name would make every lock nobody's.
      this.fs.unlink(this.token)
      throw error
    }
  }
}

/** Of this host, and certainly not running any more. */
export const isGone = (life: Liveness): boolean => life === 'dead' || life === 'rebooted'
