/**
 * Restores files. Each file is written next to its place and renamed. A file is deleted or replaced only if the
 * snapshot made just before contains it. No link is followed. After a crash, restoring again completes the restore.
 */

import type { ObjectStore } from '../git/database/object-store.ts'
import { asBuffer, expectType } from '../git/objects/object.ts'
import { storageError } from '../storage-error.ts'
import { errnoOf, type FileStat } from './disk/disk.ts'
import { OpenFolders, type WorkspaceFolder } from './disk/open-folders.ts'
import type { RunningRestore } from './disk/running-restores.ts'
import type { TreeFile } from './file-tree.ts'
import type { KeptFile, KeptReason, RestorePlan, Step } from './restore-plan.ts'
import { blobId, type TakenFiles } from './snapshot.ts'

export interface Restored extends RestorePlan {
  /** Files that the disk refused to write or delete. */
  failed: { path: string; errno: string }[]
}

export interface RestoreWork extends WorkspaceFolder {
  objects: Pick<ObjectStore, 'read'>
  /** The current files, which a snapshot contains. */
  now: TakenFiles
  /** `undefined`: reports only what would happen, without changing anything. */
  running: RunningRestore | undefined
}

/**
 * Takes the steps. Records what the file system refuses, and continues. Throws StorageError if the disk is full,
 * CorruptError if content is missing in the store.
 */
export async function restore(
  work: RestoreWork,
  steps: readonly Step[],
  kept: readonly KeptFile[],
): Promise<Restored> {
  const restorer = new Restorer(work, kept)
  try {
    for (const step of steps) await restorer.take(step)
  } finally {
    await restorer.close()
  }
  restorer.done.kept.sort((a, b) => (a.path < b.path ? -1 : 1))
  return restorer.done
}

class Restorer {
  readonly done: Restored = { written: [], changed: [], deleted: [], kept: [], failed: [] }
  readonly #work: RestoreWork
  readonly #folders: OpenFolders
  /** Paths that were deleted, or would be, and so are not in the way. */
  readonly #gone = new Set<string>()
  /** Paths that were written, in the form that a case-insensitive disk compares. */
  readonly #folded = new Set<string>()

  constructor(work: RestoreWork, kept: readonly KeptFile[]) {
    this.#work = work
    this.#folders = new OpenFolders(work)
    this.done.kept.push(...kept)
  }

  close(): Promise<void> {
    return this.#folders.close()
  }

