/**
 * The packs of one objects folder. Other processes place and delete packs at any moment: the list may be outdated, and
 * a look-up that finds nothing lists the folder again.
 */
import { CorruptError } from '../../errors.ts'
import type { ObjectId } from '../../ids.ts'
import type { FileReader } from '../disk/file-system.ts'
import { PackGoneError } from './bytes.ts'
import { PackFile, type PackMemory } from './file.ts'
import { keyOf } from './pack-index.ts'

export interface EntryPosition {
  pack: PackFile
  offset: number
}

export class PackFolder {
  /** Whether it belongs to a partial clone: another repository has objects that are missing here. */
  isPartial = false
  readonly objectsFolder: string
  readonly folder: string
  readonly #fs: FileReader
  readonly #memory: PackMemory
  /** Used last first. */
  #packs: PackFile[] = []
  readonly #broken = new Map<string, CorruptError>()
  readonly #open = new Set<PackFile>()
  #listedAt = Number.NEGATIVE_INFINITY
  #listedMtime: number | undefined
  #version = 0

  constructor(fs: FileReader, objectsFolder: string, memory: PackMemory) {
    this.objectsFolder = objectsFolder
    this.folder = `${objectsFolder}/pack`
    this.#fs = fs
    this.#memory = memory
  }

  /** Packs known now, used last first. */
  get packs(): readonly PackFile[] {
    if (this.#listedAt === Number.NEGATIVE_INFINITY) this.refresh()
    return this.#packs
  }

  /**
   * Identifies the list of packs that a look-up used. Several look-ups run at the same time, and one may refresh the
   * list for all. So a look-up that found nothing compares the version from before it with the one after a refresh: if
   * they are equal, another try is useless.
   */
  get version(): number {
    if (this.#listedAt === Number.NEGATIVE_INFINITY) this.refresh()
    return this.#version
  }

  /** Where the object is, according to the packs known now. */
  find(id: ObjectId): EntryPosition | undefined {
    const packs = this.packs
    const key = keyOf(id)
    for (let n = 0; n < packs.length; n++) {
      const place = this.#placeIn(packs[n]!, id, key)
      if (place === undefined) continue
      if (n > NEAR) this.#packs = [place.pack, ...this.#packs.filter((pack) => pack !== place.pack)]
      return place
    }
    return undefined
  }

  /** The first place where the object is, if there is one. */
  findFirst(id: ObjectId): EntryPosition[] {
    const place = this.find(id)
    return place === undefined ? [] : [place]
  }

  /** All places where the object is. */
  findAll(id: ObjectId): EntryPosition[] {
    return this.packs.flatMap((pack) => this.#placeIn(pack, id, keyOf(id)) ?? [])
  }

  /**
   * The index of `pack`; `undefined` when the pack is gone or broken, and then it is skipped until the next refresh.
   */
  indexOf(pack: PackFile): PackFile['index'] | undefined {
    try {
      const { index } = pack
      if (this.#broken.size > 0) this.#broken.delete(pack.name)
      return index
    } catch (error) {
      if (error instanceof CorruptError) this.#broken.set(pack.name, error)
      else if (!(error instanceof PackGoneError)) throw error
      this.drop(pack)
      return undefined
    }
  }

  /** Why an object may be missing: an index that cannot be read. */
  get problem(): CorruptError | undefined {
    return this.#broken.values().next().value
  }

  /** Adds a pack that was just placed, without listing the folder. `index`: the content of its index. */
  add(name: string, index?: Buffer): void {
    if (this.packs.some((pack) => pack.name === name)) return
    this.#packs = [this.#newPack(name, index), ...this.#packs]
    this.#version++
  }

  /** Removes packs whose objects are all in another one. */
  forget(names: readonly string[]): void {
    const gone = new Set(names)
    for (const pack of this.#packs.filter(({ name }) => gone.has(name))) this.drop(pack)
  }

  drop(pack: PackFile): void {
    pack.close()
    this.#open.delete(pack)
    this.#packs = this.#packs.filter((other) => other !== pack)
  }

  /** Lists the packs again, unless the folder cannot have changed. If the packs differ, `version` changes. */
  refresh(force = false): void {
    const mtime = this.#fs.stat(this.folder)?.mtimeMs
    // Two changes within one tick of the file system's clock (2 s on FAT) have the same time.
    const isSame = mtime === this.#listedMtime && this.#listedAt - (mtime ?? 0) > 3000
    if (isSame && !force && this.#broken.size === 0) return
    this.#listedMtime = mtime
    this.#listedAt = Date.now()
    const names = new Set(this.#fs.readDir(this.folder))
    this.isPartial = [...names].some((name) => name.endsWith('.promisor'))
    const listed = new Set<string>()
    for (const file of names) {
      const name = /^pack-(.+)\.idx$/.exec(file)?.[1]
      if (name !== undefined && names.has(`pack-${name}.pack`)) listed.add(name)
    }
    const known = new Set(this.#packs.map(({ name }) => name))
    const gone = this.#packs.filter(({ name }) => !listed.has(name))
    // Some tools write an index in place: one that was broken may be whole by now.
    const added = [...listed].filter((name) => !known.has(name))
    if (gone.length > 0 || added.some((name) => !this.#broken.has(name))) this.#version++
    for (const name of this.#broken.keys()) if (!listed.has(name)) this.#broken.delete(name)
    for (const pack of gone) this.drop(pack)
    this.#packs = [...this.#largestFirst(added).map((name) => this.#newPack(name)), ...this.#packs]
  }

  close(): void {
    // A read in progress may have reopened a pack that was dropped.
    for (const pack of new Set([...this.#packs, ...this.#open])) pack.close()
    this.#open.clear()
  }

  /** Most objects are in large packs; small ones may just be waiting to be deleted. */
  #largestFirst(names: readonly string[]): string[] {
    const size = (name: string): number => this.#fs.stat(`${this.folder}/pack-${name}.idx`)?.size ?? 0
    const sized = names.map((name) => ({ name, size: names.length > 1 ? size(name) : 0 }))
    return sized.sort((a, b) => b.size - a.size).map(({ name }) => name)
  }

  #placeIn(pack: PackFile, id: ObjectId, key: number): EntryPosition | undefined {
    try {
      const offset = this.indexOf(pack)?.find(id, key)
      return offset === undefined ? undefined : { pack, offset }
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error
      this.#broken.set(pack.name, error)
      this.drop(pack)
      return undefined
    }
  }

  #newPack(name: string, index?: Buffer): PackFile {
    const opened = (pack: PackFile): void => {
      this.#open.delete(pack)
      this.#open.add(pack)
      if (this.#open.size <= MAX_OPEN) return
      const oldest = this.#open.values().next().value!
      this.#open.delete(oldest)
      oldest.release()
    }
    return new PackFile(this.#fs, this.folder, name, this.#memory, index ? { opened, index } : { opened })
  }
}

/** File descriptors for packs at most. */
const MAX_OPEN = 64
/** A pack among the first so many is not moved to the front. */
const NEAR = 3
