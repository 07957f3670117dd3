/**
 * The order in which refs were moved, as numbers: a number that is taken under a ref's lock is larger than all that
 * were taken under that lock before. It is the size of the file `forkpoint/clock`, which each group of changes makes
 * one byte longer: appending is atomic, the file never gets shorter, and no clock is read. Why there has to be an order
 * at all: `docs/decisions/0012-order-of-moves.md`.
 */
import { dirname, join } from 'node:path'
import { CorruptError, StorageError } from '../../errors.ts'
import type { FileSystem } from '../disk/file-system.ts'
import type { Paths } from '../disk/paths.ts'
import { isOrder } from './entry.ts'

export class MoveClock {
  readonly #fs: FileSystem
  readonly #file: string
  #last = 0

  constructor(fs: FileSystem, paths: Pick<Paths, 'own'>) {
    this.#fs = fs
    this.#file = join(paths.own, 'clock')
  }

  /**
   * Takes the next number. It needs no sync, because the numbers that have to last are in the journals. Throws
   * StorageError, CorruptError.
   */
  next(): number {
    let order = this.#lengthen()
    if (order <= this.#last) {
      // The file was deleted.
      this.#extend(this.#last)
      order = this.#lengthen()
    }
    if (!isOrder(order)) {
      const text = `'${this.#file}' is larger than forkpoint makes it. Remove it when no process uses the store.`
      throw new CorruptError(text, { file: this.#file })
    }
    this.#last = order
    return order
  }

  /** Makes all later numbers larger than `order`. Throws StorageError, CorruptError. */
  raise(order: number): void {
    if (order <= this.#last) return
    if ((this.#fs.stat(this.#file)?.size ?? 0) < order) this.#extend(order)
    this.#last = order
  }

  /**
   * Writes one byte at that position: the file gets longer or keeps its size, whatever other processes do meanwhile.
   */
  #extend(size: number): void {
    this.#lengthen()
    const file = this.#fs.open(this.#file, 'r+')
    try {
      file?.write(Buffer.alloc(1), size - 1)
    } finally {
      file?.close()
    }
  }

  #lengthen(): number {
    for (let round = 0; round < 2; round++) {
      const size = this.#fs.lengthen(this.#file)
      if (size !== undefined) return size
      this.#fs.makeDir(dirname(this.#file))
    }
    throw new StorageError(`'${this.#file}' could not be written.`, { file: this.#file })
  }
}
