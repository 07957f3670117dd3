/**
 * The folder that a store has opened. A path is only a name: while a process works, somebody may rename the folder,
 * remove it, or put another one in its place. Later writes must go to the folder that was opened, or fail.
 */
import { join } from 'node:path'
import { StorageError, StoreMovedError } from '../../errors.ts'
import { diskOver, type FileStat, type FileSystem } from './file-system.ts'

export class OpenedFolder {
  readonly path: string
  readonly #fs: FileSystem
  readonly #witness: string
  #opened: { folder: FileStat; witness: FileStat | undefined } | undefined

  /** `witness`: name of a file in the folder that hardly ever changes. */
  constructor(fs: FileSystem, path: string, witness: string) {
    this.#fs = fs
    this.path = path
    this.#witness = join(path, witness)
  }

  /** Remembers the folder that is at the path now, if there is one. */
  enter(): void {
    if (this.#opened !== undefined) return
    const folder = this.#look()
    this.#opened = folder && { folder, witness: this.#fs.stat(this.#witness) }
  }

  /** Forgets the folder, because it could not be used; the next `enter` remembers one again. */
  leave(): void {
    this.#opened = undefined
  }

  get isMoved(): boolean {
    if (this.#opened === undefined) return false
    const { folder, witness } = this.#opened
    const now = this.#look()
    if (now === undefined) return true
    if (now.dev === folder.dev && now.ino === folder.ino) return false
    // On disks whose inode numbers are made up by a server or a program, the number may change although the folder is
    // the same.
    if (this.#fs.localDisk(this.path) !== undefined || witness === undefined) return true
    const { size, mtimeMs } = this.#fs.stat(this.#witness) ?? {}
    if (size !== witness.size || mtimeMs !== witness.mtimeMs) return true
    this.#opened = { folder: now, witness }
    return false
  }

  /** Throws StoreMovedError when the folder is not where it was opened. */
  check(): void {
    if (this.isMoved) throw new StoreMovedError(this.path)
  }

  /** The error to throw: StoreMovedError if that explains it, else the given one. */
  explained(error: unknown): unknown {
    return !(error instanceof StoreMovedError) && this.isMoved
      ? new StoreMovedError(this.path, { cause: error })
      : error
  }

  #look(): FileStat | undefined {
    // A symbolic link is followed: the folder counts.
    const stat = this.#fs.stat(`${this.path}/.`)
    return stat?.kind === 'folder' ? stat : undefined
  }
}

/** The disk for work inside the folder. It never creates the folder itself or anything above it. */
export const diskBelow = (fs: FileSystem, folder: OpenedFolder): FileSystem =>
  diskOver(fs, {
    makeDir(path) {
      folder.check()
      try {
        return fs.makeDir(path, folder.path)
      } catch (error) {
        throw error instanceof StorageError ? folder.explained(error) : error
      }
    },
  })
