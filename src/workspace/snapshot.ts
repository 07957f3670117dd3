/**
 * A snapshot: the files of a folder as a git tree, with the objects that a store does not have yet. What has not changed
 * since the last one costs a stat. It is not one instant of the whole folder: a file that changes while it is read is
 * read again, and one that comes or goes meanwhile may be in it or not.
 */
import { type NewObject, newObjectInSlices, objectId } from '../git/objects/object.ts'
import { editTree, type FileEdit, type TreeStore } from '../git/objects/tree-edit.ts'
import type { ObjectId } from '../ids.ts'
import { TimeSlice } from '../time-slice.ts'
import { errnoOf, type FileStat, type WorkspaceDisk } from './disk.ts'
import { type FileMode, type FileTree, filesChanged, type TreeFile } from './file-tree.ts'
import type { IgnoreRules } from './ignore-rules.ts'
import type { LeftOut, LeftOutReason } from './left-out.ts'
import { LimitCount, type SnapshotLimits } from './limits.ts'
import { OpenFolders } from './open-folders.ts'
import type { StatCache } from './stat-cache.ts'
import { walk } from './walk.ts'

export interface SnapshotRequest {
  disk: WorkspaceDisk
  /** Absolute, and no link. */
  root: string
  rules: IgnoreRules
  include: ReadonlySet<string>
  limits: Required<SnapshotLimits>
  isOther(folder: FileStat): boolean
  cache: StatCache
  /** Milliseconds since 1970, by the clock that files are dated with. */
  now(): number
}

/** The files as they are, without what was left out. */
export interface TakenFiles {
  files: FileTree
  /** By path, as it was when its content was read. */
  stats: ReadonlyMap<string, FileStat>
  /** Content that was read, by id; only of blobs that were asked for. */
  blobs: ReadonlyMap<ObjectId, NewObject>
  leftOut: readonly LeftOut[]
}

/** How often a file that changes while it is read is read again. */
const TRIES = 4
/** Files of one folder that are read at once. */
const AT_ONCE = 16

/**
 * Looks at all files. Throws WorkspaceLimitError, and the disk's error where the folder itself cannot be read.
 *
 * @param has whether the store has a blob, so that its bytes are not needed
 */
export async function takeFiles(
  request: SnapshotRequest,
  has: (id: ObjectId) => boolean,
): Promise<TakenFiles> {
  const { cache, limits } = request
  const count = new LimitCount(limits)
  const walked = await walk({ ...request, count: (path, stat) => count.add(path, stat) })
  const found = new Map<string, TreeFile>()
  const stats = new Map<string, FileStat>()
  const leftOut = [...walked.leftOut]
  const unread = new Map<string, string[]>()
  const slice = new TimeSlice()
  for (const [path, stat] of walked.files) {
    if (slice.isOver()) await slice.next()
    if (stat.size > limits.fileBytes) {
      leftOut.push({ path, why: 'too large' })
      continue
    }
    const id = cache.find(path, stat)
    if (id !== undefined && has(id)) {
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
        const read = await Promise.all(chunk.map((path) => reader.read(path)))
        for (const [n, one] of read.entries()) {
          const path = chunk[n]!
          if (one === undefined) continue
          if (typeof one === 'string') {
            leftOut.push({ path, why: one })
            continue
          }
          found.set(path, { mode: modeOf(one.stat), id: one.blob.id })
          stats.set(path, one.stat)
          if (!has(one.blob.id)) blobs.set(one.blob.id, one.blob)
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
 * The tree of the files, made from that of others, and the trees on the way that are new.
 *
 * @param base the tree that `before` was read from
 */
export async function treeOf(
  store: TreeStore,
  files: FileTree,
  base: ObjectId | undefined,
  before: FileTree,
): Promise<{ tree: ObjectId; objects: NewObject[] }> {
  const edits = new Map<string, FileEdit>()
  for (const [path, { is }] of filesChanged(before, files)) edits.set(path, is ?? null)
  return editTree(store, base, edits)
}

const modeOf = ({ kind, mode }: FileStat): FileMode =>
  kind === 'link' ? '120000' : (mode & 0o100) === 0 ? '100644' : '100755'

class Reader {
  readonly #request: SnapshotRequest
  readonly #folders: OpenFolders

  constructor(request: SnapshotRequest) {
    this.#request = request
    this.#folders = new OpenFolders(request.disk, request.root)
  }

  /** `undefined` where there is no such file any more. */
  async read(path: string): Promise<{ stat: FileStat; blob: NewObject } | LeftOutReason | undefined> {
    try {
      for (let tries = 0; tries < TRIES; tries++) {
        const read = await this.#once(path)
        if (read !== undefined) return read
      }
      return 'changing'
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
      // A link took the place of the file, or of a folder on the way.
      if (errno === 'ELOOP') return 'changing'
      if (errno === '') throw error
      return 'unreadable'
    }
  }

  trim(): Promise<void> {
    return this.#folders.trim()
  }

  close(): Promise<void> {
    return this.#folders.close()
  }

  /** `undefined` where it changed meanwhile. */
  async #once(path: string): Promise<{ stat: FileStat; blob: NewObject } | 'too large' | undefined> {
    const { cache, disk, limits, now } = this.#request
    const at = now()
    const place = await this.#folders.reach(path)
    const first = await disk.stat(place)
    if (first.kind === 'link') {
      const blob = await newObjectInSlices('blob', Buffer.from(await disk.readLink(place)))
      if (!isStill(first, await disk.stat(place))) return undefined
      cache.learn(path, first, blob.id, at)
      return { stat: first, blob }
    }
    if (first.kind !== 'file') return undefined
    if (first.size > limits.fileBytes) return 'too large'
    const { before, data, after } = await disk.read(place)
    if (!isStill(before, after) || data.length !== before.size) return undefined
    const blob = await newObjectInSlices('blob', data)
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

/** The id that a file of this content has. */
export const blobId = (data: Uint8Array): ObjectId => objectId('blob', data)
