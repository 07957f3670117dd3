/**
 * The disk, as the object layer sees it. It is an argument, so that a test can stop after any write, rename or sync and
 * drop what was not synced.
 *
 * Small operations (a lock, a ref, the pack of one save) are synchronous: each takes a few microseconds in the page
 * cache, and the thread pool would cost more. Syncs and big reads and writes may take long, so they are asynchronous.
 * Absence is a value, not an error; anything else that fails is a StorageError.
 */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { makeFolders } from '../../folders.ts'
import { storageError } from '../../storage-error.ts'
import { type Beacon, lightBeacon, lookForBeacon, type Signal } from './beacon.ts'
import { closeAll, type OpenFile, openFile, writeAll } from './calls/open-file.ts'
import { attempt, called, check, closeRead } from './calls/system-call.ts'
import { localDisk } from './system.ts'

export { closeAll, type OpenFile, writeAll }

export type FileKind = 'file' | 'folder' | 'link' | 'socket' | 'other'

export interface FileStat {
  kind: FileKind
  size: number
  /** Milliseconds, with fractions. */
  mtimeMs: number
  /** Together with `ino` it identifies the file: no two files that exist at the same time share both. */
  dev: number
  ino: number
  uid: number
  /** How many hard links the file has. */
  links: number
}

export interface FileSystem {
  /** The whole file; `undefined` when there is none. Throws CorruptError for a symbolic link or a folder. */
  readFile(path: string): Buffer | undefined
  /** Names in the folder, sorted; empty when there is no such folder. */
  readDir(path: string): string[]
  /** As `readDir`, with the kind of each: much cheaper than to ask for it one by one. */
  readKinds(path: string): Map<string, FileKind>
  /** lstat(2): a symbolic link is `link`, whatever it points at. */
  stat(path: string): FileStat | undefined
  /**
   * Creates the folder and all missing ones above it, but not `within` and those above that. Returns the topmost folder
   * that was missing; `undefined` when none was.
   */
  makeDir(path: string, within?: string): string | undefined
  /** Writes the whole file; `false` when `exclusive` and it exists, or when its folder is missing. */
  writeFile(path: string, data: Uint8Array, options?: { exclusive?: boolean; mode?: number }): boolean
  /**
   * Makes a file one byte longer, and creates it if needed. Returns its new length, which is larger than any length
   * returned before. `undefined` when its folder is missing.
   */
  lengthen(path: string): number | undefined
  /** link(2). `unsupported`: this file system has no hard links. */
  link(from: string, to: string): 'done' | 'exists' | 'missing' | 'unsupported'
  /** `false` when `from`, or the folder of `to`, does not exist. */
  rename(from: string, to: string): boolean
  /** Removes a file. Returns whether there was one. */
  unlink(path: string): boolean
  /** Removes an empty folder; `false` when it is not empty or not there. */
  removeDir(path: string): boolean
  /**
   * `r`: to read; `r+`: to read and write what exists; `wx+`: a new file to read and write.
   * `undefined` when it does not exist (`r`, `r+`) or does exist (`wx+`).
   */
  open(path: string, mode: 'r' | 'r+' | 'wx+'): OpenFile | undefined
  /** Syncs the file's content; nothing happens when it is gone. */
  syncFile(path: string): Promise<void>
  /** Syncs the names in the folder, where the system can. */
  syncDir(path: string): Promise<void>
  /** Changes the permissions of a file or folder, not of what a link leads to; nothing when it is gone or another user's. */
  adjustMode(path: string, adjust: (mode: number, isFolder: boolean) => number): void
  /** The kind of the disk, if it is certain that only one machine can use it at a time. */
  localDisk(path: string): string | undefined
  /** Listens at `path`, which appears only once it answers; `undefined` if the disk or the system has no sockets. */
  listen(path: string): Promise<Beacon | undefined>
  /** Asks the kernel whether a process listens at `path`. */
  reach(path: string): Promise<Signal>
}

/** The part of the disk that readers need. */
export type FileReader = Pick<FileSystem, 'readFile' | 'readDir' | 'stat' | 'open'>

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND } = fs.constants
// Missing on Windows, where only a privileged user can create a link.
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0
// If a named pipe is in the place of a file, opening it must not wait for a writer.
const O_NONBLOCK = fs.constants.O_NONBLOCK ?? 0

