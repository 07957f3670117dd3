/**
 * The small packs of the groups of one chapter of the journal. Every sixteen are merged into one, and every sixteen of
 * those again, so that a busy chapter leaves a few dozen and not a thousand. No save waits for that: packs are merged
 * after an answer, the journal names the result with the next group, and it is placed while the disk syncs the group
 * after that.
 */
import { TimeSlice } from '../../time-slice.ts'
import { mergePacks, type PackSource } from '../packs/combine.ts'
import type { BuiltPack, PackSpan } from '../packs/writer.ts'

export interface MergedInMemory {
  name: string
  pack: Buffer
  index: Buffer
  spans: readonly PackSpan[]
  level: number
  /** Names of the packs it replaces. */
  replaces: readonly string[]
}

interface SmallPack {
  name: string
  level: number
  /** The bytes, while they are few enough to be merged from memory. */
  bytes?: { pack: Buffer; spans: readonly PackSpan[] }
}

const FAN_IN = 16
/** Sixteen packs of this size are merged in a few milliseconds. */
const LARGEST = 128 * 1024

export class ChapterPacks {
  #packs: SmallPack[] = []
  /** Names of packs that are in a merged one; some may still be on the disk. */
  readonly replaced: string[] = []
  #merged: MergedInMemory | undefined
  #isMerging = false
  #isNamed = false

  add({ name, pack, spans }: Pick<BuiltPack, 'name' | 'pack' | 'spans'>, level = 0): void {
    const bytes = pack.length > LARGEST ? undefined : { pack, spans }
    this.#packs.push({ name, level, ...(bytes && { bytes }) })
  }

  get names(): string[] {
    return this.#packs.map(({ name }) => name)
  }

  /** A finished merge that the next record of the journal has to name; then call `named`. */
  get unnamed(): MergedInMemory | undefined {
    return this.#isNamed ? undefined : this.#merged
  }

  /** A merge that the journal names, so that it may be placed; then call `replace`. */
  get placeable(): MergedInMemory | undefined {
    return this.#isNamed ? this.#merged : undefined
  }

  named(): void {
    this.#isNamed = true
  }

  /** The merge was not placed; it can wait. */
  forget(): void {
    this.#merged = undefined
    this.#isNamed = false
  }

  /** Makes the next due merge, if any, unless another one is in progress or waits to be placed. Never throws. */
  async mergeDue(): Promise<void> {
    if (this.#isMerging || this.#merged !== undefined) return
    this.#isMerging = true
    try {
      for (let level = 0; level < 3 && this.#merged === undefined; level++) {
        const due = this.#packs.filter((pack) => pack.level === level && pack.bytes !== undefined)
        if (due.length >= FAN_IN) this.#merged = await merge(due, level + 1)
      }
    } catch {
      // One of the packs is damaged. They all stay as they are.
    } finally {
      this.#isMerging = false
    }
  }

  replace(merged: MergedInMemory): void {
    this.forget()
    const gone = new Set(merged.replaces)
    this.replaced.push(...gone)
    this.#packs = this.#packs.filter(({ name }) => !gone.has(name))
    this.add(merged, merged.level)
  }
}

async function merge(packs: readonly SmallPack[], level: number): Promise<MergedInMemory> {
  const pieces: Uint8Array[] = []
  const slice = new TimeSlice(1)
  const merged = await mergePacks(
    packs.map((pack) => sourceOf(pack, slice)),
    (piece) => {
      pieces.push(piece)
    },
  )
  if (merged === undefined) throw new Error('a pack of ours has a delta')
  return { ...merged, pack: Buffer.concat(pieces), level, replaces: packs.map(({ name }) => name) }
}

function sourceOf({ bytes }: SmallPack, slice: TimeSlice): PackSource {
  const { pack, spans } = bytes!
  return {
    entries: spans,
    isOwn: true,
    async read(position, length) {
      if (slice.isOver()) await slice.next()
      return pack.subarray(position, position + length)
    },
  }
}
