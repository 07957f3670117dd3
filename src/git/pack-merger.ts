/**
 * Merging packs on disk, off the path of a save. What was merged stays for ten minutes, so that a `git fsck` or
 * `git clone` that is reading it can finish, but never so long that there are more than 64 packs.
 */
import type { FileSystem, OpenFile } from './file-system.ts'
import { mergePacks, type PackSource, spansOf } from './merge.ts'
import type { ObjectStore } from './object-store.ts'
import { parsePackIndex } from './pack-index.ts'
import type { Paths } from './paths.ts'
import type { Placement } from './placement.ts'

const MOST_PACKS = 64
const GRACE = 10 * 60 * 1000
/** From this many packs on, the small ones are merged. */
const ENOUGH = 24
/** Endings of files that say: this pack is looked after by git. */
const HANDS_OFF = ['keep', 'mtimes', 'promisor', 'bitmap']

export interface PackMergerParts {
  fs: FileSystem
  paths: Paths
  placement: Placement
  objects: ObjectStore
  now: () => number
}

export class PackMerger {
  private readonly parts: PackMergerParts
  private retired: { pack: string; since: number }[] = []
  private readonly notOurs = new Set<string>()
  private last: Promise<unknown> = Promise.resolve()

  constructor(parts: PackMergerParts) {
    this.parts = parts
  }

  /**
   * One synced pack in place of `packs`; `false` when one of them has deltas or vanished meanwhile.
   * Throws StorageError.
   */
  merge(packs: readonly string[]): Promise<boolean> {
    const run = this.last.then(() => this.mergeNow(packs))
    this.last = run.catch(() => undefined)
    return run
  }

  /** These packs are not needed any more: all they hold is in another one. */
  retire(packs: readonly string[]): void {
    const since = this.parts.now()
    this.retired.push(...packs.map((pack) => ({ pack, since })))
    this.sweep()
  }

  /** Deletes retired packs whose time is over, and the oldest ones while there are too many packs. */
  sweep(): void {
    const due = this.parts.now() - GRACE
    let tooMany = this.retired.length === 0 ? 0 : this.packNames().length - MOST_PACKS
    while (this.retired.length > 0 && (tooMany > 0 || this.retired[0]!.since <= due)) {
      this.parts.placement.remove(this.retired.shift()!.pack)
      tooMany--
    }
  }

  /** Merges the smallest packs until each is at least twice as big as all smaller ones together. */
  async compact(): Promise<void> {
    const candidates = this.candidates()
    if (candidates.length < ENOUGH) return
    const chosen = geometricPrefix(candidates.map(({ size }) => size))
    if (chosen >= 2) await this.merge(candidates.slice(0, chosen).map(({ pack }) => pack))
  }

  /** Packs that may be merged, smallest first. */
  private candidates(): { pack: string; size: number }[] {
    const { fs, paths, placement } = this.parts
    const names = fs.readDir(paths.packs)
    const present = new Set(names)
    const midx = present.has('multi-pack-index') ? fs.readFile(`${paths.packs}/multi-pack-index`) : undefined
    const retired = new Set(this.retired.map(({ pack }) => pack))
    const found: { pack: string; size: number }[] = []
    for (const pack of packsIn(names)) {
      if (retired.has(pack) || this.notOurs.has(pack) || midx?.includes(`pack-${pack}.idx`)) continue
      if (HANDS_OFF.some((ending) => present.has(`pack-${pack}.${ending}`))) continue
      const stat = fs.stat(placement.file(pack, 'pack'))
      if (stat?.kind === 'file') found.push({ pack, size: stat.size })
    }
    return found.sort((a, b) => a.size - b.size)
  }

  private packNames(): string[] {
    return packsIn(this.parts.fs.readDir(this.parts.paths.packs))
  }

  private async mergeNow(packs: readonly string[]): Promise<boolean> {
    const { fs, placement, objects } = this.parts
    const files = [placement.temporary(), placement.temporary()] as const
    const open: OpenFile[] = []
    const out = fs.open(files[0], 'wx+')
    if (out === undefined) return false
    open.push(out)
    try {
      const sources: PackSource[] = []
      for (const pack of packs) {
        const source = this.source(pack, open)
        if (source === undefined) return false
        sources.push(source)
      }
      let at = 0
      const merged = await mergePacks(sources, async (piece) => {
        for (let done = 0; done < piece.length; )
          done += await out.writeAsync(piece.subarray(done), at + done)
        at += piece.length
      })
      if (merged === undefined) {
        for (const pack of packs) this.notOurs.add(pack)
        return false
      }
      fs.writeFile(files[1], merged.index)
      await out.sync()
      await fs.syncFile(files[1])
      if (packs.includes(merged.name)) return false
      placement.reveal(merged.name, files[0], files[1])
      await fs.syncDir(this.parts.paths.packs)
      this.retired = this.retired.filter(({ pack }) => pack !== merged.name)
      objects.addPack(merged.name, merged.index)
      this.retire(packs)
      return true
    } finally {
      for (const file of open) file.close()
      for (const file of files) fs.unlink(file)
    }
  }

  private source(pack: string, open: OpenFile[]): PackSource | undefined {
    const { fs, placement } = this.parts
    const index = fs.readFile(placement.file(pack, 'idx'))
    const file = index && fs.open(placement.file(pack, 'pack'), 'r')
    if (index === undefined || file === undefined) return undefined
    open.push(file)
    const entries = parsePackIndex(index, placement.file(pack, 'idx')).entries()
    return {
      entries: spansOf(entries, file.size()),
      async read(position, length) {
        const bytes = Buffer.allocUnsafe(length)
        let done = 0
        while (done < length) {
          const read = await file.readAsync(bytes.subarray(done), position + done)
          if (read === 0) break
          done += read
        }
        return bytes.subarray(0, done)
      },
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
