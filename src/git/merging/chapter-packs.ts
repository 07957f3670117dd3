/**
 * The small packs that groups of one chapter of the journal have left. Every sixteen are merged into one, and
 * every sixteen of those again, so that a busy chapter leaves a few dozen and not a thousand.
 */

import { mergePacks, type PackSource, spansOf } from '../packs/combine.ts'
import { parsePackIndex } from '../packs/pack-index.ts'
import type { BuiltPack } from '../packs/writer.ts'

export interface MergedInMemory {
  name: string
  pack: Buffer
  index: Buffer
  level: number
  /** Names of the packs it replaces. */
  replaces: readonly string[]
}

interface SmallPack {
  name: string
  level: number
  /** Kept while it is small enough to be merged from memory. */
  bytes?: { pack: Buffer; index: Buffer }
}

const FAN_IN = 16
/** Sixteen of these are merged in a few milliseconds, in one go. */
const LARGEST = 128 * 1024

export class ChapterPacks {
  #packs: SmallPack[] = []
  /** Names of packs that are in a merged one; some may still be on the disk. */
  readonly replaced: string[] = []

  add({ name, pack, index }: Pick<BuiltPack, 'name' | 'pack' | 'index'>, level = 0): void {
    const bytes = pack.length > LARGEST ? undefined : { pack, index }
    this.#packs.push({ name, level, ...(bytes && { bytes }) })
  }

  get names(): string[] {
    return this.#packs.map(({ name }) => name)
  }

  /** The next merge that is due; `undefined` when none is. Pure: `replace` makes it count. */
  async mergeDue(): Promise<MergedInMemory | undefined> {
    for (let level = 0; level < 3; level++) {
      const due = this.#packs.filter((pack) => pack.level === level && pack.bytes !== undefined)
      if (due.length >= FAN_IN) return merge(due, level + 1)
    }
    return undefined
  }

  replace(merged: MergedInMemory): void {
    const gone = new Set(merged.replaces)
    this.replaced.push(...gone)
    this.#packs = this.#packs.filter(({ name }) => !gone.has(name))
    this.add(merged, merged.level)
  }
}

async function merge(packs: readonly SmallPack[], level: number): Promise<MergedInMemory> {
  const pieces: Uint8Array[] = []
  const merged = await mergePacks(packs.map(sourceOf), (piece) => {
    pieces.push(piece)
  })
  if (merged === undefined) throw new Error('a pack of ours has a delta')
  return { ...merged, pack: Buffer.concat(pieces), level, replaces: packs.map(({ name }) => name) }
}

function sourceOf({ name, bytes }: SmallPack): PackSource {
  const { pack, index } = bytes!
  const entries = parsePackIndex(index, name).entries()
  return {
    entries: spansOf(entries, pack.length),
    read: (position, length) => pack.subarray(position, position + length),
  }
}
