/** Temporary files: written here, where git never looks, then renamed into place. */
import { join } from 'node:path'
import { StorageError } from '../../errors.ts'
import type { FileSystem, OpenFile } from './file-system.ts'

/** Above this a file is written through the thread pool, in pieces. */
const BIG = 512 * 1024

export class Temporaries {
  readonly #fs: FileSystem
  readonly #folder: string
  readonly #owner: string
  #count = 0

  /** `owner` makes the names unique, and shows who made a file. */
  constructor(fs: FileSystem, folder: string, owner: string) {
    this.#fs = fs
    this.#folder = folder
    this.#owner = owner
  }

  /** A new path that no other process uses. */
  path(): string {
    return join(this.#folder, `${this.#owner}-${this.#count++}`)
  }

  /** A new file to read and write. Throws StorageError. */
  open(path: string): OpenFile {
    const file = this.#tryOpen(path)
    if (file === undefined) throw new StorageError(`'${path}' already exists.`, { file: path })
    return file
  }

  /** Writes a small file; returns its path. Throws StorageError; then no trace is left. */
  write(data: Uint8Array): string {
    const path = this.path()
    try {
      if (!this.#fs.writeFile(path, data)) {
        // The folder was deleted.
        this.#fs.makeDir(this.#folder)
        this.#fs.writeFile(path, data)
      }
      return path
    } catch (error) {
      this.discard(path)
      throw error
    }
  }

  /** `write` for any size. */
  async writeAny(data: Uint8Array): Promise<string> {
    if (data.length <= BIG) return this.write(data)
    const path = this.path()
    const file = this.open(path)
    try {
      try {
        for (let at = 0; at < data.length; ) at += await file.writeAsync(data.subarray(at, at + BIG), at)
      } finally {
        file.close()
      }
    } catch (error) {
      this.discard(path)
      throw error
    }
    return path
  }

  /** Removes a file that is no longer needed; if that fails, the next recovery removes it. */
  discard(path: string): void {
    try {
      this.#fs.unlink(path)
    } catch {
      // The error that led here is more useful than this one.
    }
  }

  /** Removes all temporary files of this owner. */
  close(): void {
    for (const name of this.#fs.readDir(this.#folder))
      if (name.startsWith(`${this.#owner}-`)) this.discard(join(this.#folder, name))
  }

  #tryOpen(path: string): OpenFile | undefined {
    try {
      return this.#fs.open(path, 'wx+')
    } catch (error) {
      if (!(error instanceof StorageError) || error.errno !== 'ENOENT') throw error
      this.#fs.makeDir(this.#folder)
      return this.#fs.open(path, 'wx+')
    }
  }
}

/** Removes a folder with all that is in it. Throws StorageError. */
export function removeFolder(fs: FileSystem, folder: string): void {
  for (const name of fs.readDir(folder)) {
    const path = join(folder, name)
    if (fs.stat(path)?.kind === 'folder') removeFolder(fs, path)
    else fs.unlink(path)
  }
  fs.removeDir(folder)
}
