/**
 * Putting packs and refs where git looks for them, in an order that leaves the repository whole at every instant:
 * `.keep`, pack, index, then refs, then the `.keep` goes.
 */
import { join } from 'node:path'
import type { FileSystem } from './file-system.ts'
import type { Paths } from './paths.ts'

/** Above this a pack is written through the thread pool, in pieces. */
const BIG = 512 * 1024

export class Placement {
  private readonly fs: FileSystem
  private readonly paths: Paths
  private readonly prefix: string
  private count = 0

  /** `owner` makes the names of temporaries unique. */
  constructor(fs: FileSystem, paths: Paths, owner: string) {
    this.fs = fs
    this.paths = paths
    this.prefix = join(paths.temporaries, `${owner}-`)
  }

  /** A path for a temporary file that nobody else uses. */
  temporary(): string {
    return `${this.prefix}${this.count++}`
  }

  file(pack: string, ending: string): string {
    return join(this.paths.packs, `pack-${pack}.${ending}`)
  }

  has(pack: string): boolean {
    return (
      this.fs.stat(this.file(pack, 'idx')) !== undefined &&
      this.fs.stat(this.file(pack, 'pack')) !== undefined
    )
  }

  /** While it stands, `git gc` and `git repack` leave the pack alone although no ref reaches it yet. */
  keep(pack: string): void {
    this.fs.writeFile(this.file(pack, 'keep'), Buffer.from('forkpoint\n'))
  }

  unkeep(pack: string): void {
    this.fs.unlink(this.file(pack, 'keep'))
  }

  /** Places a pack and then its index. Not synced. Throws StorageError; then no trace is left. */
  async place(pack: string, data: Uint8Array, index: Uint8Array): Promise<void> {
    if (this.has(pack)) return
    const files = [this.temporary(), this.temporary()] as const
    try {
      await this.write(files[0], data)
      await this.write(files[1], index)
      this.reveal(pack, files[0], files[1])
    } catch (error) {
      for (const file of files) this.fs.unlink(file)
      throw error
    }
  }

  /** Moves a finished pack and its index to their place. */
  reveal(pack: string, data: string, index: string): void {
    this.fs.rename(data, this.file(pack, 'pack'))
    this.fs.rename(index, this.file(pack, 'idx'))
  }

  /** Removes a pack, its index first, so that nobody starts to use it. */
  remove(pack: string): void {
    for (const ending of ['idx', 'rev', 'pack', 'keep']) this.fs.unlink(this.file(pack, ending))
  }

  private async write(path: string, data: Uint8Array): Promise<void> {
    if (data.length <= BIG) {
      this.fs.writeFile(path, data)
      return
    }
    const file = this.fs.open(path, 'wx+')
    if (file === undefined) return
    try {
      for (let at = 0; at < data.length; ) at += await file.writeAsync(data.subarray(at, at + BIG), at)
    } finally {
      file.close()
    }
  }
}
