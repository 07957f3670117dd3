/**
 * Puts packs where git looks for them, in an order that keeps the repository whole at every moment: `.keep`, pack,
 * index, then (elsewhere) refs; then the `.keep` is removed.
 */
import { join } from 'node:path'
import { StorageError } from '../../errors.ts'
import type { StoreFolder } from '../disk/store-folder.ts'

/** A pack and its index in temporary files, to be renamed into place. */
export interface StagedPack {
  pack: string
  data: string
  index: string
}

export class Placement {
  readonly folder: StoreFolder
  readonly #unwanted = new Set<string>()
  /** How many callers hold it. */
  readonly #held = new Map<string, number>()

  constructor(folder: StoreFolder) {
    this.folder = folder
  }

  file(pack: string, ending: string): string {
    return join(this.folder.paths.packs, `pack-${pack}.${ending}`)
  }

  has(pack: string): boolean {
    return (
      this.folder.fs.stat(this.file(pack, 'idx')) !== undefined &&
      this.folder.fs.stat(this.file(pack, 'pack')) !== undefined
    )
  }

  /**
   * Writes the `.keep` file. While it exists, `git gc` and `git repack` leave the pack alone although no ref reaches it
   * yet.
   */
  keep(pack: string): void {
    this.folder.locks.mark(this.file(pack, 'keep'))
  }

  /** Never throws: a `.keep` that cannot be removed only keeps its pack from being repacked. Later calls try again. */
  unkeep(pack?: string): void {
    if (pack !== undefined) this.#unwanted.add(pack)
    for (const name of this.#unwanted) {
      try {
        this.folder.fs.unlink(this.file(name, 'keep'))
        this.#unwanted.delete(name)
      } catch {
        return
      }
    }
  }

  /** `keep` until the result is called: for a pack that nothing reaches for longer than a save takes. */
  hold(pack: string): () => void {
    this.#unwanted.delete(pack)
    this.keep(pack)
    this.#held.set(pack, (this.#held.get(pack) ?? 0) + 1)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      const others = this.#held.get(pack)! - 1
      if (others > 0) this.#held.set(pack, others)
      else {
        this.#held.delete(pack)
        this.unkeep(pack)
      }
    }
  }

  /** Whether this object holds the pack. */
  isHeld(pack: string): boolean {
    return this.#held.has(pack)
  }

  isKept(pack: string): boolean {
    return this.folder.fs.stat(this.file(pack, 'keep')) !== undefined
  }

  /**
   * Places a pack and then its index, unless it exists. Not synced. Throws StorageError; then nothing is left behind.
   */
  async place(pack: string, data: Uint8Array, index: Uint8Array): Promise<void> {
    if (!this.has(pack)) await this.#placeAnew(pack, data, index, false)
  }

  /** Writes a pack and its index to temporary files. Call `place` or `drop` with the result. Throws StorageError. */
  async stage(pack: string, data: Uint8Array, index: Uint8Array): Promise<StagedPack> {
    const first = await this.folder.temporaries.writeAny(data)
    try {
      return { pack, data: first, index: await this.folder.temporaries.writeAny(index) }
    } catch (error) {
      this.folder.temporaries.discard(first)
      throw error
    }
  }

  /** Places what was staged. Throws StorageError. */
  placeStaged({ pack, data, index }: StagedPack): void {
    this.reveal(pack, data, index)
  }

  drop({ data, index }: StagedPack): void {
    this.folder.temporaries.discard(data)
    this.folder.temporaries.discard(index)
  }

  /** Places a pack even if one of its name exists; it is synced before it can be seen. Throws StorageError. */
  async placeSynced(pack: string, data: Uint8Array, index: Uint8Array): Promise<void> {
    await this.#placeAnew(pack, data, index, true)
    await this.folder.fs.syncDir(this.folder.paths.packs)
  }

  /** Moves a finished pack and its index to their place. Throws StorageError. */
  reveal(pack: string, data: string, index: string): void {
    this.#move(data, this.file(pack, 'pack'))
    try {
      this.#move(index, this.file(pack, 'idx'))
    } catch (error) {
      if (!this.has(pack)) this.folder.temporaries.discard(this.file(pack, 'pack'))
      throw error
    }
  }

  /** Removes a pack, its index first, so that no reader starts to use it. */
  remove(pack: string): void {
    const { fs } = this.folder
    fs.unlink(this.file(pack, 'idx'))
    // Most have no `rev` and no `keep`, and a thrown error costs more than a check.
    for (const ending of ['rev', 'keep']) {
      const file = this.file(pack, ending)
      if (fs.stat(file) !== undefined) fs.unlink(file)
    }
    fs.unlink(this.file(pack, 'pack'))
  }

  /** Syncs a pack and its index, if they exist. Throws StorageError. */
  async sync(pack: string): Promise<void> {
    for (const ending of ['pack', 'idx']) {
      const file = this.file(pack, ending)
      // Most of them are gone, and a thrown error costs more than a check.
      if (this.folder.fs.stat(file) !== undefined) await this.folder.fs.syncFile(file)
    }
  }

  /** Removes indexes whose pack was lost in a power loss. Writing and deleting packs never leaves such an index. */
  removeStrayIndexes(): void {
    const names = new Set(this.folder.fs.readDir(this.folder.paths.packs))
    for (const name of names) {
      const pack = /^pack-([0-9a-f]{40})\.idx$/.exec(name)?.[1]
      if (pack !== undefined && !names.has(`pack-${pack}.pack`)) this.folder.fs.unlink(this.file(pack, 'idx'))
    }
  }

  async #placeAnew(pack: string, data: Uint8Array, index: Uint8Array, synced: boolean): Promise<void> {
    const files: string[] = []
    try {
      for (const content of [data, index]) {
        const file = await this.folder.temporaries.writeAny(content)
        files.push(file)
        if (synced) await this.folder.fs.syncFile(file)
      }
      this.reveal(pack, files[0]!, files[1]!)
    } catch (error) {
      for (const file of files) this.folder.temporaries.discard(file)
      throw error
    }
  }

  #move(from: string, to: string): void {
    if (this.folder.fs.rename(from, to)) return
    this.folder.fs.makeDir(this.folder.paths.packs)
    if (!this.folder.fs.rename(from, to)) {
      throw new StorageError(`'${from}' vanished before it could be moved to '${to}'. Save again.`, {
        file: to,
      })
    }
  }
}
