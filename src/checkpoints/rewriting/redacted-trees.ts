/** Redacts trees. The result depends only on the tree, except for pages, which are made again for their checkpoint. */
import { isOurs, isPage, isRootFile, mayHoldOurs, parseItemName, parseItemPath } from '../../codec/index.ts'
import { EMPTY_TREE, type NewObject, objectId } from '../../git/objects/object.ts'
import type { ObjectId } from '../../ids.ts'
import { type BlobIds, blobsBelow } from '../trees/files.ts'
import {
  changeTree,
  type EditedTree,
  editTree,
  entriesOf,
  type ObjectStore,
  type Tree,
  type TreeChange,
} from '../trees/objects.ts'
import type { NewIdOf, RedactedFiles } from './redacted-files.ts'

/**
 * What happens to pages that belong to no checkpoint seen so far: keep them, or drop them so that they are made again.
 */
type NewPages = 'keep' | 'drop'

export interface RedactedTree extends EditedTree {
  /** Pages that belong to no checkpoint seen so far, by path, with their blob in the old tree. */
  newPages: BlobIds
}

interface Walk {
  type: string
  pages: NewPages
  newPages: BlobIds
  /** Trees that hold such pages, and so may differ for the next checkpoint. */
  objects: NewObject[]
}

const FOLDER = '40000'
const BLOB = '100644'

export class RedactedTrees {
  readonly #objects: ObjectStore
  readonly #files: RedactedFiles
  readonly #newIdOf: NewIdOf
  readonly #isPlain: boolean
  readonly #known = new Map<string, ObjectId>()
  /** Replacements of old pages; `null`: removed. */
  readonly #pages = new Map<string, ObjectId | null>()
  /** Files without changes, so that a folder that has one new file is handled quickly. */
  readonly #same = new Set<string>()
  readonly #given = new Set<ObjectId>()
  #waiting: NewObject[] = []

  /** @param isPlain whether trees hold plain files instead of documents */
  constructor(objects: ObjectStore, files: RedactedFiles, newIdOf: NewIdOf, isPlain = false) {
    this.#isPlain = isPlain
    this.#objects = objects
    this.#files = files
    this.#newIdOf = newIdOf
  }