/** The real disk. */
export const nodeFileSystem: FileSystem = {
  readFile(path) {
    const fd = attempt(path, ['ENOENT', 'ENOTDIR'], () =>
      fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
    )
    if (fd === undefined) return undefined
    try {
      return check(path, () => readAll(fd))
    } finally {
      closeRead(fd)
    }
  },
  readDir(path) {
    const names = attempt(path, ['ENOENT', 'ENOTDIR'], () => fs.readdirSync(path))
    return names === undefined ? [] : names.sort()
  },
  readKinds(path) {
    const found = attempt(path, ['ENOENT', 'ENOTDIR'], () => fs.readdirSync(path, { withFileTypes: true }))
    const entries = (found ?? []).sort((a, b) => (a.name < b.name ? -1 : 1))
    return new Map(entries.map((entry) => [entry.name, kindOf(entry)]))
  },
  stat(path) {
    // Files are often absent here, and a thrown error costs ten times as much as the call.
    const stat = attempt(path, ['ENOTDIR'], () => fs.lstatSync(path, { throwIfNoEntry: false }))
    return stat === undefined ? undefined : fileStat(stat)
  },
  makeDir: (path, within) =>
    within === undefined ? makeFolders(path) : check(path, () => makeBelow(path, within)),
  writeFile(path, data, { exclusive = false, mode = 0o666 } = {}) {
    const flags = O_WRONLY | O_CREAT | O_NOFOLLOW | (exclusive ? O_EXCL : O_TRUNC)
    const fd = attempt(path, exclusive ? ['EEXIST', 'ENOENT'] : ['ENOENT'], () =>
      fs.openSync(path, flags, mode),
    )
    if (fd === undefined) return false
    try {
      check(path, () => {
        for (let done = 0; done < data.length; ) done += fs.writeSync(fd, data, done, data.length - done)
      })
    } catch (error) {
      closeRead(fd)
      throw error
    }
    check(path, () => fs.closeSync(fd))
    return true
  },
  lengthen(path) {
    const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK
    const fd = attempt(path, ['ENOENT'], () => fs.openSync(path, flags))
    if (fd === undefined) return undefined
    try {
      return check(path, () => {
        fs.writeSync(fd, ONE_BYTE)
        return fs.fstatSync(fd).size
      })
    } finally {
      fs.closeSync(fd)
    }
  },
  link(from, to) {
    try {
      fs.linkSync(from, to)
      return 'done'
    } catch (error) {
      const errno = (error as NodeJS.ErrnoException).code
      if (errno === 'EEXIST') return 'exists'
      if (errno === 'ENOENT' || errno === 'ENOTDIR') return 'missing'
      if (
        errno === 'EPERM' ||
        errno === 'ENOTSUP' ||
        errno === 'ENOSYS' ||
        errno === 'EMLINK' ||
        errno === 'EXDEV'
      )
        return 'unsupported'
      throw storageError(to, error)
    }
  },
  rename(from, to) {
    return attempt(to, ['ENOENT'], () => done(fs.renameSync(from, to))) ?? false
  },
  unlink(path) {
    return attempt(path, ['ENOENT', 'ENOTDIR'], () => done(fs.unlinkSync(path))) ?? false
  },
  removeDir(path) {
    return (
      attempt(path, ['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'], () => done(fs.rmdirSync(path))) ?? false
    )
  },
  open(path, mode) {
    const flags = mode === 'r' ? O_RDONLY : mode === 'r+' ? O_RDWR : O_RDWR | O_CREAT | O_EXCL
    const absent = mode === 'wx+' ? ['EEXIST'] : ['ENOENT', 'ENOTDIR']
    const fd = attempt(path, absent, () => fs.openSync(path, flags | O_NOFOLLOW | O_NONBLOCK))
    return fd === undefined ? undefined : openFile(path, fd, mode !== 'r')
  },
  async syncFile(path) {
    const fd = attempt(path, ['ENOENT'], () => fs.openSync(path, O_RDONLY | O_NOFOLLOW))
    if (fd === undefined) return
    try {
      await called(path, (done) => fs.fdatasync(fd, done))
    } finally {
      closeRead(fd)
    }
  },
  async syncDir(path) {
    if (process.platform === 'win32') return // A folder cannot be opened there; NTFS keeps names in its own journal.
    const fd = attempt(path, ['ENOENT'], () => fs.openSync(path, O_RDONLY))
    if (fd === undefined) return
    try {
      await called(path, (done) => fs.fsync(fd, done))
    } finally {
      closeRead(fd)
    }
  },
  adjustMode(path, adjust) {
    attempt(path, ['ENOENT', 'EPERM', 'ENOTSUP', 'ENOSYS'], () => {
      const stat = fs.lstatSync(path)
      if (!stat.isFile() && !stat.isDirectory()) return
      const mode = adjust(stat.mode & 0o7777, stat.isDirectory())
      if (mode !== (stat.mode & 0o7777)) fs.chmodSync(path, mode)
    })
  },
  localDisk: (path) => check(path, () => localDisk(path)),
  listen: lightBeacon,
  reach: lookForBeacon,
}

const ONE_BYTE = Buffer.from('.')

function makeBelow(path: string, within: string): string | undefined {
  if (path === within || fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined
  const topmost = makeBelow(dirname(path), within)
  try {
    fs.mkdirSync(path)
  } catch (error) {
    // Another process may have just created it.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && fs.statSync(path).isDirectory()) return topmost
    throw error
  }
  return topmost ?? path
}

/** Most files that are read whole are refs of a few bytes: one call reads them. */
function readAll(fd: number): Buffer {
  const length = fs.readSync(fd, scratch, 0, scratch.length, 0)
  return length < scratch.length ? Buffer.from(scratch.subarray(0, length)) : fs.readFileSync(fd)
}

const scratch = Buffer.allocUnsafeSlow(4096)

const fileStat = (stat: fs.Stats): FileStat => ({
  kind: kindOf(stat),
  size: stat.size,
  mtimeMs: stat.mtimeMs,
  dev: stat.dev,
  ino: stat.ino,
  uid: stat.uid,
  links: stat.nlink,
})

function kindOf(entry: fs.Stats | fs.Dirent): FileKind {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'folder'
  if (entry.isSymbolicLink()) return 'link'
  return entry.isSocket() ? 'socket' : 'other'
}

const done = (_: unknown): true => true

/** Whether other programs see this disk. */
export const isRealDisk = (disk: FileSystem): boolean => real.has(disk)

/** A disk over another one, with some calls of its own. Other programs see it if they see the one below. */
export function diskOver(below: FileSystem, own: Partial<FileSystem>): FileSystem {
  const passed = Object.keys(nodeFileSystem).map((name) => {
    const call = name as keyof FileSystem
    return [call, (...given: never[]) => (below[call] as (...given: never[]) => unknown)(...given)]
  })
  const disk: FileSystem = { ...Object.fromEntries(passed), ...own }
  if (isRealDisk(below)) real.add(disk)
  return disk
}

const real = new WeakSet<FileSystem>([nodeFileSystem])
