/**
 * Takes a snapshot: the files of a folder as a git tree, with the objects that a store lacks. A file that has not
 * changed since the last snapshot costs one stat. A snapshot does not show the whole folder at one instant: a file that
 * changes while it is read is read again, and a file that is created or deleted in the meantime may be included or not.
 */
import { type NewObject, newObject, newObjectInSlices, objectId } from '../git/objects/object.ts'
import { editTree, type FileEdit, type TreeStore } from '../git/objects/tree-edit.ts'
import type { ObjectId } from '../ids.ts'
import { TimeSlice } from '../time-slice.ts'
import { errnoOf, type FileStat } from './disk/disk.ts'
import { OpenFolders } from './disk/open-folders.ts'
import { type FileMode, type FileTree, filesChanged, type TreeFile } from './file-tree.ts'
import type { LeftOut, LeftOutReason } from './left-out.ts'
import { limitCount, type SnapshotLimits } from './limits.ts'
import type { StatCache } from './stat-cache.ts'
import type { WalkRequest } from './walk.ts'

export interface SnapshotRequest extends Omit<WalkRequest, 'count'> {
  limits: Required<SnapshotLimits>
  cache: StatCache
  /** Returns milliseconds since 1970, by the clock that dates files. */
  now(): number
}

/** The current files, without what was left out. */
export interface TakenFiles {
  files: FileTree
  /** The stat of each file when its content was read, by path. */
  stats: ReadonlyMap<string, FileStat>
  /** Content of blobs that are not stored yet, by id. */
  blobs: ReadonlyMap<ObjectId, NewObject>
  leftOut: readonly LeftOut[]
}

/** How often a file that changes while it is read is tried. */
const TRIES = 4
/** Files of one folder that are read at the same time. */
const AT_ONCE = 16

/**
 * Reads all files. Throws WorkspaceLimitError, and the disk's error if the folder itself cannot be read.
 *
 * @param before stored files, whose content is not needed
 */
export async function takeFiles(request: SnapshotRequest, before: FileTree): Promise<TakenFiles> {
  const { cache, limits } = request
  const { walk } = await import('./walk.ts')
  const walked = await walk({ ...request, count: limitCount(limits) })
  const found = new Map<string, TreeFile>()
  const stats = new Map<string, FileStat>()
  const leftOut = [...walked.leftOut]
  const unread = new Map<string, string[]>()
  const isStored = storedBlobs(before)
  const slice = new TimeSlice()
  for (const [path, stat] of walked.files) {
    if (slice.isOver()) await slice.next()
    if (stat.size > limits.fileBytes) {
      leftOut.push({ path, why: 'too large' })
      continue
    }
    const id = cache.find(path, stat)
    if (id !== undefined && isStored(path, id)) {
      found.set(path, { mode: modeOf(stat), id })
      stats.set(path, stat)
      continue
    }
    const folder = path.slice(0, path.lastIndexOf('/') + 1)
    const inside = unread.get(folder)
    if (inside === undefined) unread.set(folder, [path])
    else inside.push(path)
  }
  const blobs = new Map<ObjectId, NewObject>()
  const reader = new Reader(request)
  try {
    for (const paths of unread.values()) {
      for (let at = 0; at < paths.length; at += AT_ONCE) {
        const chunk = paths.slice(at, at + AT_ONCE)
        const read = await Promise.all(chunk.map((path) => reader.read(path, walked.files.get(path)!)))
        for (const [n, one] of read.entries()) {
          const path = chunk[n]!
          if (one === undefined) continue
          if (typeof one === 'string') {
            leftOut.push({ path, why: one })
            continue
          }
          found.set(path, { mode: modeOf(one.stat), id: one.blob.id })
          stats.set(path, one.stat)
          if (!isStored(path, one.blob.id)) blobs.set(one.blob.id, one.blob)
        }
        if (slice.isOver()) await slice.next()
      }
      await reader.trim()
    }
  } finally {
    await reader.close()
  }
  cache.keepOnly(walked.files)
  leftOut.sort((a, b) => (a.path < b.path ? -1 : 1))
  return { files: found, stats, blobs, leftOut }
}

