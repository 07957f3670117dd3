/**
 * A bare repository that is a store: opened lazily, created by the first write, recovered after a process died. This is
 * the entrance to the object layer; it knows nothing of sessions.
 */

import { join, resolve } from 'node:path'
import { SessionClosedError } from '../errors.ts'
import type { ObjectId, RefName } from '../ids.ts'
import { checkConfig } from './config/config.ts'
import { type Config, parseConfig } from './config/parser.ts'
import { checkCreatable, checkFolders, create, syncAbove } from './creation.ts'
import { Copies } from './database/copies.ts'
import type { KeptCopies } from './database/kept-copies.ts'
import { ObjectStore } from './database/object-store.ts'
import { type FileSystem, nodeFileSystem } from './disk/file-system.ts'
import { systemIdentity } from './disk/identity.ts'
import { Locks } from './disk/locks.ts'
import { diskBelow, OpenedFolder } from './disk/opened-folder.ts'
import { type Paths, pathsOf } from './disk/paths.ts'
import { ownerFolders } from './disk/presence.ts'
import { type Sharing, sharedDisk, sharingOf } from './disk/shared-disk.ts'
import type { LockWait, StoreFolder } from './disk/store-folder.ts'
import { readStoreKey, storeKey } from './disk/store-key.ts'
import { Temporaries } from './disk/temporaries.ts'
import type { Contents } from './journal/contents.ts'
import { GroupCommit } from './journal/group-commit.ts'
import { type Chapter, Journals } from './journal/journals.ts'
import { breakOrphan } from './journal/orphan-lock.ts'
import { recover } from './journal/recovery.ts'
import { lastMoves } from './journal/settled-notes.ts'
import { Settling } from './journal/settling.ts'
import { PackMerger } from './merging/merger.ts'
import type { NewObject } from './objects/object.ts'
import { Placement } from './packs/placement.ts'
import { needsNoRest, restAtTheEnd } from './process-end.ts'
import { type Change, nothing } from './refs/change.ts'
import { Refs } from './refs/refs.ts'
import { withHead } from './refs/unborn-head.ts'
import type { RepositoryOptions } from './repository-options.ts'

export class Repository implements Contents {
  /** Whether the options name a git server; the repository's own configuration may name servers too. */
  hasRemote = false
  readonly folder: StoreFolder
  readonly objects: ObjectStore
  readonly refs: Refs
  readonly merger: PackMerger
  /** How to wait for a lock that another process holds. */
  readonly lockWait: LockWait & Pick<Required<LockWait>, 'breakLock'>
  readonly #disk: FileSystem
  #sharing: Sharing | undefined
  readonly #journals: Journals
  readonly placement: Placement
  readonly #commits: GroupCommit
  readonly #openedFolder: OpenedFolder
  readonly #settling: Settling
  /** Also creates the folders above the store's. */
  #opened: Promise<boolean> | undefined
  #writable: Promise<void> | undefined
  #closed = false
  #hasChanged = false
  readonly #atTheEnd = { rest: () => this.#rest() }

