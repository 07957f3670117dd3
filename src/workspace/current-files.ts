/** Reads the current files of a folder. Caches what was read, also for the next process. */
import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { Exclusive } from '../checkpoints/lifetime.ts'
import { UserCache } from '../git/disk/user-cache.ts'
import { storageError } from '../storage-error.ts'
import { TimeSlice } from '../time-slice.ts'
import { errnoOf, nodeDisk, type WorkspaceDisk } from './disk/disk.ts'
import type { WorkspaceFolder } from './disk/open-folders.ts'
import type { FileTree } from './file-tree.ts'
import { parseLimits, type SnapshotLimits } from './limits.ts'
import { type TakenFiles, takeFiles } from './snapshot.ts'
import { StatCache } from './stat-cache.ts'

export interface WorkspaceOptions {
  /** Names or paths of files that are likely to contain secrets, such as `.env`, and are stored nevertheless. */
  include?: readonly string[]
  limits?: SnapshotLimits
}

/** The disk and the clock of a workspace. */
export interface WorkspacePlace {
  disk?: WorkspaceDisk
  /** Returns milliseconds since 1970, by the clock that dates files. */
  now?: () => number
}

/** The cache is written for the next process once this number of files was read. */
const WORTH_WRITING = 200

export class CurrentFiles {
  readonly #disk: WorkspaceDisk
  readonly #folder: string
  readonly #store: string
  readonly #include: ReadonlySet<string>
  readonly #limits: Required<SnapshotLimits>
  readonly #now: () => number
  readonly #turns = new Exclusive()
  #cache: StatCache | undefined

  /** @param store the folder of the store, which does not belong to the workspace */
  constructor(
    folder: string,
    store: string,
    { include, limits }: WorkspaceOptions,
    { disk = nodeDisk, now = Date.now }: WorkspacePlace,
  ) {
    this.#disk = disk
    this.#folder = folder
    this.#store = store
    this.#include = new Set(include)
    this.#limits = parseLimits(limits)
    this.#now = now
  }

  /** Returns the folder, with links resolved. The store, which may be inside, does not belong to it. Throws StorageError. */
  async folder(): Promise<WorkspaceFolder> {
    const root = await realpath(this.#folder).catch((error: unknown) => {
      throw storageError(this.#folder, error)
    })
    const store = await nodeDisk.stat(await realpath(this.#store).catch(() => '')).catch(() => undefined)
    return { disk: this.#disk, root, isOther: ({ dev, ino }) => dev === store?.dev && ino === store.ino }
  }

  /**
   * Reads all files. Throws WorkspaceLimitError, StorageError.
   *
   * @param before stored files, whose content is not needed
   */
  look(before: FileTree): Promise<TakenFiles> {
    return this.#turns.run(async () => {
      const folder = await this.folder()
      const { root } = folder
      const name = `files-${createHash('sha1').update(root).digest('hex').slice(0, 24)}`
      this.#cache ??= await StatCache.parse(UserCache.open()?.read(name) ?? Buffer.of())
      const cache = this.#cache
      const { rulesAround } = await import('./ignore-files.ts')
      const request = {
        ...folder,
        rules: await rulesAround(root),
        include: this.#include,
        limits: this.#limits,
        cache,
        now: this.#now,
      }
      const taken = await takeFiles(request, before).catch((error: unknown) => {
        throw errnoOf(error).startsWith('E') ? storageError(root, error) : error
      })
      if (cache.fresh >= WORTH_WRITING) {
        cache.fresh = 0
        const bytes = await cache.bytes()
        await new TimeSlice().next()
        UserCache.open()?.write(name, root, bytes)
      }
      return taken
    })
  }
}