  /**
   * Redacts the tree of a checkpoint. Over all calls with `drop`, each object is returned once.
   *
   * @param type of the session's documents
   */
  async of(root: ObjectId, type: string, pages: NewPages): Promise<RedactedTree> {
    const walk: Walk = { type, pages, newPages: new Map(), objects: [] }
    const { id } = await this.#folder(root, '', walk)
    if (pages === 'keep') return { tree: id, objects: [], newPages: walk.newPages }
    const objects = [...this.#waiting, ...walk.objects]
    this.#waiting = []
    return { tree: id, objects, newPages: walk.newPages }
  }

  /** Sets what replaces a page from now on; `undefined`: nothing. */
  settle(path: string, old: ObjectId, made: ObjectId | undefined): void {
    if (made === old) this.#same.add(`${path}\n${old}`)
    else this.#pages.set(`${path}\n${old}`, made ?? null)
  }

  async #folder(id: ObjectId, path: string, walk: Walk): Promise<{ id: ObjectId; isFinal: boolean }> {
    const key = `${path}\n${walk.type}\n${id}`
    const known = this.#known.get(key)
    if (known !== undefined) return { id: known, isFinal: true }
    const tree = await this.#objects.readTree(id)
    const changes: TreeChange[] = []
    const items = new Map<number | 'head', BlobIds>()
    const prefix = path === '' ? '' : `${path}/`
    let isFinal = true
    for (const entry of entriesOf(tree)) {
      const at = prefix + entry.name
      if (this.#same.has(`${at}\n${entry.id}`)) continue
      const item = this.#isPlain ? undefined : itemOf(at, entry.mode)
      if (entry.mode === BLOB && !this.#isPlain && isPage(at)) {
        const page = this.#pages.get(`${at}\n${entry.id}`)
        if (page === undefined) {
          isFinal = false
          walk.newPages.set(at, entry.id)
          if (walk.pages === 'drop') changes.push({ name: entry.name, entry: null })
        } else changes.push(changed(entry.name, BLOB, page))
      } else if (item !== undefined && entry.mode === FOLDER) {
        const folder = await this.#itemFolder(entry.id, at, item as number, walk.type)
        if (folder !== entry.id) changes.push(changed(entry.name, FOLDER, folder))
      } else if (item !== undefined) {
        items.set(item, (items.get(item) ?? new Map()).set(at, entry.id))
      } else if (entry.mode === FOLDER) {
        const below = await this.#folder(entry.id, at, walk)
        isFinal &&= below.isFinal
        const isFixed = !this.#isPlain && mayHoldOurs(at)
        const name = isFixed ? entry.name : await this.#nameOf(entry.name)
        if (name !== entry.name) changes.push({ name: entry.name, entry: null })
        if (name !== entry.name || below.id !== entry.id) changes.push(changed(name, FOLDER, below.id))
      } else if (entry.mode !== '160000') {
        const file = await this.#files.file(at, entry.id)
        if (file !== undefined) this.#give([file])
        const name = await this.#nameOf(entry.name)
        if (name !== entry.name) changes.push({ name: entry.name, entry: null })
        if (name !== entry.name || file !== undefined)
          changes.push(changed(name, entry.mode, file?.id ?? entry.id))
        else this.#same.add(`${at}\n${entry.id}`)
      }
    }
    for (const [item, blobs] of items) changes.push(...(await this.#itemFiles(item, blobs, path, walk.type)))
    const after = changes.length === 0 ? id : this.#tree(changeTree(tree, changes), isFinal, walk)
    if (isFinal) this.#known.set(key, after)
    return { id: after, isFinal }
  }

  /** Returns the changes in a folder for files that belong together. */
  async #itemFiles(item: number | 'head', blobs: BlobIds, path: string, type: string): Promise<TreeChange[]> {
    const made =
      item === 'head'
        ? await this.#files.head(blobs, type, this.#newIdOf)
        : await this.#files.item(path.slice(0, path.indexOf('/')), item, blobs, type)
    if (made === undefined) {
      if (blobs.size === 1 && item !== 'head') for (const [at, id] of blobs) this.#same.add(`${at}\n${id}`)
      return []
    }
    this.#give(made.objects)
    const nameOf = (file: string) => file.slice(file.lastIndexOf('/') + 1)
    const gone = [...blobs.keys()].filter((file) => !made.files.has(file))
    return [
      ...gone.map((file) => ({ name: nameOf(file), entry: null })),
      ...[...made.files].map(([file, id]) => changed(nameOf(file), BLOB, id)),
    ]
  }

  /** Redacts an item that is a folder, its log included. */
  async #itemFolder(id: ObjectId, path: string, item: number, type: string): Promise<ObjectId> {
    const key = `${path}\n${type}\n${id}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const below = await blobsBelow(this.#objects, id, { foreign: true })
    const all: BlobIds = new Map([...below].map(([file, blob]) => [`${path}/${file}`, blob]))
    const own: BlobIds = new Map([...all].filter(([file]) => isOurs(file)))
    const made = await this.#files.item(path.slice(0, path.indexOf('/')), item, own, type)
    const edits = new Map<string, Uint8Array | null>()
    const put = (file: string, bytes: Uint8Array | null) => edits.set(file.slice(path.length + 1), bytes)
    for (const [file, blob] of all) {
      if (!own.has(file)) {
        const redacted = await this.#files.file(file, blob)
        if (redacted !== undefined) put(file, redacted.data)
      } else if (made !== undefined && !made.files.has(file)) put(file, null)
    }
    for (const [file, blob] of made?.files ?? []) {
      const object = made?.objects.find((one) => one.id === blob)
      if (object !== undefined) put(file, object.data)
    }
    const edited = await editTree(this.#objects, id, edits)
    this.#give(edited.objects)
    this.#known.set(key, edited.tree)
    return edited.tree
  }

  /** Redacts the name of a foreign file or folder. */
  async #nameOf(name: string): Promise<string> {
    const kept = await this.#files.text(name, [name])
    return kept === name ? name : kept.replace(/[^\w.-]+/g, '-') || '-'
  }

  #tree(tree: Tree, isFinal: boolean, walk: Walk): ObjectId {
    const id = objectId('tree', tree.data)
    if (id === EMPTY_TREE) return id
    const object: NewObject = { id, type: 'tree', data: tree.data }
    this.#objects.keepTree(id, tree)
    if (isFinal) this.#give([object])
    else walk.objects.push(object)
    return id
  }

  #give(objects: readonly NewObject[]): void {
    for (const object of objects) {
      if (this.#given.has(object.id)) continue
      this.#given.add(object.id)
      this.#waiting.push(object)
    }
  }
}

const changed = (
  name: string,
  mode: NonNullable<TreeChange['entry']>['mode'],
  id: ObjectId | null,
): TreeChange => ({
  name,
  entry: id === null || (mode === FOLDER && id === EMPTY_TREE) ? null : { mode, id },
})

/**
 * Returns the number of the item to which a file or folder belongs; `head` for the document's files at the top;
 * `undefined` for all others.
 */
function itemOf(path: string, mode: string): number | 'head' | undefined {
  if (mode === BLOB && !path.includes('/')) return isOurs(path) || isRootFile(path) ? 'head' : undefined
  const place = parseItemPath(path)
  if (place === undefined || place.inside.length > 0) return undefined
  if (mode === FOLDER)
    return /^\d{6}$/.test(place.entry) && mayHoldOurs(path) ? Number(place.entry) : undefined
  return mode === BLOB && isOurs(path) ? parseItemName(place.entry) : undefined
}