  constructor(folder: string, options: RepositoryOptions = {}) {
    const { fs = nodeFileSystem, now = Date.now, lockTimeout = 10_000, identity = systemIdentity } = options
    const paths = pathsOf(resolve(folder))
    this.#disk = sharedDisk(fs, () => this.#sharing)
    this.#openedFolder = new OpenedFolder(this.#disk, paths.root, 'config')
    const below = diskBelow(this.#disk, this.#openedFolder)
    const owner = identity.newOwner()
    this.folder = {
      fs: below,
      paths,
      temporaries: new Temporaries(below, paths.temporaries, owner.id),
      locks: new Locks(below, ownerFolders(paths.journals), owner, identity),
      now,
      lockTimeout,
    }
    this.refs = new Refs(below, paths.root, this.folder.temporaries)
    this.objects = new ObjectStore(below, paths.objects)
    this.placement = new Placement(this.folder)
    this.lockWait = {
      locks: this.folder.locks,
      lockTimeout,
      // It is recovered with the rest, or removed alone when its owner left nothing else.
      breakLock: async (file) => {
        await recover(this, 'all')
        await breakOrphan(this.folder, file)
      },
    }
    this.merger = new PackMerger(this.placement, this.objects, this.lockWait.breakLock)
    this.#journals = new Journals(this.folder)
    this.#settling = new Settling(this, this.#journals, this.#openedFolder, {
      groupEnd: () => this.#commits.groupEnd(),
      bytes: options.settleBytes,
      after: options.settleAfter,
      packFrom: options.packFrom,
    })
    this.#commits = new GroupCommit(this, this.#journals, this.#openedFolder, {
      breakLock: this.lockWait.breakLock,
      settle: () => this.settle(),
      written: (chapter) => this.#written(chapter),
    })
  }

  get fs(): FileSystem {
    return this.folder.fs
  }

  get paths(): Paths {
    return this.folder.paths
  }

  /**
   * Opens for reading: checks what kind of repository it is and, after a restart of the machine, recovers. `false` when
   * there is no store yet. Throws UnsupportedError, CorruptError, LockedError, StorageError, and StoreMovedError when
   * the folder has moved.
   */
  async open(): Promise<boolean> {
    if (this.#closed) throw new SessionClosedError('store')
    const isThere = await this.#openOnce()
    this.#openedFolder.check()
    return isThere
  }

  /**
   * Makes a change of refs with the objects it needs; durable and visible to git when it resolves. The first change
   * creates the repository, with HEAD at `head`. If HEAD names a branch that does not exist, it also moves to `head`
   * once that is created.
   */
  async change<T>(change: Change<T>, head: RefName = 'refs/heads/main'): Promise<T> {
    await this.#readyToWrite(head)
    try {
      const isFirst = !this.#hasChanged
      this.#hasChanged = true
      return await this.#commits.submit(withHead(this.refs, change, head, isFirst))
    } catch (error) {
      throw this.#openedFolder.explained(error)
    }
  }

  /** Creates the repository if there is none, and prepares it for writing. Throws what `change` throws. */
  create(): Promise<void> {
    return this.change({ refs: [], prepare: () => nothing(undefined) })
  }

  /** Moves refs, whatever they name now; `null` deletes. Throws what `change` throws. */
  async setRefs(
    moves: ReadonlyMap<RefName, ObjectId | null>,
    objects: readonly NewObject[] = [],
  ): Promise<void> {
    if (moves.size === 0) return
    await this.change({ refs: [...moves.keys()], prepare: () => ({ objects, moves, result: undefined }) })
  }

  /** The store's own key. If there is none, it is made, and the repository too if needed. */
  key(head: RefName = 'refs/heads/main'): Uint8Array | Promise<Uint8Array> {
    const path = join(this.paths.own, 'key')
    return readStoreKey(this.fs, path) ?? this.#readyToWrite(head).then(() => this.#makeKey(path))
  }

  async #makeKey(path: string): Promise<Uint8Array> {
    const { temporaries } = this.folder
    const temporary = temporaries.path()
    try {
      return await storeKey(this.fs, path, temporary)
    } finally {
      temporaries.discard(temporary)
    }
  }

  /** Syncs in place what only the journal keeps safe so far. Throws StorageError. */
  settle(): Promise<void> {
    return this.#settling.settle()
  }

  /** Finishes or undoes what dead processes left. Throws LockedError, StorageError. */
  recover(): Promise<void> {
    return recover(this, 'all')
  }

  /** As `settle`; then our journals have no bytes of earlier saves. */
  async settleForGood(): Promise<void> {
    await this.settle()
    this.#journals.dropSpare()
  }

  /** Waits for changes in progress, settles, and removes files that only this object needed. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#settling.stop()
    // Changes that were requested before are still made.
    await this.#writable?.catch(() => undefined)
    await this.#commits.idle()
    try {
      await this.settle()
      this.#tidy()
    } catch (error) {
      this.#journals.abandon(this.#settling.unsettled)
      throw error
    } finally {
      this.#settling.clear()
      needsNoRest(this.#atTheEnd)
      this.objects.close()
    }
  }

  /** Copies of derived data, kept beside the objects. */
  copies(mark: () => string): KeptCopies {
    return new Copies(this.folder, mark)
  }

  /** The repository's own configuration. */
  config(): Config {
    const file = join(this.paths.root, 'config')
    return parseConfig(this.fs.readFile(file)?.toString('utf8') ?? '', file)
  }

  #openOnce(): Promise<boolean> {
    this.#opened ??= this.#openNow().then(
      (there) => {
        if (!there) {
          this.#opened = undefined
          this.#openedFolder.leave()
        }
        return there
      },
      (error: unknown) => {
        this.#opened = undefined
        this.#openedFolder.leave()
        throw error
      },
    )
    return this.#opened
  }

  async #openNow(): Promise<boolean> {
    const { fs, paths } = this
    this.#openedFolder.enter()
    if (fs.stat(join(paths.root, 'HEAD')) === undefined) {
      checkCreatable(this.folder)
      return false
    }
    const config = this.config()
    checkConfig(config)
    this.#sharing = sharingOf(config)
    checkFolders(this.folder)
    await recover(this, 'rebooted')
    return true
  }

  #readyToWrite(head: RefName): Promise<void> {
    if (this.#closed) throw new SessionClosedError('store')
    this.#writable ??= this.#prepareToWrite(head).catch((error: unknown) => {
      this.#writable = undefined
      throw error
    })
    return this.#writable
  }

  async #prepareToWrite(head: RefName): Promise<void> {
    if (!(await this.#openOnce())) {
      // The store's folder is created only here.
      this.#disk.makeDir(this.paths.root)
      await create(this.folder, head)
      await this.#openOnce()
    }
    const { fs, paths } = this
    const folders = [paths.temporaries, paths.journals, paths.retired, paths.packs]
    const made = folders.map((folder) => fs.makeDir(folder))
    // In a repository that another program made, or one without a save, the names may not be durable: its creator may
    // not have finished.
    const isNew = made.some((folder) => folder !== undefined) || fs.readDir(paths.packs).length === 0
    if (isNew || !this.config().has('forkpoint.format')) {
      for (const folder of [paths.own, paths.objects, paths.root]) await fs.syncDir(folder)
      await syncAbove(this.folder)
    }
    await recover(this, 'all')
    await this.folder.locks.ready()
    // An owner may have died since, and another process may take it for one from before a restart. Then that process
    // sees that we are ready, or we see its adopted journals here and wait.
    await recover(this, 'all')
    // After a power loss the clock may have an old value, while journals that we may not recover have later numbers.
    for (const order of (await lastMoves(this.folder)).values()) this.#journals.clock.raise(order)
  }

  #written(chapter: Chapter): void {
    restAtTheEnd(this.#atTheEnd)
    this.#settling.written(chapter)
  }

  /** As `close`, but the next change opens the repository again. For processes that end without `close`. */
  async #rest(): Promise<void> {
    await this.#commits.idle()
    await this.settle()
    if (this.#journals.current !== undefined) return
    this.#tidy()
  }

  /** Removes files that only this object needed, once everything is settled. */
  #tidy(): void {
    if (this.#openedFolder.isMoved) {
      // A process that uses the folder in its new place recovers it.
      this.#journals.abandon([])
      return
    }
    this.merger.rest()
    this.refs.close()
    this.folder.temporaries.close()
    this.#journals.close()
  }
}
