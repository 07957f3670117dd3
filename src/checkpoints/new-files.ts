/** Reads files and trees of an unfinished write as well as stored ones. */
import type { ObjectStore } from '../git/database/object-store.ts'
import type { GitObject, NewObject } from '../git/objects/object.ts'
import { parseTree, type Tree } from '../git/objects/tree.ts'
import type { TreeStore } from '../git/objects/tree-edit.ts'
import type { ObjectId } from '../ids.ts'
import type { TurnReader } from './pages/pages.ts'
import { type BlobIds, type Files, type ObjectReader, readBlobs } from './trees/files.ts'

/**
 * Keeps files and trees that are not stored yet, because the cache may drop them, and reads all others from the store.
 */
export class NewFiles implements TreeStore, TurnReader, ObjectReader {
  readonly #objects: ObjectStore
  readonly #trees = new Map<ObjectId, Tree>()
  readonly #made = new Map<ObjectId, NewObject>()

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  /** Adds an object that is about to be stored. */
  add(object: NewObject): void {
    this.#made.set(object.id, object)
  }

  /** Forgets what was added and kept: it is stored now. */
  clear(): void {
    this.#made.clear()
    this.#trees.clear()
  }

  cachedTree(id: ObjectId): Tree | undefined {
    return this.#trees.get(id) ?? this.#objects.cachedTree(id)
  }

  async readTree(id: ObjectId): Promise<Tree> {
    const known = this.cachedTree(id)
    if (known !== undefined) return known
    const made = this.#made.get(id)
    return made === undefined ? this.#objects.readTree(id) : parseTree(made.data, id)
  }

  keepTree(id: ObjectId, tree: Tree): void {
    this.#trees.set(id, tree)
    this.#objects.keepTree(id, tree)
  }

  async readMany(ids: Iterable<ObjectId>, visit: (id: ObjectId, object: GitObject) => void): Promise<void> {
    const stored: ObjectId[] = []
    for (const id of ids) {
      const made = this.#made.get(id)
      if (made === undefined) stored.push(id)
      else visit(id, made)
    }
    if (stored.length > 0) await this.#objects.readMany(stored, visit)
  }

  readBlobs(blobs: BlobIds): Promise<Files> {
    return readBlobs(this, blobs)
  }
}
