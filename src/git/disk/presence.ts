/**
 * How an owner shows that it lives, and finds out whether others do. Beside its token (a file with the fields of
 * `Owner`) it listens on a socket: `<token>.opening` until it has recovered what dead owners left, `<token>.alive` from
 * then on. Both end with their owner; recovery removes the files of an owner that did not end properly.
 */
import { dirname, join } from 'node:path'
import type { Beacon, Signal } from './beacon.ts'
import type { FileSystem } from './file-system.ts'
import {
  here,
  type Identity,
  isHere,
  type Liveness,
  type Owner,
  ownerText,
  parseOwner,
  shareKernel,
} from './identity.ts'
import { isOutside } from './system.ts'

/** Where the owners of a store keep their tokens. */
export interface OwnerPlace {
  token(id: string): string
  /** The tokens of all owners that have not ended properly, living ones included. */
  tokens(fs: FileSystem): readonly { id: string; token: string }[]
}

/** A folder for each owner; a process that adopts it renames it to `<id>.by-<id>`. */
export const ownerFolders = (journals: string): OwnerPlace => ({
  token: (id) => join(journals, id, 'owner'),
  tokens: (fs) =>
    fs.readDir(journals).flatMap((name) => {
      const id = /^([0-9a-f]{16})(?:\.by-[0-9a-f]{16})?$/.exec(name)?.[1]
      return id === undefined ? [] : [{ id, token: join(journals, name, 'owner') }]
    }),
})

/** A file for each owner, all in one folder. */
export const ownerFiles = (folder: string): OwnerPlace => ({
  token: (id) => join(folder, `${id}.owner`),
  tokens: (fs) =>
    fs.readDir(folder).flatMap((name) => {
      const id = /^([0-9a-f]{16})\.owner$/.exec(name)?.[1]
      return id === undefined ? [] : [{ id, token: join(folder, name) }]
    }),
})

export class Presence {
  owner: Owner
  /** The path of the token. */
  readonly token: string
  readonly #fs: FileSystem
  readonly #place: OwnerPlace
  readonly #identity: Identity
  #prepared: Promise<void> | undefined
  #beacon: Beacon | undefined
  #isShown = false
  #isReady = false
  #knownDisk: string | undefined

  constructor(fs: FileSystem, place: OwnerPlace, owner: Owner, identity: Identity) {
    this.#fs = fs
    this.#place = place
    this.token = place.token(owner.id)
    this.owner = owner
    this.#identity = identity
  }

