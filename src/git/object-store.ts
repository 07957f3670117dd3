/**
 * All objects of a repository, whether packed, loose or borrowed from another one, each checked against its id.
 * Somebody else may repack at any moment: what is not where it was is looked for again.
 */
import { CorruptError, UnsupportedError } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { alternateFolders } from './alternates.ts'
import { ByteCache } from './byte-cache.ts'
import { type Commit, decodeCommit } from './commit.ts'
import type { FileSystem } from './file-system.ts'
import { looseFile, looseIds, readLoose } from './loose.ts'
import { BIG_OBJECT, EMPTY_TREE, expectType, type GitObject, objectId, objectIdInSlices } from './object.ts'
import { PackGoneError } from './pack-bytes.ts'
import type { PackFile, PackMemory } from './pack-file.ts'
import { PackFolder, type PackPlace } from './pack-folder.ts'
import { TimeSlice } from './time-slice.ts'
import { NO_ENTRIES, parseTree, type Tree } from './tree.ts'
import { WindowCache } from './window-cache.ts'

export interface ObjectStoreOptions {
  /** Bytes of the largest object that is read. Default 65 MiB. */
  maxObjectSize?: number
}

export interface PackSummary {
  /** What stands between `pack-` and `.pack` in the file's name. */
  name: string
  objects: number
  /** Of pack and index. */
  bytes: number
}

export class ObjectStore {
  readonly folder: string
  readonly #fs: FileSystem
  readonly #memory: PackMemory
  readonly #own: PackFolder
  #borrowed: readonly PackFolder[] | undefined
  readonly #trees = new ByteCache<ObjectId, Tree>(6 * MIB)
  readonly #commits = new ByteCache<ObjectId, Commit>(2 * MIB)