  async take(step: Step): Promise<void> {
    const { path } = step
    try {
      const why = step.kind === 'delete' ? await this.#delete(path) : await this.#write(step)
      if (why !== undefined) this.done.kept.push({ path, why })
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'ENOSPC' || errno === 'EDQUOT') throw storageError(path, error)
      if (['ELOOP', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'EEXIST'].includes(errno)) {
        this.done.kept.push({ path, why: 'in the way' })
      } else if (/^E[A-Z0-9]+$/.test(errno)) this.done.failed.push({ path, errno })
      else throw error
    }
    await this.#folders.trim()
  }

  async #delete(path: string): Promise<KeptReason | undefined> {
    const { disk, running } = this.#work
    const place = await this.#folders.reach(path)
    const there = await this.#stat(place)
    if (there !== undefined && !this.#isKnown(path, there)) return 'changed meanwhile'
    if (there !== undefined && running !== undefined) {
      await disk.remove(place)
      await this.#removeEmpty(path)
    }
    this.#gone.add(path)
    this.done.deleted.push(path)
    return undefined
  }

  /** Removes folders that became empty. */
  async #removeEmpty(path: string): Promise<void> {
    for (let at = parentOf(path); at !== ''; at = parentOf(at)) {
      await this.#folders.close()
      try {
        await this.#work.disk.removeFolder(await this.#folders.reach(at))
      } catch {
        // The folder is not empty, or must not be removed.
        return
      }
    }
  }

  async #write({ path, file, was }: Step & { kind: 'write' }): Promise<KeptReason | undefined> {
    const { disk, running } = this.#work
    const folded = path.normalize('NFC').toLowerCase()
    let place = await this.#reach(path)
    const there = place === undefined ? undefined : await this.#stat(place)
    if (there?.kind === 'folder' && was === undefined) {
      if (!(await this.#isHollow(path))) return 'in the way'
      if (running !== undefined) {
        await this.#removeHollow(path)
        place = await this.#reach(path)
      }
    } else if (there !== undefined && was === undefined) {
      if (await this.#isContent(place!, there, file)) return undefined
      return this.#folded.has(folded) ? 'same name' : 'not in a snapshot'
    } else if (there !== undefined && !this.#isKnown(path, there)) return 'changed meanwhile'
    if (running === undefined || place === undefined) return this.#note(path, was, folded)
    if (there !== undefined && was !== undefined && was.id === file.id && isPlain(was) && isPlain(file)) {
      await disk.setMode(place, modeFor(file, there))
    } else await this.#put(running, place, file, there)
    return this.#note(path, was, folded)
  }

  #note(path: string, was: TreeFile | undefined, folded: string): undefined {
    this.#folded.add(folded)
    this.done[was === undefined ? 'written' : 'changed'].push(path)
  }

  /** Writes a file next to its place, and then renames it. */
  async #put(
    { temporary: name, leave }: RunningRestore,
    place: string,
    file: TreeFile,
    there: FileStat | undefined,
  ): Promise<void> {
    const { disk, objects } = this.#work
    const data = expectType(await objects.read(file.id), 'blob', file.id)
    const temporary = `${place.slice(0, place.lastIndexOf('/') + 1)}${name}`
    try {
      if (file.mode === '120000') await disk.makeLink(asBuffer(data).toString('utf8'), temporary)
      else {
        await disk.create(temporary, data, file.mode === '100755' ? 0o777 : 0o666)
        if (there?.kind === 'file') await disk.setMode(temporary, modeFor(file, there)).catch(() => {})
      }
      await disk.rename(temporary, place)
    } catch (error) {
      await disk.remove(temporary).catch((failure: unknown) => {
        if (errnoOf(failure) !== 'ENOENT') leave()
      })
      throw error
    }
  }

  /**
   * Returns where to write a file, and makes the folders above it. In a dry run, returns `undefined` if they would have
   * to be made.
   */
  async #reach(path: string): Promise<string | undefined> {
    const { disk, running } = this.#work
    const isDry = running === undefined
    try {
      return await this.#folders.reach(path)
    } catch (error) {
      const errno = errnoOf(error)
      if (isDry && errno === 'ENOTDIR' && this.#isBelowGone(path)) return undefined
      if (errno !== 'ENOENT') throw error
      if (isDry) return undefined
    }
    const parts = path.split('/')
    for (let n = 1; n < parts.length; n++) {
      const folder = await this.#folders.reach(parts.slice(0, n).join('/'))
      await disk.makeFolder(folder).catch((error: unknown) => {
        if (errnoOf(error) !== 'EEXIST') throw error
      })
    }
    return this.#folders.reach(path)
  }

  #isBelowGone(path: string): boolean {
    for (let at = parentOf(path); at !== ''; at = parentOf(at)) if (this.#gone.has(at)) return true
    return false
  }

  /** Returns whether a folder contains only folders and deleted files, so that nothing can be lost. */
  async #isHollow(folder: string): Promise<boolean> {
    const { path } = await this.#folders.folder(folder)
    for (const { name, kind } of await this.#work.disk.list(path)) {
      const at = `${folder}/${name}`
      if (this.#gone.has(at)) continue
      if (kind !== 'folder' || !(await this.#isHollow(at))) return false
    }
    return true
  }

  /** Removes a folder of empty folders, which a crash may have left. */
  async #removeHollow(folder: string): Promise<void> {
    const { disk } = this.#work
    const { path } = await this.#folders.folder(folder)
    for (const { name } of await disk.list(path)) await this.#removeHollow(`${folder}/${name}`)
    await this.#folders.close()
    await disk.removeFolder(await this.#folders.reach(folder))
  }

  async #stat(place: string): Promise<FileStat | undefined> {
    return this.#work.disk.stat(place).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    })
  }

  /**
   * Returns whether a file is unchanged since the snapshot made just before. Ignores ctime, because removing a hard
   * link changes it.
   */
  #isKnown(path: string, there: FileStat): boolean {
    const seen = this.#work.now.stats.get(path)
    return (
      seen !== undefined &&
      seen.kind === there.kind &&
      seen.size === there.size &&
      seen.mtime === there.mtime &&
      seen.ino === there.ino
    )
  }

  async #isContent(place: string, there: FileStat, file: TreeFile): Promise<boolean> {
    const { disk } = this.#work
    if ((there.kind === 'link') !== (file.mode === '120000')) return false
    if (there.kind === 'link') return blobId(Buffer.from(await disk.readLink(place))) === file.id
    return there.kind === 'file' && blobId((await disk.read(place)).data) === file.id
  }
}

const isPlain = ({ mode }: TreeFile): boolean => mode !== '120000'

/** Whoever may read an executable file may run it. */
const modeFor = ({ mode }: TreeFile, { mode: was }: FileStat): number =>
  mode === '100755' ? was | ((was & 0o444) >> 2) : was & ~0o111

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
