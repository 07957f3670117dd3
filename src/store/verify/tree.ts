/**
 * Verifies the trees of checkpoints: reads and decodes them item by item. Skips content that was seen at the same path
 * before.
 */

import { itemOf, standsForOurs } from '../../checkpoints/trees/files.ts'
import {
  decodeEvents,
  decodeHead,
  decodeItem,
  folderName,
  isFolderName,
  isGroup,
  isOurs,
  isPage,
  isRootFile,
  itemsIn,
  mayHoldOurs,
  numbered,
  parseSegmentName,
} from '../../codec/index.ts'
import { asBuffer } from '../../git/objects/object.ts'
import { entryAt, entryCount, parseTree, type TreeEntry } from '../../git/objects/tree.ts'
import type { ObjectId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { TimeSlice } from '../../time-slice.ts'
import { isOfThisRenderer } from '../pages/rules.ts'
import { type Findings, type Reached, WAY_OUT } from './findings.ts'
import type { SeenPage } from './pages.ts'

type Files = Map<string, Uint8Array>

export class TreeVerifier {
  /** Pages of turns, each once. */
  readonly pages: SeenPage[] = []
  readonly #findings: Findings
  /** Trees and groups of files that were verified, by path and content; with their number of items. */
  readonly #seen = new Map<string, number>()
  /** By folder id, whether the folder has segments of a log. */
  readonly #logs = new Map<ObjectId, boolean>()
  readonly #slice = new TimeSlice()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** Verifies a tree. Returns its top-level values; if they cannot be read, adds problems and returns `undefined`. */
  async verify(reached: Reached, tree: ObjectId): Promise<JsonObject | undefined> {
    const entries = await this.#entries(reached, tree, '')
    if (entries === undefined) return undefined
    for (const { name, mode, id } of entries) {
      if (mode !== FOLDER) {
        if (mode === FILE && isRootFile(name)) await this.#readOnce(reached, name, id)
      } else if (isFolderName(name)) await this.#collection(reached, id, name)
      else this.#strange(reached, name)
    }
    const files = this.#oursOf(
      reached,
      '',
      entries.filter(({ mode }) => mode !== FOLDER),
    )
    let head: JsonObject | undefined
    await this.#decode(reached, '', files, (found) => {
      head = decodeHead(found) as JsonObject
    })
    return head
  }

  /** Verifies a collection, or a folder of ten thousand items in it. Returns how many items it has. */
  async #collection(reached: Reached, id: ObjectId, path: string, start = 0): Promise<number> {
    return this.#once(path, id, async () => {
      const entries = (await this.#entries(reached, id, `${path}/`)) ?? []
      let next = start
      for (const { name, mode, id } of entries) {
        const inside = `${path}/${name}`
        const range = mode === FOLDER ? itemsIn(insideCollection(inside)) : undefined
        if (range === undefined) {
          if (mode === FOLDER && mayHoldOurs(inside)) this.#misplaced(reached, inside)
          else this.#strange(reached, inside)
          continue
        }
        const items = isGroup(name)
          ? await this.#collection(reached, id, inside, range.first)
          : await this.#items(reached, id, inside, range.first)
        // A folder with only foreign files is not a folder of items.
        if (items === 0) continue
        if (range.first !== next) this.#gap(reached, path, next)
        next = range.first + items
      }
      return next - start
    })
  }

  /** Verifies a folder of a hundred items. Returns how many it has. */
  async #items(reached: Reached, id: ObjectId, path: string, first: number): Promise<number> {
    return this.#once(path, id, async () => {
      const byIndex = new Map<number, TreeEntry[]>()
      for (const entry of (await this.#entries(reached, id, `${path}/`)) ?? []) {
        if (entry.mode === FILE && isPage(`${path}/${entry.name}`)) {
          await this.#page(reached, `${path}/${entry.name}`, entry.id)
          continue
        }
        const index = itemOf(entry)
        if (index === undefined || folderName(index) !== insideCollection(path)) {
          this.#strange(reached, `${path}/${entry.name}`)
        } else byIndex.set(index, [...(byIndex.get(index) ?? []), entry])
      }
      let next = first
      let items = 0
      for (const index of [...byIndex.keys()].sort((a, b) => a - b)) {
        // A folder of another tool is not an item.
        if (!(await this.#item(reached, path, byIndex.get(index)!))) continue
        if (index !== next) this.#gap(reached, path, next)
        next = index + 1
        items++
      }
      return items
    })
  }

  async #page(reached: Reached, path: string, id: ObjectId): Promise<void> {
    await this.#once(path, id, async () => {
      const page = await this.#findings.read(reached, id, 'blob')
      if (page !== undefined) this.pages.push({ ...reached, path, id, isOwn: isOfThisRenderer(page.data) })
      return 1
    })
  }

  /** Verifies the item of these entries. Returns whether they are an item. */
  async #item(reached: Reached, path: string, entries: readonly TreeEntry[]): Promise<boolean> {
    const folder = entries.find(({ mode }) => mode === FOLDER)
    const isItem = folder !== undefined && (await this.#itemFolder(reached, path, folder))
    const files = entries.filter((one) => one !== folder)
    if (isItem && files.length > 0) this.#strange(reached, `${path}/${files[0]!.name}`)
    if (isItem || files.length === 0) return isItem
    await this.#decodeOnce(reached, `${path}/`, files, (found) => void decodeItem(found))
    return true
  }

  async #itemFolder(reached: Reached, path: string, folder: TreeEntry): Promise<boolean> {
    const inside = `${path}/${folder.name}/`
    const items = await this.#once(inside, folder.id, async () => {
      const own = (await this.#entries(reached, folder.id, inside)) ?? []
      const logs = own.filter(({ mode }) => mode === FOLDER)
      const files = this.#oursOf(
        reached,
        inside,
        own.filter(({ mode }) => mode !== FOLDER),
      )
      let log: TreeEntry | undefined
      for (const one of logs) {
        if (!isFolderName(one.name) || !(await this.#hasSegments(reached, one.id, `${inside}${one.name}/`))) {
          this.#findings.addForeign(reached, `${inside}${one.name}/`)
        } else if (log === undefined) log = one
        else {
          this.#misplaced(reached, inside + one.name)
          return 1
        }
      }
      if (files.length === 0 && log === undefined) return 0
      await this.#decodeOnce(reached, inside, files, (found) => void decodeItem(found))
      if (log !== undefined) await this.#log(reached, log.id, `${inside}${log.name}/`)
      return 1
    })
    return items > 0
  }

  /** Whether a folder inside an item's folder is a log. */
  async #hasSegments(reached: Reached, id: ObjectId, path: string): Promise<boolean> {
    const known = this.#logs.get(id)
    if (known !== undefined) return known
    const entries = (await this.#entries(reached, id, path)) ?? []
    const found = entries.some(({ name, mode }) => mode === FILE && parseSegmentName(name) !== undefined)
    this.#logs.set(id, found)
    return found
  }

  /** Verifies the segments of a log, each with the files next to it. Decodes only new segments. */
  async #log(reached: Reached, id: ObjectId, path: string): Promise<void> {
    const segments = new Map<number, TreeEntry[]>()
    for (const entry of (await this.#entries(reached, id, path)) ?? []) {
      const number = entry.mode === FOLDER ? undefined : parseSegmentName(entry.name)
      if (number === undefined) this.#strange(reached, path + entry.name)
      else segments.set(number, [...(segments.get(number) ?? []), entry])
    }
    let next = 0
    for (const number of [...segments.keys()].sort((a, b) => a - b)) {
      if (number !== next) this.#gap(reached, path.slice(0, -1), next)
      next = number + 1
      const file = `${path}${numbered(number)}.jsonl`
      await this.#decodeOnce(reached, path, segments.get(number)!, (files) => void decodeEvents(file, files))
    }
  }

  async #decodeOnce(
    reached: Reached,
    folder: string,
    entries: readonly TreeEntry[],
    decode: (files: Files) => void,
  ): Promise<void> {
    const key = entries.map(({ name, id }) => `${name} ${id}`).join('\n')
    await this.#once(folder, key, async () => {
      await this.#decode(reached, folder, entries, decode)
      return 1
    })
  }

  async #decode(
    reached: Reached,
    folder: string,
    entries: readonly TreeEntry[],
    decode: (files: Files) => void,
  ): Promise<void> {
    const files: Files = new Map()
    for (const { name, id } of entries) {
      const blob = await this.#findings.read(reached, id, 'blob')
      if (blob !== undefined) files.set(folder + name, blob.data)
    }
    if (this.#slice.isOver()) await this.#slice.next()
    // Missing files were reported already.
    if (files.size < entries.length) return
    try {
      decode(files)
    } catch (error) {
      this.#findings.addError(reached, folder, error)
    }
  }

  /**
   * Returns the plain files and folders of a tree. Reports the other entries: as problems if their name is one of ours,
   * else as foreign.
   */
  async #entries(reached: Reached, id: ObjectId, folder: string): Promise<TreeEntry[] | undefined> {
    const object = await this.#findings.read(reached, id, 'tree')
    if (object === undefined) return undefined
    try {
      const tree = parseTree(asBuffer(object.data), id)
      const entries = Array.from({ length: entryCount(tree) }, (_, n) => entryAt(tree, n))
      return entries.filter(({ name, mode }) => {
        if (mode === FOLDER || mode === FILE) return true
        if (!standsForOurs(name)) {
          this.#findings.addForeign(reached, folder + name)
          return false
        }
        this.#findings.add(
          reached,
          folder + name,
          `'${folder}${name}' is not a plain file (mode ${mode}): forkpoint never writes this. ${WAY_OUT}`,
        )
        return false
      })
    } catch (error) {
      this.#findings.addError(reached, id, error)
      return undefined
    }
  }

  /** Checks that a file exists which forkpoint writes but does not read. */
  async #readOnce(reached: Reached, path: string, id: ObjectId): Promise<void> {
    await this.#once(path, id, async () => ((await this.#findings.read(reached, id, 'blob')) ? 1 : 0))
  }

  async #once(path: string, id: string, work: () => Promise<number>): Promise<number> {
    const key = `${path}\n${id}`
    const known = this.#seen.get(key)
    if (known !== undefined) return known
    const count = await work()
    this.#seen.set(key, count)
    return count
  }

  /** Returns the files that forkpoint wrote. Adds the others as foreign files. */
  #oursOf(reached: Reached, folder: string, entries: readonly TreeEntry[]): TreeEntry[] {
    return entries.filter(({ name }) => {
      if (isOurs(folder + name)) return true
      if (!isRootFile(folder + name)) this.#findings.addForeign(reached, folder + name)
      return false
    })
  }

  #strange(reached: Reached, path: string): void {
    if (isOurs(path)) this.#misplaced(reached, path)
    else this.#findings.addForeign(reached, path)
  }

  #misplaced(reached: Reached, path: string): void {
    this.#findings.add(reached, path, `'${path}' is not a file that forkpoint writes. ${WAY_OUT}`)
  }

  #gap(reached: Reached, path: string, index: number): void {
    this.#findings.add(reached, path, `'${path}' has later items, but not number ${index}. ${WAY_OUT}`)
  }
}

const FILE = '100644'
const FOLDER = '40000'

const insideCollection = (path: string): string => path.slice(path.indexOf('/') + 1)