  /** `objectsFolder`: the repository's `objects`. Nothing is read before the first call. */
  constructor(fs: FileSystem, objectsFolder: string, options: ObjectStoreOptions = {}) {
    this.folder = objectsFolder
    this.#fs = fs
    this.#memory = {
      maxObjectSize: options.maxObjectSize ?? 65 * MIB,
      windows: new WindowCache(),
      bases: new ByteCache(16 * MIB),
    }
    this.#own = new PackFolder(fs, objectsFolder, this.#memory)
  }

  /** The object. Throws CorruptError when it is missing or broken, UnsupportedError in a partial clone. */
  async read(id: ObjectId): Promise<GitObject> {
    return (await this.tryRead(id)) ?? this.#missing(id)
  }

  /** The object; `undefined` when it is nowhere. Throws CorruptError when it is broken wherever it is. */
  tryRead(id: ObjectId): Promise<GitObject | undefined> {
    return this.#find(id, 0)
  }

  /** Whether the object is there; it is not read. */
  async has(id: ObjectId): Promise<boolean> {
    if (id === EMPTY_TREE) return true
    for (const folder of this.#folders()) {
      if (this.#isIn(folder, id) || (folder.refresh() && this.#isIn(folder, id))) return true
    }
    return false
  }

  /**
   * Many objects, in the order in which they lie on the disk: into a Map, or to `visit` if there is one. Other
   * work gets its turn in between. Throws like `read`.
   */
  async readMany(ids: Iterable<ObjectId>): Promise<Map<ObjectId, GitObject>>
  async readMany(ids: Iterable<ObjectId>, visit: (id: ObjectId, object: GitObject) => void): Promise<void>
  async readMany(
    ids: Iterable<ObjectId>,
    visit?: (id: ObjectId, object: GitObject) => void,
  ): Promise<unknown> {
    const all = new Map<ObjectId, GitObject>()
    const found = visit ?? ((id: ObjectId, object: GitObject) => void all.set(id, object))
    const places = new Map<PackFile, { id: ObjectId; offset: number }[]>()
    const elsewhere: ObjectId[] = []
    for (const id of new Set(ids)) {
      const place = this.#own.find(id)
      if (place === undefined) elsewhere.push(id)
      else {
        const inPack = places.get(place.pack)
        if (inPack === undefined) places.set(place.pack, [{ id, offset: place.offset }])
        else inPack.push({ id, offset: place.offset })
      }
    }
    const slice = new TimeSlice()
    for (const [pack, inPack] of places) {
      inPack.sort((a, b) => a.offset - b.offset)
      for (const { id, offset } of inPack) {
        const read = this.#readAt(this.#own, { pack, offset }, id, 0)
        const object = read instanceof Promise ? await read : read
        if (object instanceof Error) elsewhere.push(id)
        else found(id, object)
        if (slice.isOver()) await slice.next()
      }
    }
    for (const id of elsewhere) {
      found(id, await this.read(id))
      if (slice.isOver()) await slice.next()
    }
    return visit === undefined ? all : undefined
  }

  /** A tree, parsed and checked, from a cache where possible. Throws CorruptError. */
  async readTree(id: ObjectId): Promise<Tree> {
    const cached = this.cachedTree(id)
    if (cached !== undefined) return cached
    const tree = parseTree(expectType(await this.read(id), 'tree', id), id)
    this.keepTree(id, tree)
    return tree
  }

  /** The tree, if the cache has it. */
  cachedTree(id: ObjectId): Tree | undefined {
    return id === EMPTY_TREE ? NO_ENTRIES : this.#trees.get(id)
  }

  /** Remembers a tree that was read or is about to be written; whether it is stored is another matter. */
  keepTree(id: ObjectId, tree: Tree): void {
    this.#trees.set(id, tree, tree.data.length * 2 + tree.keys.length * 60 + 300)
  }

  /** A commit, decoded, from a cache where possible. Throws CorruptError. */
  async readCommit(id: ObjectId): Promise<Commit> {
    const cached = this.#commits.get(id)
    if (cached !== undefined) return cached
    const data = expectType(await this.read(id), 'commit', id)
    const commit = decodeCommit(data, id)
    this.#commits.set(id, commit, data.length * 2 + 500)
    return commit
  }

  /** Up to `limit` ids of objects of any type that start with `prefix` (hex digits, lower case), in order. */
  expand(prefix: string, limit = 10): ObjectId[] {
    if (!/^[0-9a-f]{1,40}$/.test(prefix)) return []
    const found = new Set<ObjectId>()
    for (const folder of this.#folders()) {
      folder.refresh()
      for (const pack of folder.packs) {
        for (const id of folder.indexOf(pack)?.expand(prefix, limit) ?? []) found.add(id)
      }
      for (const id of looseIds(this.#fs, folder.objectsFolder, prefix)) found.add(id)
    }
    return [...found].sort().slice(0, limit)
  }

  /** Ids of all objects of this repository, borrowed ones not among them, each once. */
  *objectIds(): Generator<ObjectId> {
    this.#own.refresh()
    const seen = new Set<ObjectId>()
    for (const pack of this.#own.packs) {
      for (const id of this.#own.indexOf(pack)?.ids() ?? []) if (!seen.has(id) && seen.add(id)) yield id
    }
    for (const id of this.looseIds()) if (!seen.has(id)) yield id
  }

  /** Ids of this repository's loose objects. */
  looseIds(): Generator<ObjectId> {
    return looseIds(this.#fs, this.folder)
  }

  /** A pack that was just placed; `index` is the content of its index. Saves looking at the folder again. */
  addPack(name: string, index?: Buffer): void {
    this.#own.add(name, index)
  }

  /** This repository's packs. */
  packs(): PackSummary[] {
    this.#own.refresh()
    return this.#own.packs.flatMap((pack) => {
      try {
        const index = this.#own.indexOf(pack)
        return index === undefined ? [] : { name: pack.name, objects: index.count, bytes: pack.size() }
      } catch (error) {
        if (error instanceof PackGoneError) return []
        throw error
      }
    })
  }

  /** Looks again which packs there are, and where objects are borrowed from. */
  refresh(): void {
    this.#closeBorrowed()
    this.#own.refresh(true)
  }

  /** `refresh`, and every later read comes from the disk: for whoever wants to know whether it is whole. */
  forget(): void {
    this.#trees.clear()
    this.#commits.clear()
    this.#memory.windows.clear()
    this.#memory.bases.clear()
    this.#own.close()
    this.refresh()
  }

  /** Gives back what is open. A later call opens it again. */
  close(): void {
    this.#own.close()
    this.#closeBorrowed()
  }

  #closeBorrowed(): void {
    for (const folder of this.#borrowed ?? []) folder.close()
    this.#borrowed = undefined
  }

  /** This repository's folder, then those it borrows from. */
  *#folders(): Generator<PackFolder> {
    yield this.#own
    this.#borrowed ??= alternateFolders(this.#fs, this.folder).map(
      (folder) => new PackFolder(this.#fs, folder, this.#memory),
    )
    yield* this.#borrowed
  }

  #isIn(folder: PackFolder, id: ObjectId): boolean {
    return folder.find(id) !== undefined || this.#fs.stat(looseFile(folder.objectsFolder, id)) !== undefined
  }

  /** `depth`: how many bases of deltas, each in another place than its delta, led here. */
  async #find(id: ObjectId, depth: number): Promise<GitObject | undefined> {
    let problem: CorruptError | undefined
    for (const folder of this.#folders()) {
      for (let round = 0; round < ROUNDS; round++) {
        // A copy that is broken, or gone with its pack, makes the others worth a look.
        let again = false
        const first = round === 0 ? folder.find(id) : undefined
        for (const place of round === 0 ? (first === undefined ? [] : [first]) : folder.findAll(id)) {
          const object = await this.#readAt(folder, place, id, depth)
          if (!(object instanceof Error)) return object
          again ||= round === 0 || object instanceof PackGoneError
          if (object instanceof CorruptError) problem ??= object
        }
        try {
          const object = await readLoose(this.#fs, folder.objectsFolder, id, this.#memory.maxObjectSize)
          if (object !== undefined) return await checked(object, id, looseFile(folder.objectsFolder, id))
        } catch (error) {
          if (!(error instanceof CorruptError)) throw error
          problem ??= error
        }
        if (!folder.refresh() && !again) break
      }
    }
    if (problem !== undefined) throw problem
    return id === EMPTY_TREE ? { type: 'tree', data: NO_ENTRIES.data } : undefined
  }

  /** The object at the place, checked; or what is wrong with it. At once, unless it is large. */
  #readAt(
    folder: PackFolder,
    { pack, offset }: PackPlace,
    id: ObjectId,
    depth: number,
  ): Read | Promise<Read> {
    const failed = (error: unknown): Read => {
      if (error instanceof PackGoneError) folder.drop(pack)
      else if (!(error instanceof CorruptError)) throw error
      return error
    }
    try {
      const object = pack.read(offset, (base) => this.#base(base, depth + 1))
      const whole =
        object instanceof Promise
          ? object.then((later) => checked(later, id, pack.file))
          : checked(object, id, pack.file)
      return whole instanceof Promise ? whole.catch(failed) : whole
    } catch (error) {
      return failed(error)
    }
  }

  async #base(id: ObjectId, depth: number): Promise<GitObject> {
    if (depth > MAX_HOPS) {
      throw new CorruptError(
        `Object ${id} is the base of a delta that leads from pack to pack without an end.`,
        {
          object: id,
        },
      )
    }
    return (await this.#find(id, depth)) ?? this.#missing(id)
  }

  #missing(id: ObjectId): never {
    if (this.#own.isPartial)
      throw new UnsupportedError(
        'partial clones',
        `Object ${id} is missing: this repository is a partial clone. Fetch it whole first.`,
      )
    const { problem } = this.#own
    throw new CorruptError(
      `Object ${id} is missing from '${this.folder}'${problem === undefined ? '' : `, where one file is broken: ${problem.message}`} Restore it from a copy of the store, or see with 'git fsck' what is lost.`,
      { object: id, file: problem?.file },
      { cause: problem },
    )
  }
}

const MIB = 1024 * 1024
/** How often a look-up starts anew because packs appear or vanish under it. */
const ROUNDS = 8
/** Deltas whose base is in another place are for packs on their way over a network; a few can be left over. */
const MAX_HOPS = 32

type Read = GitObject | CorruptError | PackGoneError

function checked(object: GitObject, id: ObjectId, file: string): GitObject | Promise<GitObject> {
  const { type, data } = object
  if (data.length > BIG_OBJECT) {
    return objectIdInSlices(type, data).then((actual) => same(object, id, actual, file))
  }
  return same(object, id, objectId(type, data), file)
}

function same(object: GitObject, id: ObjectId, actual: ObjectId, file: string): GitObject {
  if (actual === id) return object
  throw new CorruptError(
    `Object ${id} in '${file}' is damaged: its content belongs to the id ${actual}. Restore it from a copy of the store, or see with 'git fsck' what is lost.`,
    { file, object: id },
  )
}
