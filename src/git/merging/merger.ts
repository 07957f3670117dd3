/**
 * Merges packs on disk; no save waits for it. Merged packs stay for ten minutes, so that a `git fsck` or `git clone`
 * that is reading them can finish. If there are too many packs, the oldest are removed earlier, many at once and
 * rarely. The reasons: `docs/decisions/0004-pack-count-before-grace.md`.
 */

import { join } from 'node:path'
import type { ObjectStore } from '../database/object-store.ts'
import { closeAll, type OpenFile, writeAll } from '../disk/file-system.ts'
import { readPiece } from '../disk/read-fully.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import { mergePacks, type PackSource, spansOf } from '../packs/combine.ts'
import { parsePackIndex } from '../packs/pack-index.ts'
import type { Placement } from '../packs/placement.ts'
import { isStoodFor, type RetiredPack, RetiredPacks, retiredLists } from './retired.ts'

/**
 * The most packs while nobody saves, and while somebody does; the second is larger, so that packs are removed rarely.
 */
const MOST_PACKS = 64
const MOST_WHILE_SAVING = 512
const GRACE = 10 * 60 * 1000
/** From this many packs on, the small ones are merged. */
const ENOUGH = 24
/** Endings of files that mark a pack that git manages. */
const HANDS_OFF = ['keep', 'mtimes', 'promisor', 'bitmap']

export class PackMerger {
  readonly #folder: StoreFolder
  readonly #placement: Placement
  readonly #objects: ObjectStore
  readonly #breakLock: (file: string) => Promise<void>
  readonly #retired: RetiredPacks
  readonly #notOurs = new Set<string>()
  /** With fewer retired packs there are not too many packs. */
  #enoughToCount = 0
  #last: Promise<unknown> = Promise.resolve()

  /** `breakLock` breaks a lock that a dead process left. */
  constructor(placement: Placement, objects: ObjectStore, breakLock: (file: string) => Promise<void>) {
    const { folder } = placement
    this.#folder = folder
    this.#placement = placement
    this.#objects = objects
    this.#breakLock = breakLock
    this.#retired = new RetiredPacks(folder.fs, folder.paths.retired, folder.temporaries)
  }

  /** Only the holder of its lock merges packs, except those of its own last saves. */
  get lockedFile(): string {
    return join(this.#folder.paths.own, 'compact')
  }

  /**
   * Makes one synced pack from `packs`; it also replaces `replaced`, whose objects they contain. Returns its name;
   * `undefined` when one of `packs` has deltas or vanished meanwhile. Throws StorageError.
   */
  merge(packs: readonly string[], replaced: readonly string[] = []): Promise<string | undefined> {
    return this.#afterOthers(packs, replaced, false)
  }

  /** Marks packs as no longer needed, because pack `by` holds all their objects. Remembered only in memory. */
  retire(packs: readonly string[], by: string): void {
    this.#retired.add(packs, by, this.#folder.now())
    this.#objects.forgetPacks(packs)
    this.sweep()
  }

  /** As `retire`, but remembered even after a power loss. Throws StorageError. */
  async retireDurably(packs: readonly string[], by: string): Promise<void> {
    const { now, locks } = this.#folder
    this.#retired.add(packs, by, now())
    this.#objects.forgetPacks(packs)
    await this.#retired.persist(by, locks.owner)
    this.sweep()
  }

  /** Makes the names of all packs durable. Throws StorageError. */
  sync(): Promise<void> {
    const placement = this.#placement
    const { fs, paths } = this.#folder
    return this.#retired.tidy(
      () => fs.syncDir(paths.packs),
      (pack) => placement.sync(pack),
    )
  }