/**
 * Makes the tree of the files, by editing the tree `base`. Returns also the new trees below it.
 *
 * @param base the tree of `before`
 */
export async function treeOf(
  store: TreeStore,
  files: FileTree,
  base: ObjectId | undefined,
  before: FileTree,
): Promise<{ tree: ObjectId; objects: NewObject[] }> {
  const edits = new Map<string, FileEdit>()
  for (const [path, { is }] of await filesChanged(before, files)) edits.set(path, is ?? null)
  return editTree(store, base, edits)
}

const modeOf = ({ kind, mode }: FileStat): FileMode =>
  kind === 'link' ? '120000' : (mode & 0o100) === 0 ? '100644' : '100755'

/** Returns a function that tells whether the store has a blob. */
function storedBlobs(before: FileTree): (path: string, id: ObjectId) => boolean {
  let ids: Set<ObjectId> | undefined
  return (path, id) => {
    if (before.get(path)?.id === id) return true
    ids ??= new Set([...before.values()].map((file) => file.id))
    return ids.has(id)
  }
}

class Reader {
  readonly #request: SnapshotRequest
  readonly #folders: OpenFolders
  readonly #slice = new TimeSlice()

  constructor(request: SnapshotRequest) {
    this.#request = request
    this.#folders = new OpenFolders(request)
  }

  /**
   * Reads a file or link. Returns `undefined` if it no longer exists.
   *
   * @param seen its stat from a moment ago
   */
  async read(
    path: string,
    seen: FileStat,
  ): Promise<{ stat: FileStat; blob: NewObject } | LeftOutReason | undefined> {
    try {
      let kind: FileStat['kind'] | undefined = seen.kind
      for (let tries = 0; tries < TRIES; tries++) {
        const place = await this.#folders.reach(path)
        kind ??= (await this.#request.disk.stat(place)).kind
        const read = kind === 'link' ? await this.#link(path, place) : await this.#file(path, place, seen)
        if (read !== undefined) return read
        kind = undefined
      }
      return 'changing'
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
      if (errno === '') throw error
      // ELOOP: a link has replaced a folder above the file.
      return errno === 'ELOOP' ? 'changing' : 'unreadable'
    }
  }

  trim(): Promise<void> {
    return this.#folders.trim()
  }

  close(): Promise<void> {
    return this.#folders.close()
  }

  /** Reads a file; returns `undefined` if it changed in the meantime. */
  async #file(
    path: string,
    place: string,
    seen: FileStat,
  ): Promise<{ stat: FileStat; blob: NewObject } | 'too large' | undefined> {
    const { cache, disk, limits, now } = this.#request
    const at = now()
    const read = await disk.read(place, limits.fileBytes).catch((error: unknown) => {
      const errno = errnoOf(error)
      if (errno === 'EFBIG') return 'too large'
      if (errno === 'ELOOP' || errno === 'EINVAL') return undefined
      throw error
    })
    if (read === undefined || read === 'too large') return read
    const { before, data, after } = read
    if (!isStill(before, after) || data.length !== before.size) return undefined
    if (this.#slice.isOver()) await this.#slice.next()
    const blob = await newObjectInSlices('blob', data)
    // Of two equal stats only one is kept.
    const stat = isStill(seen, before) ? seen : before
    cache.learn(path, stat, blob.id, at)
    return { stat, blob }
  }

  /** Reads a link; returns `undefined` if it changed in the meantime. */
  async #link(path: string, place: string): Promise<{ stat: FileStat; blob: NewObject } | undefined> {
    const { cache, disk, now } = this.#request
    const at = now()
    const before = await disk.stat(place)
    if (before.kind !== 'link') return undefined
    const blob = newObject('blob', Buffer.from(await disk.readLink(place)))
    if (!isStill(before, await disk.stat(place))) return undefined
    cache.learn(path, before, blob.id, at)
    return { stat: before, blob }
  }
}

const isStill = (before: FileStat, after: FileStat): boolean =>
  before.kind === after.kind &&
  before.size === after.size &&
  before.mtime === after.mtime &&
  before.ctime === after.ctime &&
  before.ino === after.ino

/** Returns the id of a file with this content. */
export const blobId = (data: Uint8Array): ObjectId => objectId('blob', data)
