/**
 * Objects of a server's repository in limited memory: missing objects are fetched, and the oldest packs are dropped.
 */
import { Buffer } from 'node:buffer'
import { CorruptError, RemoteError } from '../../errors.ts'
import type { CommitId, ObjectId } from '../../ids.ts'
import { ObjectStore } from '../database/object-store.ts'
import type { NewObject } from '../objects/object.ts'
import { BrokenPackError, checkReceived } from '../packs/received.ts'
import { buildPackAsync } from '../packs/writer.ts'
import type { GitServer } from '../wire/server.ts'
import { MemoryFiles } from './memory-files.ts'

export class HostedObjects {
  readonly store: ObjectStore
  readonly #server: GitServer
  readonly #budget: number
  readonly #files = new MemoryFiles()
  /** Bytes of each pack, oldest first. */
  readonly #sizes = new Map<string, number>()
  /** Commits in memory with their complete trees, oldest first. */
  readonly #whole = new Set<ObjectId>()
  /** Small packs of objects that were written here, to be merged. */
  #written: { name: string; objects: readonly NewObject[] }[] = []

  /** `budget`: most bytes of packs to keep; the newest pack is kept whatever its size. */
  constructor(server: GitServer, budget: number) {
    this.#server = server
    this.#budget = budget
    this.store = new ObjectStore(this.#files, OBJECTS, { bring: (ids) => this.#bring(ids) })
  }

  get files(): MemoryFiles {
    return this.#files
  }

  /** Fetches commits with their trees in one request, unless they are in memory. `near`: possible ancestors. */
  async bringTips(tips: readonly CommitId[], near: readonly CommitId[] = []): Promise<void> {
    const wants = tips.filter((id) => !this.#whole.has(id))
    if (wants.length === 0) return
    const haves = near.filter((id) => this.#whole.has(id)).slice(0, MOST_HAVES)
    try {
      await this.#fetch(wants, haves, 1)
      for (const id of wants) this.#whole.add(id)
    } catch (error) {
      if (!(error instanceof RemoteError) || error.failure !== 'refused') throw error
      // The server lacks one of them; reading it will throw.
      if (wants.length > 1) for (const id of wants) await this.bringTips([id])
    }
  }

  /** Keeps objects that were written to the server. `from` is the commit below `tip`. */
  async add(
    objects: readonly NewObject[],
    tip: CommitId | undefined,
    from: CommitId | undefined,
  ): Promise<void> {
    if (objects.length > 0) {
      const name = await this.#keepPackOf(objects)
      if (name !== undefined) this.#written.push({ name, objects })
      if (this.#written.length >= MOST_SMALL) await this.#mergeWritten()
    }
    if (tip !== undefined && (from === undefined || this.#whole.has(from))) this.#whole.add(tip)
  }

  /** Fetches objects that are not in memory. A single commit is fetched with some of its history. */
  async #bring(ids: readonly ObjectId[]): Promise<void> {
    const wants = [...new Set(ids)]
    if (wants.length === 0) return
    const known = [...this.#whole].slice(-MOST_HAVES)
    const isLeft = async (): Promise<boolean> => {
      for (const id of wants) if (!(await this.store.has(id))) return true
      return false
    }
    try {
      await this.#fetch(wants, known, wants.length === 1 ? HISTORY : 1)
      // The server left out objects that it expects to be here.
      if (known.length > 0 && (await isLeft())) await this.#fetch(wants, [], 1)
    } catch (error) {
      if (!(error instanceof RemoteError) || error.failure !== 'refused') throw error
      // The server lacks one of them; reading it will throw.
      if (wants.length > 1) for (const id of wants) await this.#bring([id])
    }
  }

  async #fetch(wants: readonly ObjectId[], haves: readonly ObjectId[], depth: number): Promise<void> {
    await this.#server.fetch({ wants, haves, shallow: haves, depth }, async ({ pack }) => {
      const pieces: Buffer[] = []
      for await (const piece of pack) pieces.push(Buffer.from(piece))
      await this.#keep(Buffer.concat(pieces))
    })
  }

  async #keep(pack: Buffer): Promise<void> {
    try {
      const read = (position: number, length: number): Buffer => pack.subarray(position, position + length)
      const { name, index, ids } = await checkReceived(
        { size: pack.length, read },
        { visit: () => undefined },
      )
      if (ids.size > 0) this.#place(name, pack, index)
    } catch (error) {
      if (!(error instanceof BrokenPackError)) throw error
      throw new CorruptError(
        `The objects that ${this.#server.url} sent were not taken: ${error.message}.`,
        {},
        { cause: error },
      )
    }
  }

  /** Makes and keeps a pack; returns its name, or `undefined` if it was kept already. */
  async #keepPackOf(objects: readonly NewObject[]): Promise<string | undefined> {
    const { name, pack, index } = await buildPackAsync(objects)
    if (this.#sizes.has(name)) return undefined
    this.#place(name, pack, index)
    return name
  }

  #place(name: string, pack: Buffer, index: Buffer): void {
    if (this.#sizes.has(name)) return
    this.#files.write(`${OBJECTS}/pack/pack-${name}.pack`, pack)
    this.#files.write(`${OBJECTS}/pack/pack-${name}.idx`, index)
    this.#sizes.set(name, pack.length + index.length)
    this.store.addPack(name, index)
    let bytes = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0)
    for (const [oldest, size] of this.#sizes) {
      if (bytes <= this.#budget || oldest === name) break
      bytes -= size
      this.#drop([oldest])
      // No tree is certain to be complete any longer.
      this.#whole.clear()
    }
  }

  #drop(names: readonly string[]): void {
    for (const name of names) {
      this.#sizes.delete(name)
      this.#files.remove(`${OBJECTS}/pack/pack-${name}.idx`)
      this.#files.remove(`${OBJECTS}/pack/pack-${name}.pack`)
    }
    this.store.forgetPacks(names)
    this.#written = this.#written.filter(({ name }) => !names.includes(name))
  }

  async #mergeWritten(): Promise<void> {
    const small = this.#written.filter(({ name }) => (this.#sizes.get(name) ?? 0) < SMALL)
    this.#written = []
    if (small.length < 2) return
    const objects = small.flatMap((one) => one.objects)
    await this.#keepPackOf(objects)
    this.#drop(small.map(({ name }) => name))
  }
}

const OBJECTS = '/objects'
const MOST_HAVES = 16
const MOST_SMALL = 32
/** Packs with fewer bytes are merged. */
const SMALL = 256 * 1024
/** Commits of history that are fetched with a missing commit. */
const HISTORY = 256