  /**
   * Deletes retired packs whose time is over; if there are too many packs, also the oldest of the others, all at once.
   *
   * @param most how many packs are too many
   */
  sweep(most = MOST_WHILE_SAVING): void {
    const due = this.#folder.now() - GRACE
    let tooMany = this.#tooMany(most)
    const standing = new Map<string, boolean>()
    for (;;) {
      const oldest = this.#retired.oldest
      if (oldest === undefined || (tooMany <= 0 && oldest.since > due)) return
      if (this.#remove(oldest, standing)) tooMany--
      this.#retired.drop(oldest)
    }
  }

  /** How many packs to remove before their time. Reads the folder more often the closer it is to the limit. */
  #tooMany(most: number): number {
    const retired = this.#retired.size
    if (retired === 0 || (most === MOST_WHILE_SAVING && retired < this.#enoughToCount)) return 0
    const count = this.#packNames().length
    this.#enoughToCount = count > most ? 0 : retired + Math.ceil((most - count) / 2)
    return count > most ? count - MOST_PACKS : 0
  }

  /** To be called when saving pauses: keeps no more packs than git reads quickly. */
  rest(): void {
    const names = this.#packNames()
    if (names.length <= MOST_PACKS) return
    this.#retired.load(new Set(names))
    this.sweep(MOST_PACKS)
  }

  /**
   * Merges the smallest packs until each is at least twice as big as all smaller ones together, if there are many.
   * One process at a time, so that no two ever retire each other's result. Throws StorageError.
   */
  async compact(): Promise<void> {
    if (this.#candidates().length < ENOUGH) return
    const { locks } = this.#folder
    const lock = this.lockedFile
    if (!locks.take(lock)) {
      if ((await locks.deadHolder(lock)) === undefined) return
      await this.#breakLock(lock)
      if (!locks.take(lock)) return
    }
    try {
      this.#retired.load(new Set(this.#packNames()))
      this.sweep()
      const candidates = this.#candidates()
      const chosen = geometricPrefix(candidates.map(({ size }) => size))
      if (candidates.length >= ENOUGH && chosen >= 2)
        await this.#afterOthers(
          candidates.slice(0, chosen).map(({ pack }) => pack),
          [],
          true,
        )
      if (this.#retired.hasObsolete) await this.sync()
    } finally {
      locks.release(lock)
    }
  }

  /** Runs one merge after the other. `deflate`: compress what saves have only stored. */
  #afterOthers(
    packs: readonly string[],
    replaced: readonly string[],
    deflate: boolean,
  ): Promise<string | undefined> {
    const run = this.#last.then(() => this.#mergeNow(packs, replaced, deflate))
    this.#last = run.catch(() => undefined)
    return run
  }

  /** Packs that may be merged, smallest first. */
  #candidates(): { pack: string; size: number }[] {
    const placement = this.#placement
    const { fs, paths } = this.#folder
    const names = fs.readDir(paths.packs)
    const present = new Set(names)
    const midx = present.has('multi-pack-index') ? fs.readFile(`${paths.packs}/multi-pack-index`) : undefined
    const found: { pack: string; size: number }[] = []
    for (const pack of packsIn(names)) {
      if (this.#retired.has(pack) || this.#notOurs.has(pack) || midx?.includes(`pack-${pack}.idx`)) continue
      if (HANDS_OFF.some((ending) => present.has(`pack-${pack}.${ending}`))) continue
      const stat = fs.stat(placement.file(pack, 'pack'))
      if (stat?.kind === 'file') found.push({ pack, size: stat.size })
    }
    return found.sort((a, b) => a.size - b.size)
  }

  /**
   * Only while the pack that replaces it exists: otherwise somebody repacked, and this may be the same pack saved
   * again.
   *
   * @param standing what is known of the packs that replace others
   */
  #remove({ pack, by }: RetiredPack, standing: Map<string, boolean>): boolean {
    const placement = this.#placement
    const { fs, paths } = this.#folder
    if (!placement.has(pack) || placement.isKept(pack)) return false
    const isStanding = standing.get(by) ?? placement.has(by)
    standing.set(by, isStanding)
    const isDue =
      isStanding ||
      isStoodFor([...retiredLists(fs, paths.retired)], by, (other) => other !== pack && placement.has(other))
    if (isDue) placement.remove(pack)
    return isDue
  }

  #packNames(): string[] {
    return packsIn(this.#folder.fs.readDir(this.#folder.paths.packs))
  }

  async #mergeNow(
    packs: readonly string[],
    replaced: readonly string[],
    deflate: boolean,
  ): Promise<string | undefined> {
    const placement = this.#placement
    const objects = this.#objects
    const { fs, temporaries } = this.#folder
    const file = temporaries.path()
    let indexFile: string | undefined
    const open: OpenFile[] = []
    try {
      const out = temporaries.open(file)
      open.push(out)
      const sources: PackSource[] = []
      for (const pack of packs) {
        const source = await this.#source(pack, open)
        if (source === undefined) return undefined
        sources.push(source)
      }
      let at = 0
      const write = async (piece: Uint8Array): Promise<void> => {
        await writeAll(out, piece, at)
        at += piece.length
      }
      const merged = await mergePacks(sources, write, { deflate })
      if (merged === undefined) {
        for (const pack of packs) this.#notOurs.add(pack)
        return undefined
      }
      // The result is one of the packs itself if that holds all objects of the others; it still has to be synced.
      await out.sync()
      indexFile = await temporaries.writeAny(merged.index)
      await fs.syncFile(indexFile)
      placement.reveal(merged.name, file, indexFile)
      await this.sync()
      objects.addPack(merged.name, merged.index)
      const others = [...packs, ...replaced].filter((pack) => pack !== merged.name)
      await this.retireDurably(others, merged.name)
      return merged.name
    } finally {
      try {
        closeAll(open)
      } finally {
        temporaries.discard(file)
        if (indexFile !== undefined) temporaries.discard(indexFile)
      }
    }
  }

  async #source(pack: string, open: OpenFile[]): Promise<PackSource | undefined> {
    const placement = this.#placement
    const { fs } = this.#folder
    const index = fs.readFile(placement.file(pack, 'idx'))
    const file = index && fs.open(placement.file(pack, 'pack'), 'r')
    if (index === undefined || file === undefined) return undefined
    open.push(file)
    return {
      entries: await spansOf(parsePackIndex(index, placement.file(pack, 'idx')), file.size()),
      read: (position, length) => readPiece(file, position, length),
    }
  }
}

const packsIn = (names: readonly string[]): string[] =>
  names.flatMap((name) => /^pack-([0-9a-f]{40})\.pack$/.exec(name)?.[1] ?? [])

/** How many of the smallest packs to merge; sizes ascending. As `git repack --geometric=2` does. */
export function geometricPrefix(sizes: readonly number[]): number {
  let sum = 0
  let chosen = 0
  sizes.forEach((size, n) => {
    if (n > 0 && size < 2 * sum) chosen = n + 1
    sum += size
  })
  return chosen
}
