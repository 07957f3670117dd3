/**
 * Objects that a server sends, on their way into a repository: written where git does not look, checked whole, then
 * placed, durable and safe from `gc` before anybody may move a ref to them.
 */

import { Buffer } from 'node:buffer'
import { join } from 'node:path'
import { CorruptError } from '../../errors.ts'
import type { ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { OpenFile } from '../disk/file-system.ts'
import { readPiece } from '../disk/read-fully.ts'
import { decodeParents } from '../objects/commit.ts'
import { namedIn } from '../objects/named.ts'
import { EMPTY_TREE } from '../objects/object.ts'
import { BrokenPackError, checkReceived, type ReceivedPack } from '../packs/received.ts'
import type { Repository } from '../repository.ts'
import { exclusively } from '../upkeep/maintenance.ts'
import { shallowCommits } from '../upkeep/roots.ts'
import type { FetchAnswer } from './fetch-command.ts'
import type { Fetched, RemoteOptions } from './remote.ts'

export class Incoming {
  readonly #repository: Repository
  readonly #url: string
  readonly #options: RemoteOptions

  /** `url`: whom errors name. */
  constructor(repository: Repository, url: string, options: RemoteOptions) {
    this.#repository = repository
    this.#url = url
    this.#options = options
  }

  /** Makes the repository fit for writing. Throws LockedError, StorageError, UnsupportedError. */
  async open(): Promise<void> {
    await exclusively(this.#repository, () => undefined)
  }

  /** Takes what comes. Throws CorruptError, StorageError, and what reading the answer throws: then nothing was placed. */
  async take({ pack, shallow, unshallow }: FetchAnswer, wants: readonly ObjectId[]): Promise<Fetched> {
    const { temporaries } = this.#repository.folder
    const path = temporaries.path()
    const file = temporaries.open(path)
    let isOpen = true
    try {
      const size = await this.#write(file, pack)
      const cut = new Set([...shallowCommits(this.#repository.folder), ...shallow])
      const named = new Set<ObjectId>(wants)
      const checked = await this.#check(file, size, named, cut)
      const missing = await this.#missing(named, checked?.ids)
      if (missing !== undefined)
        throw this.#broken(`the object ${missing}, which others need, is not among them`)
      if (checked === undefined) {
        await this.#cutOff(shallow, unshallow)
        return { release() {} }
      }
      await file.sync()
      isOpen = false
      file.close()
      const release = await this.#place(path, checked)
      try {
        await this.#cutOff(shallow, unshallow)
      } catch (error) {
        release()
        throw error
      }
      return { release }
    } finally {
      if (isOpen) file.close()
      temporaries.discard(path)
    }
  }

  async #write(file: OpenFile, pack: AsyncIterable<Buffer>): Promise<number> {
    let size = 0
    for await (const piece of pack) {
      for (let at = 0; at < piece.length; ) at += await file.writeAsync(piece.subarray(at), size + at)
      size += piece.length
      this.#options.onProgress?.({ phase: 'receiving bytes', done: size })
    }
    return size
  }

  /** `undefined` for a pack without objects. Adds what they name to `named`. */
  async #check(
    file: OpenFile,
    size: number,
    named: Set<ObjectId>,
    cut: ReadonlySet<ObjectId>,
  ): Promise<ReceivedPack | undefined> {
    const { signal, onProgress } = this.#options
    const read = async (position: number, length: number): Promise<Buffer> => {
      signal?.throwIfAborted()
      return readPiece(file, position, length)
    }
    try {
      const checked = await checkReceived(
        { size, read },
        {
          visit: (id, object) => {
            for (const next of namedIn(id, object, cut)) named.add(next.id)
          },
          onProgress: (done, total) => onProgress?.({ phase: 'checking objects', done, total }),
        },
      )
      return checked.ids.size === 0 ? undefined : checked
    } catch (error) {
      if (error instanceof BrokenPackError) throw this.#broken(error.message, error)
      throw error
    }
  }

  /** An object that is neither among the received ones nor in the repository. */
  async #missing(
    named: ReadonlySet<ObjectId>,
    received: ReadonlySet<ObjectId> = new Set(),
  ): Promise<ObjectId | undefined> {
    const { objects } = this.#repository
    const slice = new TimeSlice()
    for (const id of named) {
      if (received.has(id) || id === EMPTY_TREE) continue
      if (!(await objects.has(id))) return id
      if (slice.isOver()) await slice.next()
    }
    return undefined
  }

  async #place(path: string, { name, index }: ReceivedPack): Promise<() => void> {
    const { placement, objects, fs, paths, folder } = this.#repository
    const indexFile = await folder.temporaries.writeAny(index)
    try {
      await fs.syncFile(indexFile)
      const release = placement.hold(name)
      try {
        // Asked for once more: its like was placed before.
        if (placement.has(name)) await placement.sync(name)
        else placement.reveal(name, path, indexFile)
        await fs.syncDir(paths.packs)
      } catch (error) {
        release()
        throw error
      }
      objects.addPack(name, index)
      return release
    } finally {
      folder.temporaries.discard(indexFile)
    }
  }

  /** Notes where history is cut off (gitrepository-layout(5), `shallow`), durable before a ref leads there. */
  async #cutOff(shallow: readonly ObjectId[], unshallow: readonly ObjectId[]): Promise<void> {
    const repository = this.#repository
    if (shallow.length === 0 && unshallow.length === 0) return
    const before = shallowCommits(repository.folder)
    const isChanged = shallow.some((id) => !before.has(id)) || unshallow.some((id) => before.has(id))
    if (!isChanged) return
    const { fs, folder, paths } = repository
    await repository.change({
      refs: [SHALLOW],
      prepare: async () => {
        const cut = shallowCommits(folder)
        // A server asked for less than there is must not cut off what we have.
        for (const id of shallow) if (!cut.has(id) && !(await this.#hasParents(id))) cut.add(id)
        for (const id of unshallow) if (cut.has(id) && (await this.#hasParents(id))) cut.delete(id)
        const file = join(paths.root, SHALLOW)
        if (cut.size === 0) fs.unlink(file)
        else {
          const written = folder.temporaries.write(Buffer.from([...cut, ''].join('\n')))
          await fs.syncFile(written)
          fs.rename(written, file)
        }
        await fs.syncDir(paths.root)
        return { objects: [], moves: new Map(), result: undefined }
      },
    })
  }

  async #hasParents(id: ObjectId): Promise<boolean> {
    const { objects } = this.#repository
    const object = await objects.tryRead(id)
    if (object?.type !== 'commit') return true
    for (const parent of decodeParents(object.data, id)) if (!(await objects.has(parent))) return false
    return true
  }

  #broken(what: string, cause?: unknown): CorruptError {
    return new CorruptError(
      `The objects that ${this.#url} sent were not taken: ${what}. Fetch again; if that does not help, the server is damaged.`,
      {},
      { cause },
    )
  }
}

const SHALLOW = 'shallow'
