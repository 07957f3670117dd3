/**
 * The object database (gitglossary(7)): all objects of a repository, whether packed, loose or borrowed from another
 * one, each checked against its id. Another program may repack at any moment: an object that is no longer where it was
 * is looked up again.
 */
import { dirname, join } from 'node:path'
import type { CommitId, ObjectId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { FileReader } from '../disk/file-system.ts'
import { ByteCache } from '../objects/byte-cache.ts'
import { decodeCommit, decodeParents, type StoredCommit } from '../objects/commit.ts'
import { EMPTY_TREE, expectType, type GitObject } from '../objects/object.ts'
import { NO_ENTRIES, parseTree, type Tree } from '../objects/tree.ts'
import { WindowCache } from '../objects/window-cache.ts'
import type { PackFile, PackMemory } from '../packs/file.ts'
import { CHECKSUM_BYTES } from '../packs/writer.ts'
import { ObjectLookup } from './lookup.ts'
import { looseFile, looseIds } from './loose.ts'
import { Shallow } from './shallow.ts'

export interface ObjectStoreOptions {
  /** Bytes of the largest object that is read. Default 65 MiB. */
  maxObjectSize?: number
  /** Called with objects that are nowhere; afterwards they are looked up once more. Default: they are missing. */
  bring?: (ids: readonly ObjectId[]) => Promise<void>
}

export interface PackSummary {
  /** The part of the file's name between `pack-` and `.pack`. */
  name: string
  objects: number
  /** Bytes of the pack and its index. */
  bytes: number
}

export class ObjectStore {
  readonly folder: string
  readonly #fs: FileReader
  readonly #memory: PackMemory
  readonly #lookup: ObjectLookup
  readonly #shallow: Shallow
  readonly #bring: ObjectStoreOptions['bring']
  readonly #trees = new ByteCache<ObjectId, Tree>(6 * MIB)
  readonly #commits = new ByteCache<ObjectId, StoredCommit>(2 * MIB)

  /** `objectsFolder`: the repository's `objects`. Nothing is read before the first call. */
  constructor(fs: FileReader, objectsFolder: string, options: ObjectStoreOptions = {}) {
    this.folder = objectsFolder
    this.#fs = fs
    this.#memory = {
      maxObjectSize: options.maxObjectSize ?? 65 * MIB,
      windows: new WindowCache(),
      bases: new ByteCache(16 * MIB),
    }
    this.#bring = options.bring
    this.#lookup = new ObjectLookup(fs, objectsFolder, this.#memory)
    this.#shallow = new Shallow(fs, join(dirname(objectsFolder), 'shallow'))
  }

  /** The object. Throws CorruptError when it is missing or broken, UnsupportedError in a partial clone. */
  async read(id: ObjectId): Promise<GitObject> {
    return (await this.tryRead(id)) ?? this.#lookup.missing(id)
  }

  /** The object; `undefined` when it is nowhere. Throws CorruptError when it is broken wherever it is. */
  async tryRead(id: ObjectId): Promise<GitObject | undefined> {
    const found = await this.#lookup.find(id)
    if (found !== undefined || this.#bring === undefined) return found
    await this.#bring([id])
    return this.#lookup.find(id)
  }

  /** Whether the object is there; it is not read. */
  async has(id: ObjectId): Promise<boolean> {
    return id === EMPTY_TREE || this.#lookup.has(id)
  }

  /**
   * Reads many objects in their order on the disk, into a Map, or passes them to `visit`. Yields to the event loop in
   * between. Throws as `read` does.
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
    const { own } = this.#lookup
    const asked = [...new Set(ids)]
    // In the order of an index, so that each part of it is read once.
    if (asked.length > MANY) asked.sort()
    for (const id of asked) {
      const place = own.find(id)
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
        const read = this.#lookup.readAt(own, { pack, offset }, id)
        const object = read instanceof Promise ? await read : read
        if (object instanceof Error) elsewhere.push(id)
        else found(id, object)
        if (slice.isOver()) await slice.next()
      }
    }
    // All in one call, where each would be a request of its own.
    if (elsewhere.length > 1) await this.#bring?.(elsewhere.filter((id) => !this.#lookup.has(id)))
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

  /** Puts a tree that was read or will be written into the cache. It need not be stored yet. */
  keepTree(id: ObjectId, tree: Tree): void {
    this.#trees.set(id, tree, tree.data.length * 2 + tree.keys.length * 60 + 300)
  }

  /** A commit, decoded, from a cache where possible. Throws CorruptError. */
  async readCommit(id: ObjectId): Promise<StoredCommit> {
    const cached = this.#commits.get(id)
    // A commit at the edge of a shallow clone is a root only until its parents are fetched.
    if (cached !== undefined && cached.parents.length > 0) return cached
    const data = expectType(await this.read(id), 'commit', id)
    const commit = this.#cut(id, decodeCommit(data, id))
    this.#commits.set(id, commit, data.length * 2 + 500)
    return commit
  }

  /** A commit as it is stored, for walks over many; synchronous if it is in a pack. Throws CorruptError. */
  readCommitData(id: ObjectId): Uint8Array | Promise<Uint8Array> {
    const { own } = this.#lookup
    const place = own.find(id)
    const object = place && this.#lookup.readAt(own, place, id)
    if (object !== undefined && 'data' in object) return expectType(object, 'commit', id)
    return this.read(id).then((found) => expectType(found, 'commit', id))
  }

  /** A commit of at most 512 KiB as it is stored, at once. Throws CorruptError when it cannot be read so. */
  readCommitNow(id: ObjectId): Uint8Array {
    return expectType(this.#lookup.findNow(id) ?? this.#lookup.missing(id), 'commit', id)
  }

  /** The parents of a commit that this repository has: none at the edge of a shallow clone. */
  parentsOf(id: ObjectId, data: Uint8Array): CommitId[] {
    const parents = decodeParents(data, id)
    return parents.length > 0 && this.#shallow.has(id) ? [] : parents
  }

  /** Whether history is cut off at the commit, as in a shallow clone. */
  isCutOff(id: ObjectId): boolean {
    return this.#shallow.has(id)
  }

  /** Whether the repository is a shallow clone. */
  get isShallow(): boolean {
    return this.#shallow.isAnywhere
  }

  #cut(id: ObjectId, commit: StoredCommit): StoredCommit {
    return commit.parents.length > 0 && this.#shallow.has(id) ? { ...commit, parents: [] } : commit
  }

  /** Up to `limit` ids of objects of any type that start with `prefix` (hex digits, lower case), in order. */
  expand(prefix: string, limit = 10): ObjectId[] {
    if (!/^[0-9a-f]{1,40}$/.test(prefix)) return []
    const found = new Set<ObjectId>()
    for (const folder of this.#lookup.folders()) {
      // Loose objects first: git packs an object before it removes the loose file.
      for (const id of looseIds(this.#fs, folder.objectsFolder, prefix)) found.add(id)
      for (const [, index] of this.#lookup.packs(folder))
        for (const id of index.expand(prefix, limit)) found.add(id)
    }
    return [...found].sort().slice(0, limit)
  }

  /** Ids of all objects of this repository, each once, without borrowed ones. */
  *objectIds(): Generator<ObjectId> {
    const seen = new Set<ObjectId>()
    for (const id of this.looseIds()) if (!seen.has(id) && seen.add(id)) yield id
    for (const [, index] of this.#lookup.packs(this.#lookup.own))
      for (const id of index.ids()) if (!seen.has(id) && seen.add(id)) yield id
  }

  /** Ids of this repository's loose objects. */
  looseIds(): Generator<ObjectId> {
    return looseIds(this.#fs, this.folder)
  }

  /**
   * Adds a pack that was just placed, so that the folder need not be read again; `index` is the content of its index.
   */
  addPack(name: string, index?: Buffer): void {
    this.#lookup.own.add(name, index)
  }

  /** Removes packs that were merged into another pack that was added. */
  forgetPacks(names: readonly string[]): void {
    this.#lookup.own.forget(names)
  }

  /** This repository's packs. */
  packs(): PackSummary[] {
    return [...this.#lookup.packs(this.#lookup.own)].flatMap(([pack, index]) => {
      const size = pack.size()
      return size === undefined ? [] : { name: pack.name, objects: index.count, bytes: size + index.size }
    })
  }

  /** Bytes that each object of this repository takes on the disk, in packs with its entry in the index. */
  async sizes(): Promise<Map<ObjectId, number>> {
    const sizes = new Map<ObjectId, number>()
    const slice = new TimeSlice()
    for (const [pack, index] of this.#lookup.packs(this.#lookup.own)) {
      const size = pack.size()
      // Its objects are in another pack, which comes later.
      if (size === undefined) continue
      const entries = index.entries().sort((a, b) => a.offset - b.offset)
      const end = size - CHECKSUM_BYTES
      const share = (index.size + CHECKSUM_BYTES + PACK_HEAD) / entries.length
      for (const [at, { id, offset }] of entries.entries()) {
        sizes.set(id, Math.round((entries[at + 1]?.offset ?? end) - offset + share))
        if (slice.isOver()) await slice.next()
      }
    }
    for (const id of this.looseIds()) {
      sizes.set(id, this.#fs.stat(looseFile(this.folder, id))?.size ?? 0)
      if (slice.isOver()) await slice.next()
    }
    return sizes
  }

  /** Lists the packs, and the folders that objects are borrowed from, again. */
  refresh(): void {
    this.#lookup.closeBorrowed()
    this.#lookup.own.refresh(true)
  }

  /** As `refresh`, and drops all caches, so that later reads check what is on the disk. */
  forget(): void {
    this.#trees.clear()
    this.#commits.clear()
    this.#memory.windows.clear()
    this.#memory.bases.clear()
    this.#lookup.own.close()
    this.refresh()
  }

  /** Closes open files. A later call opens them again. */
  close(): void {
    this.#lookup.own.close()
    this.#lookup.closeBorrowed()
  }
}

const MIB = 1024 * 1024
/** `PACK`, version and count. */
const PACK_HEAD = 12
/** Number of objects from which it is faster to sort them first, if an index is too large for memory. */
const MANY = 10_000
