/**
 * Remembers which blob a file was when it was last read. A file counts as unchanged if its size, times and inode are
 * the same, as in git's index. A file that was written shortly before it was read could be written again without a new
 * time, so its entry is not trusted.
 */
import { isObjectId, type ObjectId } from '../ids.ts'
import { TimeSlice } from '../time-slice.ts'
import type { FileStat } from './disk/disk.ts'

/** Milliseconds: times on FAT have steps of two seconds, and the clock of a file server may be slightly off. */
const SAME_INSTANT = 2500

/** Characters that are encoded at once: joining long texts takes memory and time. */
const PIECE = 64 * 1024

interface Known {
  // The stat itself and not a copy: what survives of each file makes garbage collections long.
  readonly stat: KnownStat
  readonly id: ObjectId
  /** When reading began, in milliseconds. */
  readonly at: number
}

type KnownStat = Pick<FileStat, 'size' | 'mtime' | 'ctime' | 'ino' | 'kind'>

export class StatCache {
  readonly #known = new Map<string, Known>()
  /** Number of entries that were added since the cache was loaded or written. */
  fresh = 0

  get size(): number {
    return this.#known.size
  }

  find(path: string, stat: FileStat): ObjectId | undefined {
    const known = this.#known.get(path)
    if (known === undefined || !isSame(known.stat, stat)) return undefined
    return Math.max(stat.mtime, stat.ctime) < known.at - SAME_INSTANT ? known.id : undefined
  }

  /** @param at when reading began, in milliseconds */
  learn(path: string, stat: FileStat, id: ObjectId, at: number): void {
    this.#known.set(path, { stat, id, at })
    this.fresh++
  }

  /** Removes all entries but these. */
  keepOnly(paths: ReadonlyMap<string, unknown>): void {
    if (this.#known.size <= paths.size) return
    for (const path of this.#known.keys()) if (!paths.has(path)) this.#known.delete(path)
  }

  /** Encodes the cache as ASCII, one line per file. */
  async bytes(): Promise<Buffer> {
    const pieces: Buffer[] = []
    let text = ''
    const slice = new TimeSlice()
    const cut = () => {
      pieces.push(Buffer.from(text, 'latin1'))
      text = ''
    }
    for (const [path, { stat, id, at }] of this.#known) {
      if (slice.isOver()) await slice.next()
      const { size, mtime, ctime, ino, kind } = stat
      text += `${id} ${kind} ${size} ${mtime} ${ctime} ${ino} ${at} ${encodeURIComponent(path.toWellFormed())}\n`
      if (text.length > PIECE) cut()
    }
    cut()
    return Buffer.concat(pieces)
  }

  /** Parses what `bytes` returned. Skips damaged lines. */
  static async parse(bytes: Buffer): Promise<StatCache> {
    const cache = new StatCache()
    const slice = new TimeSlice()
    for (let start = 0, end = 0; start < bytes.length; start = end + 1) {
      if (slice.isOver()) await slice.next()
      const found = bytes.indexOf('\n', start)
      end = found === -1 ? bytes.length : found
      cache.#parseLine(bytes.toString('latin1', start, end))
    }
    return cache
  }

  #parseLine(line: string): void {
    const [id = '', kind = '', size, mtime, ctime, ino, at, name = ''] = line.split(' ')
    const numbers = [size, mtime, ctime, ino, at].map(Number)
    if (!isObjectId(id) || !isKind(kind) || numbers.some(Number.isNaN)) return
    const [a, b, c, d, e] = numbers as [number, number, number, number, number]
    const stat = { size: a, mtime: b, ctime: c, ino: d, kind }
    this.#known.set(decodeURIComponent(name), { stat, id, at: e })
  }
}

const isKind = (text: string): text is 'file' | 'link' => text === 'file' || text === 'link'

const isSame = (known: KnownStat, stat: FileStat): boolean =>
  known.size === stat.size &&
  known.mtime === stat.mtime &&
  known.ctime === stat.ctime &&
  known.ino === stat.ino &&
  known.kind === stat.kind
