/**
 * Finds an object wherever it is: in this repository's packs, loose, or in a repository it borrows from. If one copy is
 * broken, or vanished since its pack was listed, the other places are tried.
 */
import { CorruptError, UnsupportedError } from '../../errors.ts'
import type { ObjectId } from '../../ids.ts'
import type { FileReader } from '../disk/file-system.ts'
import { BIG_OBJECT, EMPTY_TREE, type GitObject, objectId, objectIdInSlices } from '../objects/object.ts'
import { PackGoneError } from '../packs/bytes.ts'
import type { PackFile, PackMemory } from '../packs/file.ts'
import { type EntryPosition, PackFolder } from '../packs/folder.ts'
import type { PackIndex } from '../packs/pack-index.ts'
import { alternateFolders } from './alternates.ts'
import { looseFile, readLoose, readLooseNow } from './loose.ts'

/** An object, checked against its id, or what is wrong with it at one place. */
export type ReadResult = GitObject | CorruptError | PackGoneError

export class ObjectLookup {
  readonly own: PackFolder
  readonly #fs: FileReader
  readonly #memory: PackMemory
  #borrowed: readonly PackFolder[] | undefined

  constructor(fs: FileReader, objectsFolder: string, memory: PackMemory) {
    this.#fs = fs
    this.#memory = memory
    this.own = new PackFolder(fs, objectsFolder, memory)
  }

  /** This repository's folder, then the folders it borrows from. */
  *folders(): Generator<PackFolder> {
    yield this.own
    this.#borrowed ??= alternateFolders(this.#fs, this.own.objectsFolder).map(
      (folder) => new PackFolder(this.#fs, folder, this.#memory),
    )
    yield* this.#borrowed
  }

  /** Whether the object is there; it is not read. */
  has(id: ObjectId): boolean {
    const isIn = (folder: PackFolder): boolean =>
      folder.find(id) !== undefined || this.#fs.stat(looseFile(folder.objectsFolder, id)) !== undefined
    for (const folder of this.folders()) {
      if (isIn(folder)) return true
      const { version } = folder
      folder.refresh()
      if (folder.version !== version && isIn(folder)) return true
    }
    return false
  }

  /** The object; `undefined` when it is nowhere. Throws CorruptError when it is broken wherever it is. */
  async find(id: ObjectId, hops: Hops = { left: MAX_HOPS }): Promise<GitObject | undefined> {
    const problems: CorruptError[] = []
    for (const folder of this.folders()) {
      const broken: EntryPosition[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const { version } = folder
        let again = false
        for (const place of round === 0 ? folder.findFirst(id) : folder.findAll(id)) {
          if (broken.some(({ pack, offset }) => pack === place.pack && offset === place.offset)) continue
          const found = await this.readAt(folder, place, id, hops)
          if (!(found instanceof Error)) return found
          if (found instanceof CorruptError) {
            broken.push(place)
            problems.push(found)
          }
          again = true
        }
        const loose = await this.#readLoose(folder, id)
        if (loose instanceof Error) problems.push(loose)
        else if (loose !== undefined) return loose
        folder.refresh()
        if (folder.version === version && !again) break
      }
    }
    if (problems.length > 0) throw problems[0]
    return id === EMPTY_TREE ? { type: 'tree', data: Buffer.alloc(0) } : undefined
  }

