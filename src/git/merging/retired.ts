/**
 * Which packs have been merged into which, oldest first. They stay for a while for processes that read them; they are
 * not synced, and no journal names them. So they are listed on the disk (`forkpoint/retired/<merged pack>`: the owner,
 * then one name per line): the next process can delete them, and after a restart of the machine, when nobody reads them
 * and their content is uncertain, it does.
 */
import { dirname, join } from 'node:path'
import { isObjectId } from '../../ids.ts'
import type { FileSystem } from '../disk/file-system.ts'
import { type Owner, ownerText, parseOwner } from '../disk/identity.ts'
import type { Temporaries } from '../disk/temporaries.ts'

export interface RetiredPack {
  pack: string
  /** The pack that holds all its objects. */
  by: string
  /** Milliseconds since 1970. */
  since: number
}

export class RetiredPacks {
  readonly #fs: FileSystem
  readonly #folder: string
  readonly #temporaries: Temporaries
  /** By pack, oldest first. */
  #packs = new Map<string, RetiredPack>()
  /** How many packs a pack stands for. */
  readonly #standsFor = new Map<string, number>()
  #obsolete = new Set<string>()
  #isNew = false

  constructor(fs: FileSystem, folder: string, temporaries: Temporaries) {
    this.#fs = fs
    this.#folder = folder
    this.#temporaries = temporaries
  }

  get size(): number {
    return this.#packs.size
  }

  /** The pack to delete first: no other pack's objects have to be found through it. */
  get oldest(): RetiredPack | undefined {
    for (const one of this.#packs.values()) if (!this.#standsFor.has(one.pack)) return one
    return undefined
  }

  has(pack: string): boolean {
    return this.#packs.has(pack)
  }

  add(packs: readonly string[], by: string, since: number): void {
    this.#remove(by)
    for (const pack of packs) {
      const known = this.#packs.get(pack)
      if (known !== undefined) this.#countDown(known.by)
      // A known one keeps its place.
      this.#set({ pack, by, since: known?.since ?? since })
    }
  }

  /** Durably lists the packs that `by` replaces. Throws StorageError. */
  async persist(by: string, owner: Owner): Promise<void> {
    const known = new Set(readList(this.#fs, join(this.#folder, by))?.packs)
    const packs = new Set([...this.#packs.values()].flatMap((one) => (one.by === by ? one.pack : [])))
    if (packs.size === 0) return
    const text = ownerText(owner) + [...known, ...packs].map((pack) => `${pack}\n`).join('')
    const temporary = this.#temporaries.write(Buffer.from(text))
    try {
      await this.#fs.syncFile(temporary)
      if (!this.#fs.rename(temporary, join(this.#folder, by))) {
        this.#isNew = this.#fs.makeDir(this.#folder) !== undefined
        this.#fs.rename(temporary, join(this.#folder, by))
      }
    } catch (error) {
      this.#temporaries.discard(temporary)
      throw error
    }
    await this.#fs.syncDir(this.#folder)
    if (this.#isNew) await this.#fs.syncDir(dirname(this.#folder))
    this.#isNew = false
  }

  /** To be called when the pack is deleted, or is not ours to delete. Its list is removed once that is durable. */
  drop({ pack, by }: RetiredPack): void {
    this.#remove(pack)
    if (!this.#standsFor.has(by)) this.#obsolete.add(by)
  }

  get hasObsolete(): boolean {
    return this.#obsolete.size > 0
  }

  /**
   * Syncs the folder of packs with `sync`; then lists of packs that are gone for good are removed. A listed pack that
   * still exists is synced first with `syncPack`, since no list will say any longer that it may be broken.
   */
  async tidy(sync: () => Promise<void>, syncPack: (pack: string) => Promise<void>): Promise<void> {
    const obsolete = this.#obsolete
    this.#obsolete = new Set()
    const due = [...obsolete].filter((by) => !this.#standsFor.has(by))
    for (const by of due)
      for (const pack of readList(this.#fs, join(this.#folder, by))?.packs ?? []) await syncPack(pack)
    await sync()
    for (const by of due) if (!this.#standsFor.has(by)) this.#fs.unlink(join(this.#folder, by))
  }

  /** Reads what other processes have merged. `present`: the existing packs. */
  load(present: ReadonlySet<string>): void {
    for (const { by, packs, since } of retiredLists(this.#fs, this.#folder)) {
      const left = packs.filter((pack) => present.has(pack))
      if (left.length === 0) this.#obsolete.add(by)
      for (const pack of left) if (!this.has(pack)) this.#set({ pack, by, since })
    }
    this.#packs = new Map([...this.#packs].sort(([, a], [, b]) => a.since - b.since))
  }

  #set(one: RetiredPack): void {
    this.#packs.set(one.pack, one)
    this.#standsFor.set(one.by, (this.#standsFor.get(one.by) ?? 0) + 1)
  }

  #remove(pack: string): void {
    const one = this.#packs.get(pack)
    if (one === undefined) return
    this.#packs.delete(pack)
    this.#countDown(one.by)
  }

  #countDown(by: string): void {
    const left = this.#standsFor.get(by)! - 1
    if (left > 0) this.#standsFor.set(by, left)
    else this.#standsFor.delete(by)
  }
}

export interface RetiredList {
  by: string
  path: string
  /** `undefined`: the list is broken; then a journal still has all that it says. */
  owner: Owner | undefined
  packs: readonly string[]
  since: number
}

/**
 * Whether another existing pack (`has`) holds all objects of `pack`: the one it was merged into, or one that replaced
 * that.
 */
export function isStoodFor(
  lists: readonly RetiredList[],
  pack: string,
  has: (pack: string) => boolean,
): boolean {
  const chain = new Set([pack])
  // Grows while it is walked.
  for (const one of chain) {
    for (const { by, packs } of lists) {
      if (!packs.includes(one) || by === pack) continue
      if (has(by)) return true
      chain.add(by)
    }
  }
  return false
}

/** These packs, all that were merged into them, and so on. */
export function withMerged(lists: readonly RetiredList[], packs: Iterable<string>): Set<string> {
  const all = new Set(packs)
  // Grows while it is walked.
  for (const one of all)
    for (const list of lists) if (list.by === one) for (const pack of list.packs) all.add(pack)
  return all
}

export function* retiredLists(fs: FileSystem, folder: string): Generator<RetiredList> {
  for (const by of fs.readDir(folder)) {
    const list = isObjectId(by) ? readList(fs, join(folder, by)) : undefined
    if (list !== undefined) yield { by, ...list }
  }
}

function readList(fs: FileSystem, path: string): Omit<RetiredList, 'by'> | undefined {
  const stat = fs.stat(path)
  if (stat?.kind !== 'file') return undefined
  const [owner = '', ...packs] = fs.readFile(path)?.toString('utf8').split('\n') ?? []
  return { path, owner: parseOwner(owner), packs: packs.filter(isObjectId), since: stat.mtimeMs }
}
