/**
 * What an owner shows of itself, and sees of others. Beside its token (a file with what `Owner` says) it listens on
 * a socket: `<token>.opening` until it has recovered what the dead left, `<token>.alive` from then on. Both are gone
 * with their owner; what is left of one that did not end properly is recovery's.
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
  /** Of everybody who has not ended properly, the living included. */
  tokens(fs: FileSystem): readonly { id: string; token: string }[]
}

/** A folder for each owner, which is renamed to `<id>.by-<id>` by who adopts it. */
export const ownerFolders = (journals: string): OwnerPlace => ({
  token: (id) => join(journals, id, 'owner'),
  tokens: (fs) =>
    fs.readDir(journals).flatMap((name) => {
      const id = /^([0-9a-f]{16})(?:\.by-[0-9a-f]{16})?$/.exec(name)?.[1]
      return id === undefined ? [] : [{ id, token: join(journals, name, 'owner') }]
    }),
})

/** Files in one folder. */
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
    // Somebody may have taken the folder away.
    if (this.#isShown && this.#fs.stat(this.token) === undefined) this.#prepared = undefined
    this.#prepared ??= this.#prepareNow().catch((error: unknown) => {
      this.#prepared = undefined
      throw error
    })
    return this.#prepared
  }

  /**
   * All that the dead have left is recovered: who is found dead from now on lived in the time of this owner, and the
   * machine was not restarted since. Throws StorageError.
   */
  async ready(): Promise<void> {
    this.#isReady = true
    await this.prepare()
    if (this.#beacon !== undefined) this.#fs.rename(`${this.token}.opening`, `${this.token}.alive`)
  }

  /** Writes the token if it is not there: it is needed at once, or somebody has tidied up. Throws StorageError. */
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
      // Half a name would make every lock nobody's.
      this.#fs.unlink(this.token)
      throw error
    }
  }

  /** Whether an owner lives. One that is found gone stays so. */
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

  /** Removes all that this owner shows. */
  close(): void {
    this.#fs.unlink(this.token)
    const file = this.#beacon && this.#beaconFile(this.token)
    this.abandon()
    if (file !== undefined) this.#fs.unlink(file)
  }

  /** Ends, and leaves what there is to who recovers. */
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
   * Outside of all containers nobody needs a socket: everybody else there sees the process, or another boot id that is the
   * kernel's own. Many tools refuse to copy a folder that has a socket in it.
   */
  #needsBeacon(): boolean {
    return this.#disk() !== undefined && !isOutside(this.owner)
  }

  /** Both outside of all containers, on a disk that one kernel has at a time, and that kernel has started anew. */
  #isOfAnotherBoot(owner: Owner): boolean {
    const disk = this.#disk()
    const isLocal = disk !== undefined && owner.disk === disk
    return isLocal && isOutside(owner) && isOutside(this.owner) && !shareKernel(owner, this.owner)
  }

  #disk(): string | undefined {
    // Before there is a store nobody can tell.
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
    // In the order in which it changes its name.
    for (const state of ['opening', 'alive']) {
      const signal = await this.#reach(`${token}.${state}`)
      // The layers of an overlay are folders of another disk; to the kernel their sockets are others.
      if (signal === 'silent' && owner.disk !== disk) return 'unsure'
      if (signal !== 'absent') return signal
    }
    return 'absent'
  }

  /**
   * Whether somebody lives who is ready. All who were dead before it came it has recovered, so whoever is found dead
   * now lived beside it, and the machine was not restarted since.
   */
  async #isWitnessed(): Promise<boolean> {
    if (this.#disk() === undefined) return false
    for (const { id, token } of this.#place.tokens(this.#fs))
      if (id !== this.owner.id && (await this.#reach(`${token}.alive`)) === 'answers') return true
    return false
  }

  /** Nothing but a socket is asked: a link could lead to one of somebody else. */
  async #reach(file: string): Promise<Signal> {
    const kind = this.#fs.stat(file)?.kind
    if (kind === undefined) return 'absent'
    return kind === 'socket' ? this.#fs.reach(file) : 'unsure'
  }

  #beaconFile(token: string): string | undefined {
    return [`${token}.opening`, `${token}.alive`].find((file) => this.#fs.stat(file) !== undefined)
  }
}