  /** `find`, at once: what cannot be read at once, since it is large or a delta to something in another place, is not found. */
  findNow(id: ObjectId): GitObject | undefined {
    for (const folder of this.folders()) {
      for (let round = 0; round < ROUNDS; round++) {
        const { version } = folder
        for (const place of folder.findAll(id)) {
          const found = this.readAt(folder, place, id)
          if (!(found instanceof Promise) && !(found instanceof Error)) return found
        }
        const loose = readLooseNow(this.#fs, folder.objectsFolder, id)
        if (loose !== undefined && objectId(loose.type, loose.data) === id) return loose
        folder.refresh()
        if (folder.version === version) break
      }
    }
    return undefined
  }

  /**
   * Each pack in the folder with its index, also packs that appear meanwhile: so a repack at the same time hides
   * nothing.
   */
  *packs(folder: PackFolder): Generator<[PackFile, PackIndex]> {
    const seen = new Set<string>()
    for (let round = 0; round < ROUNDS; round++) {
      folder.refresh()
      const fresh = folder.packs.filter(({ name }) => !seen.has(name))
      if (fresh.length === 0) return
      for (const pack of fresh) {
        seen.add(pack.name)
        const index = folder.indexOf(pack)
        if (index !== undefined) yield [pack, index]
      }
    }
  }

  /** The object at the place; synchronous, unless it is large or a delta against an object in another place. */
  readAt(
    folder: PackFolder,
    { pack, offset }: EntryPosition,
    id: ObjectId,
    hops?: Hops,
  ): ReadResult | Promise<ReadResult> {
    const failed = (error: unknown): ReadResult => {
      if (error instanceof PackGoneError) folder.drop(pack)
      else if (!(error instanceof CorruptError)) throw error
      return error
    }
    try {
      const object = pack.read(offset, (base) => this.#base(base, hops ?? { left: MAX_HOPS }))
      const found =
        object instanceof Promise
          ? object.then((later) => checked(later, id, pack.file))
          : checked(object, id, pack.file)
      return found instanceof Promise ? found.catch(failed) : found
    } catch (error) {
      return failed(error)
    }
  }

  missing(id: ObjectId): never {
    if (this.own.isPartial) {
      throw new UnsupportedError(
        'partial clones',
        `Object ${id} is missing: this repository is a partial clone. Fetch all objects first.`,
      )
    }
    const { problem } = this.own
    const why = problem === undefined ? '' : ` One file there is broken: ${problem.message}`
    throw new CorruptError(
      `Object ${id} is missing from '${this.own.objectsFolder}'.${why} ${WAY_OUT}`,
      { object: id, file: problem?.file },
      { cause: problem },
    )
  }

  /** Forgets the folders that objects are borrowed from. */
  closeBorrowed(): void {
    for (const folder of this.#borrowed ?? []) folder.close()
    this.#borrowed = undefined
  }

  async #readLoose(folder: PackFolder, id: ObjectId): Promise<GitObject | CorruptError | undefined> {
    try {
      const object = await readLoose(this.#fs, folder.objectsFolder, id, this.#memory.maxObjectSize)
      return object && (await checked(object, id, looseFile(folder.objectsFolder, id)))
    } catch (error) {
      if (error instanceof CorruptError) return error
      throw error
    }
  }

  async #base(id: ObjectId, hops: Hops): Promise<GitObject> {
    if (hops.left-- <= 0) {
      throw new CorruptError(`Object ${id} is in a chain of deltas that never ends.`, {
        object: id,
      })
    }
    return (await this.find(id, hops)) ?? this.missing(id)
  }
}

/** How many bases outside the pack of their delta a search may still look for, all its tries together. */
interface Hops {
  left: number
}

/** Such deltas are meant for packs that travel over a network; a few may remain on disks. */
const MAX_HOPS = 64
/** How often a search starts again because packs appeared or vanished meanwhile. */
const ROUNDS = 8
const WAY_OUT = "Restore it from a copy of the store, or run 'git fsck' to see what is lost."

function checked(object: GitObject, id: ObjectId, file: string): GitObject | Promise<GitObject> {
  const { type, data } = object
  if (data.length <= BIG_OBJECT) return same(object, id, objectId(type, data), file)
  return objectIdInSlices(type, data).then((actual) => same(object, id, actual, file))
}

function same(object: GitObject, id: ObjectId, actual: ObjectId, file: string): GitObject {
  if (actual === id) return object
  throw new CorruptError(
    `Object ${id} in '${file}' is damaged: its content belongs to the id ${actual}. ${WAY_OUT}`,
    { file, object: id },
  )
}