  /**
   * Listens, writes the token and makes it durable, so that even after a power loss every lock says whose it was.
   * Does nothing when that was done before. Throws StorageError.
   */
  prepare(): Promise<void> {
    // The folder may have been removed.
    if (this.#isShown && this.#fs.stat(this.token) === undefined) this.#prepared = undefined
    this.#prepared ??= this.#prepareNow().catch((error: unknown) => {
      this.#prepared = undefined
      throw error
    })
    return this.#prepared
  }

  /**
   * To be called when everything that dead owners left is recovered. An owner that is found dead after this call lived
   * at the same time as this one, so the machine was not restarted since. Throws StorageError.
   */
  async ready(): Promise<void> {
    this.#isReady = true
    await this.prepare()
    if (this.#beacon !== undefined) this.#fs.rename(`${this.token}.opening`, `${this.token}.alive`)
  }

  /**
   * Writes the token if it is missing: it is needed before `prepare`, or somebody has deleted it. Throws StorageError.
   */
  writeToken(): void {
    if (this.#fs.stat(this.token) !== undefined) return
    this.#fs.makeDir(dirname(this.token))
    here.owners.add(this.owner.id)
    const beacon = this.#beacon !== undefined && this.#beaconFile(this.token) !== undefined
    const disk = this.#disk()
    this.owner = { ...this.owner, ...(disk !== undefined && { disk }), beacon }
    try {
      this.#fs.writeFile(this.token, Buffer.from(ownerText(this.owner)), { exclusive: true })
    } catch (error) {
      // With half a name, every lock of ours would belong to nobody.
      this.#fs.unlink(this.token)
      throw error
    }
  }

  /** Whether an owner lives. An owner that is gone never comes back. */
  async liveness(owner: Owner): Promise<Liveness> {
    if (owner.id === this.owner.id) return 'alive'
    if (isHere(owner)) return here.owners.has(owner.id) ? 'alive' : 'dead'
    // The cheapest evidence first.
    const verdict = this.#identity.liveness(owner, 'unsure')
    if (verdict === 'unknown' && this.#isOfAnotherBoot(owner)) return 'rebooted'
    if (verdict === 'dead' || verdict === 'rebooted') return verdict
    const found = this.#place.tokens(this.#fs).filter(({ id }) => id === owner.id)
    if (found.some(({ token }) => this.#fs.stat(`${token}.gone`) !== undefined))
      return shareKernel(owner, this.owner) ? 'dead' : 'rebooted'
    const signal = await this.#signalOf(owner, found[0]?.token)
    const answer = signal === 'unsure' ? verdict : this.#identity.liveness(owner, signal)
    if (answer !== 'ended') return answer
    return this.#isReady || (await this.#isWitnessed()) ? 'dead' : 'rebooted'
  }

  /** Removes the token and the socket of this owner. */
  close(): void {
    this.#fs.unlink(this.token)
    const file = this.#beacon && this.#beaconFile(this.token)
    this.abandon()
    if (file !== undefined) this.#fs.unlink(file)
  }

  /** Ends, and leaves the files to recovery. */
  abandon(): void {
    here.owners.delete(this.owner.id)
    this.#beacon?.close()
    this.#beacon = undefined
    this.#prepared = undefined
    this.#isShown = false
  }

  /** The owner of that id, if its token is there. */
  named(id: string): Owner | undefined {
    const found = this.#place.tokens(this.#fs).find((one) => one.id === id)
    return parseOwner((found && this.#fs.readFile(found.token)?.toString('utf8')) ?? '')
  }

  /**
   * Outside of all containers no socket is needed: others there see either the process itself, or another boot id,
   * which is the kernel's own. Many tools refuse to copy a folder that has a socket in it.
   */
  #needsBeacon(): boolean {
    return this.#disk() !== undefined && !isOutside(this.owner)
  }

  /**
   * Whether the kernel was restarted since `owner` ran: both owners are outside of all containers, on a disk that only
   * one kernel can have at a time.
   */
  #isOfAnotherBoot(owner: Owner): boolean {
    const disk = this.#disk()
    const isLocal = disk !== undefined && owner.disk === disk
    return isLocal && isOutside(owner) && isOutside(this.owner) && !shareKernel(owner, this.owner)
  }

  #disk(): string | undefined {
    // Unknown until the store exists.
    this.#knownDisk ??= this.#fs.localDisk(dirname(dirname(this.token)))
    return this.#knownDisk
  }

  async #prepareNow(): Promise<void> {
    const folder = dirname(this.token)
    this.#isShown = false
    here.owners.add(this.owner.id)
    this.#fs.makeDir(folder)
    if (this.#beacon !== undefined && this.#beaconFile(this.token) === undefined) {
      this.#beacon.close()
      this.#beacon = undefined
    }
    if (this.#needsBeacon())
      this.#beacon ??= await this.#fs.listen(`${this.token}.${this.#isReady ? 'alive' : 'opening'}`)
    this.writeToken()
    await this.#fs.syncFile(this.token)
    await this.#fs.syncDir(folder)
    await this.#fs.syncDir(dirname(folder))
    this.#isShown = true
  }

  async #signalOf(owner: Owner, token = this.#place.token(owner.id)): Promise<Signal> {
    const disk = this.#disk()
    if (owner.beacon !== true || owner.disk === undefined || disk === undefined) return 'unsure'
    // The socket is renamed in this order.
    for (const state of ['opening', 'alive']) {
      const signal = await this.#reach(`${token}.${state}`)
      // The layers of an overlay are folders on another disk, and the kernel takes their sockets for different ones.
      if (signal === 'silent' && owner.disk !== disk) return 'unsure'
      if (signal !== 'absent') return signal
    }
    return 'absent'
  }

  /**
   * Whether another owner is alive and ready. It has recovered all owners that were dead when it started, so an owner
   * that is found dead now lived at the same time as it, and the machine was not restarted since.
   */
  async #isWitnessed(): Promise<boolean> {
    if (this.#disk() === undefined) return false
    for (const { id, token } of this.#place.tokens(this.#fs))
      if (id !== this.owner.id && (await this.#reach(`${token}.alive`)) === 'answers') return true
    return false
  }

  /** Only a socket itself is asked: a link could lead to a socket of another program. */
  async #reach(file: string): Promise<Signal> {
    const kind = this.#fs.stat(file)?.kind
    if (kind === undefined) return 'absent'
    return kind === 'socket' ? this.#fs.reach(file) : 'unsure'
  }

  #beaconFile(token: string): string | undefined {
    return [`${token}.opening`, `${token}.alive`].find((file) => this.#fs.stat(file) !== undefined)
  }
}
