/**
 * The file system of a workspace, as an argument. No link is followed: a folder is opened once, and its content is
 * reached through the open folder, so a link that replaces a folder has no effect.
 */

import fs from 'node:fs'
import { type FileHandle, open, opendir } from 'node:fs/promises'
import { TimeSlice } from '../../time-slice.ts'

export interface FileStat {
  kind: 'file' | 'link' | 'folder' | 'other'
  /** Size in bytes. */
  size: number
  /**
   * Times in milliseconds, with fractions: `mtime` of the last change of the content, `ctime` of the content or the
   * metadata.
   */
  mtime: number
  ctime: number
  ino: number
  dev: number
  /** Permission bits. */
  mode: number
}

export interface FolderEntry {
  name: string
  kind: FileStat['kind']
}

/** An open folder. */
export interface OpenedFolder {
  /** A path to the folder's content that stays valid if the folder is moved or replaced. */
  readonly path: string
  close(): Promise<void>
}

export interface ReadFile {
  before: FileStat
  data: Buffer
  after: FileStat
}

export interface WorkspaceDisk {
  list(folder: string): Promise<FolderEntry[]>
  /** Describes a file; for a link, the link itself. */
  stat(path: string): Promise<FileStat>
  /** As `stat`, for many files, without blocking the event loop. On an error, the result is the error's code. */
  statMany(paths: readonly string[]): Promise<(FileStat | string)[]>
  openFolder(path: string): Promise<OpenedFolder>
  /**
   * Reads a plain file, with its stat before and after reading. Throws EFBIG if it has more than `most` bytes; EINVAL,
   * or ELOOP for a link, if it is not a plain file.
   */
  read(path: string, most?: number): Promise<ReadFile>
  readLink(path: string): Promise<string>
  /** Creates a file, which must not exist. */
  create(path: string, data: Uint8Array, mode: number): Promise<void>
  makeLink(target: string, path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  setMode(path: string, mode: number): Promise<void>
  remove(path: string): Promise<void>
  makeFolder(path: string): Promise<void>
  removeFolder(path: string): Promise<void>
}

const { constants } = fs
const NOFOLLOW = constants.O_NOFOLLOW ?? 0
/** Does not wait for the other end of a pipe. */
const READ = constants.O_RDONLY | NOFOLLOW | (constants.O_NONBLOCK ?? 0)
const FOLDER = constants.O_RDONLY | NOFOLLOW | (constants.O_DIRECTORY ?? 0)
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NOFOLLOW
/** The open files of this process on Linux: a path through here starts at the open folder itself. */
const OPENED = '/proc/self/fd'
/**
 * Calls are made synchronously, because what the system has in memory takes a few microseconds, and a call through the
 * thread pool ten times as long. After a call of more than this number of milliseconds, the next calls go through the
 * pool.
 */
const SLOW = 1
const CALLS_AFTER_SLOW = 64
let callsAside = 0
/** Entries of a folder that are read with one call. */
const ENTRIES = { bufferSize: 256 }
/** Most bytes of a file that is read synchronously. */
const SMALL = 64 * 1024
/** Default of `read`: the most bytes that git reads of a file with ignore rules. */
const MOST = 100 << 20
/** Bytes that are allocated at once for small files. */
const MEMORY = 1 << 20
let memory: Buffer = Buffer.alloc(0)
const hasOpened = fs.existsSync(OPENED)

export const nodeDisk: WorkspaceDisk = {
  async list(folder) {
    const opened = callAtOnce(() => fs.opendirSync(folder, ENTRIES)) ?? (await opendir(folder, ENTRIES))
    const entries: FolderEntry[] = []
    const slice = new TimeSlice()
    try {
      for (;;) {
        if (slice.isOver()) await slice.next()
        const entry = opened.readSync()
        if (entry === null) return entries
        entries.push({ name: entry.name, kind: kindOf(entry) })
      }
    } finally {
      opened.closeSync()
    }
  },
  stat: (path) => called<fs.Stats>((done) => fs.lstat(path, done)).then(statOf),
  async statMany(paths) {
    const stats: (FileStat | string | Promise<FileStat | string>)[] = []
    const slice = new TimeSlice()
    for (const path of paths) {
      if (slice.isOver()) await slice.next()
      stats.push(callAtOnce(() => statNow(path)) ?? nodeDisk.stat(path).catch(errnoOf))
    }
    return Promise.all(stats)
  },
  async openFolder(path) {
    const handle = await open(path, FOLDER)
    if (hasOpened) return { path: `${OPENED}/${handle.fd}`, close: () => handle.close() }
    const [opened, named] = await Promise.all([handle.stat(), nodeDisk.stat(path)])
    await handle.close()
    if (named.kind !== 'folder' || named.ino !== opened.ino || named.dev !== opened.dev) throw notFolder(path)
    return { path, close: async () => {} }
  },
  read: async (path, most = MOST) => callAtOnce(() => readNow(path, most)) ?? readAside(path, most),
  readLink: (path) => called<string>((done) => fs.readlink(path, done)),
  async create(path, data, mode) {
    const handle = await open(path, CREATE, mode)
    try {
      await handle.writeFile(data)
    } finally {
      await handle.close()
    }
  },
  makeLink: (target, path) => called<void>((done) => fs.symlink(target, path, done)),
  rename: (from, to) => called<void>((done) => fs.rename(from, to, done)),
  async setMode(path, mode) {
    const handle = await open(path, READ)
    try {
      await handle.chmod(mode)
    } finally {
      await handle.close()
    }
  },
  remove: (path) => called<void>((done) => fs.unlink(path, done)),
  makeFolder: (path) => called<void>((done) => fs.mkdir(path, done)),
  removeFolder: (path) => called<void>((done) => fs.rmdir(path, done)),
}

const TEMPORARY = /^\.forkpoint-(?:[0-9a-f]{12}|[0-9a-f]{16})\.tmp$/

/** Returns whether a restore, or an agent's tool, writes to files of this name. Snapshots never include them. */
export const isTemporary = (name: string): boolean => TEMPORARY.test(name)

/** @param number 16 hex digits */
export const temporaryName = (number: string): string => `.forkpoint-${number}.tmp`

/** Returns the code of an operating system error; empty for any other error. */
export const errnoOf = (error: unknown): string =>
  String((error as { code?: unknown } | undefined)?.code ?? '')

const notFolder = (path: string): Error =>
  Object.assign(new Error(`'${path}' is not the folder that was opened`), { code: 'ENOTDIR' })

/** Makes a synchronous call; returns `undefined`, without a call, while calls go through the thread pool. */
function callAtOnce<T>(call: () => T): T | undefined {
  if (callsAside > 0) {
    callsAside--
    return undefined
  }
  const start = performance.now()
  try {
    return call()
  } finally {
    if (performance.now() - start > SLOW) callsAside = CALLS_AFTER_SLOW
  }
}

function statNow(path: string): FileStat | string {
  try {
    return statOf(fs.lstatSync(path))
  } catch (error) {
    return errnoOf(error)
  }
}

/** Reads a small file synchronously; returns `undefined` for a larger one. */
function readNow(path: string, most: number): ReadFile | undefined {
  const fd = fs.openSync(path, READ)
  try {
    const before = checked(statOf(fs.fstatSync(fd)), path, most)
    if (before.size > SMALL) return undefined
    // Thousands of small allocations make garbage collections long.
    if (memory.length <= before.size) memory = Buffer.allocUnsafeSlow(MEMORY)
    let at = 0
    while (at <= before.size) {
      const bytes = fs.readSync(fd, memory, at, before.size + 1 - at, at)
      at += bytes
      if (bytes === 0 || at === before.size) break
    }
    const data = memory.subarray(0, at)
    memory = memory.subarray(at)
    return { before, data, after: statOf(fs.fstatSync(fd)) }
  } finally {
    fs.closeSync(fd)
  }
}

async function readAside(path: string, most: number): Promise<ReadFile> {
  const handle = await open(path, READ)
  try {
    const before = checked(statOf(await handle.stat()), path, most)
    const data = await readAll(handle, before.size)
    return { before, data, after: statOf(await handle.stat()) }
  } finally {
    await handle.close()
  }
}

function checked(stat: FileStat, path: string, most: number): FileStat {
  const code = stat.kind !== 'file' ? 'EINVAL' : stat.size > most ? 'EFBIG' : undefined
  if (code !== undefined) throw Object.assign(new Error(`'${path}' cannot be read: ${code}`), { code })
  return stat
}

/** Reads one byte more than expected, to detect a growing file. */
async function readAll(handle: FileHandle, size: number): Promise<Buffer> {
  const data = Buffer.allocUnsafe(size + 1)
  let at = 0
  while (at < data.length) {
    const { bytesRead } = await handle.read(data, at, data.length - at, at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return data.subarray(0, at)
}

const statOf = (stat: fs.Stats): FileStat => ({
  kind: kindOf(stat),
  size: stat.size,
  mtime: stat.mtimeMs,
  ctime: stat.ctimeMs,
  ino: stat.ino,
  dev: stat.dev,
  mode: stat.mode & 0o7777,
})

function kindOf(of: Pick<fs.Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): FileStat['kind'] {
  if (of.isFile()) return 'file'
  if (of.isDirectory()) return 'folder'
  return of.isSymbolicLink() ? 'link' : 'other'
}

/** Makes a promise of a callback call, at half the cost of `fs.promises`. */
function called<T>(call: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error === null ? resolve(value as T) : reject(error)))
  })
}
