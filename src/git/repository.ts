/**
 * A bare repository that is a store: opened lazily, created by the first write, recovered when something died.
 * This is the door of the object layer; it knows nothing of sessions.
 */
import { dirname, join, resolve } from 'node:path'
import { NotFoundError, SessionClosedError, StorageError, UnsupportedError } from '../errors.ts'
import { checkConfig, NEW_CONFIG } from './config/config.ts'
import { type Config, parseConfig } from './config/parser.ts'
import { ObjectStore } from './database/object-store.ts'
import { type FileSystem, nodeFileSystem } from './disk/file-system.ts'
import { type Identity, systemIdentity } from './disk/identity.ts'
import { Locks } from './disk/locks.ts'
import { diskBelow, OpenedFolder } from './disk/opened-folder.ts'
import { type Paths, pathsOf } from './disk/paths.ts'
import { ownerFolders } from './disk/presence.ts'
import { SharedDisk, sharingOf } from './disk/shared-disk.ts'
import { Temporaries } from './disk/temporaries.ts'
import { GroupCommit } from './journal/group-commit.ts'
import { type Chapter, Journals } from './journal/journals.ts'
import { MoveClock } from './journal/move-clock.ts'
import { breakOrphan } from './journal/orphan-lock.ts'
import { type RecoveryParts, recover } from './journal/recovery.ts'
import { settle } from './journal/settle.ts'
import { lastMoves } from './journal/settled-notes.ts'
import type { MergedInMemory } from './merging/chapter-packs.ts'
import { PackMerger } from './merging/merger.ts'
import { Placement } from './packs/placement.ts'
import type { Change } from './refs/change.ts'
import { Refs } from './refs/refs.ts'
import { NEEDS_HEAD, unlessHeadIsUnborn, withHead } from './refs/unborn-head.ts'

export interface RepositoryOptions {
  fs?: FileSystem
  /** Milliseconds since 1970. */
  now?: () => number
  /** How long a lock of somebody else is waited for, in milliseconds. Default 10,000. */
  lockTimeout?: number
  /** A chapter of the journal is settled at the latest this long after its first save. Default 1,000 ms. */
  settleAfter?: number
  /** … or when its journal has this many bytes. Default 16 MiB. */
  settleBytes?: number
  /** Who we are, and who still lives. Default: what the system says. */
  identity?: Identity
}

export class Repository {
  readonly paths: Paths
  readonly fs: FileSystem
  readonly objects: ObjectStore
  readonly refs: Refs
  readonly locks: Locks
  readonly merger: PackMerger
  readonly options: Required<Pick<RepositoryOptions, 'now' | 'lockTimeout' | 'settleAfter' | 'settleBytes'>>
  private readonly disk: SharedDisk
  private readonly journals: Journals
  private readonly clock: MoveClock
  readonly temporaries: Temporaries
  readonly placement: Placement
  private readonly commits: GroupCommit
  private readonly folder: OpenedFolder
  /** Also above the store's folder. */
  private opened: Promise<boolean> | undefined
  private writable: Promise<void> | undefined
  private settling: Promise<void> = Promise.resolve()
  private unsettled: Chapter[] = []
  private timer: NodeJS.Timeout | undefined
  private quiet: NodeJS.Timeout | undefined
  private closed = false
  private hasChanged = false
  private readonly atTheEnd = { rest: () => this.rest() }

  constructor(folder: string, options: RepositoryOptions = {}) {
    const { fs = nodeFileSystem, now = Date.now, lockTimeout = 10_000, identity = systemIdentity } = options
    this.options = {
      now,
      lockTimeout,
      settleAfter: options.settleAfter ?? 1000,
      settleBytes: options.settleBytes ?? 16 << 20,
    }
    this.paths = pathsOf(resolve(folder))
    this.disk = new SharedDisk(fs)
    this.folder = new OpenedFolder(this.disk, this.paths.root, 'config')
    this.fs = diskBelow(this.disk, this.folder)
    const owner = identity.newOwner()
    this.temporaries = new Temporaries(this.fs, this.paths.temporaries, owner.id)
    this.locks = new Locks(this.fs, ownerFolders(this.paths.journals), owner, identity)
    this.placement = new Placement(this.fs, this.paths, this.temporaries, this.locks)
    this.refs = new Refs(this.fs, this.paths.root, this.temporaries)
    this.objects = new ObjectStore(this.fs, this.paths.objects)
    this.journals = new Journals(this.fs, this.paths, this.locks)
    this.clock = new MoveClock(this.fs, this.paths)
    this.merger = new PackMerger({
      fs: this.fs,
      paths: this.paths,
      placement: this.placement,
      temporaries: this.temporaries,
      objects: this.objects,
      locks: this.locks,
      breakLock: (file) => this.breakLock(file),
      now,
    })
    this.commits = new GroupCommit({
      refs: this.refs,
      locks: this.locks,
      journals: this.journals,
      placement: this.placement,
      objects: this.objects,
      folder: this.folder,
      clock: this.clock,
      lockTimeout,
      breakLock: (file) => this.breakLock(file),
      placeMerged: (chapter, merged) => this.placeMerged(chapter, merged),
      settle: () => this.settle(),
      written: (chapter) => this.written(chapter),
    })
  }

  /**
   * Opens for reading: checks what kind of repository it is and, after a restart of the machine, recovers.
   * `false` when there is no store yet. Throws UnsupportedError, CorruptError, LockedError, StorageError, and
   * StoreMovedError when it is not there any more.
   */
  async open(): Promise<boolean> {
    if (this.closed) throw new SessionClosedError('store')
    const isThere = await this.openOnce()
    this.folder.check()
    return isThere
  }

  /**
   * Makes a change of refs with the objects it needs; durable and visible to git when it resolves. The first one
   * creates the repository; its HEAD then points at `head`. So does the HEAD of a repository that names no branch there
   * is, once `head` is made.
   */
  async change<T>(change: Change<T>, head = 'refs/heads/main'): Promise<T> {
    if (this.closed) throw new SessionClosedError('store')
    this.writable ??= this.prepareToWrite(head).catch((error: unknown) => {
      this.writable = undefined
      throw error
    })
    await this.writable
    try {
      const isFirst = !this.hasChanged
      this.hasChanged = true
      const result = await this.commits.submit(unlessHeadIsUnborn(this.refs, change, head, isFirst))
      return result === NEEDS_HEAD ? await this.commits.submit(withHead(this.refs, change, head)) : result
    } catch (error) {
      throw this.folder.explained(error)
    }
  }

  /** Syncs in place what so far only the journal keeps safe. Throws StorageError. */
  settle(): Promise<void> {
    this.turn()
    const due = [...this.unsettled]
    // All that others have moved on so far of what is in our journals is in these.
    const notes = this.journals.notes()
    const run = this.settling.then(async () => {
      await this.settleAll(due)
      this.journals.removeNotes(notes)
    })
    this.settling = run.catch(() => undefined)
    return run
  }

  /** Finishes or undoes what dead processes left. Throws LockedError, StorageError. */
  recover(): Promise<void> {
    return recover(this.recoveryParts(), 'all')
  }

  /** `settle`, and no journal of ours keeps bytes of what was saved before. */
  async settleForGood(): Promise<void> {
    await this.settle()
    this.journals.dropSpare()
  }

  /** Waits for what is under way, settles, and removes what only this object needed. */
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    // A change that was asked for before is made.
    await this.writable?.catch(() => undefined)
    await this.commits.idle()
    try {
      await this.settle()
      this.tidy()
    } catch (error) {
      this.journals.abandon(this.unsettled)
      throw error
    } finally {
      clearTimeout(this.timer)
      clearTimeout(this.quiet)
      open.delete(this.atTheEnd)
      this.objects.close()
    }
  }

  /** The repository's own configuration. */
  config(): Config {
    const file = join(this.paths.root, 'config')
    return parseConfig(this.fs.readFile(file)?.toString('utf8') ?? '', file)
  }

  private openOnce(): Promise<boolean> {
    this.opened ??= this.openNow().then(
      (there) => {
        if (!there) {
          this.opened = undefined
          this.folder.leave()
        }
        return there
      },
      (error: unknown) => {
        this.opened = undefined
        this.folder.leave()
        throw error
      },
    )
    return this.opened
  }

  private async openNow(): Promise<boolean> {
    const { fs, paths } = this
    this.folder.enter()
    if (fs.stat(join(paths.root, 'HEAD')) === undefined) {
      this.checkCreatable()
      return false
    }
    const config = this.config()
    checkConfig(config)
    this.disk.sharing = sharingOf(config)
    for (const folder of [
      paths.objects,
      paths.packs,
      join(paths.root, 'refs'),
      paths.own,
      paths.temporaries,
      paths.journals,
      paths.retired,
    ]) {
      const kind = fs.stat(folder)?.kind
      if (kind !== undefined && kind !== 'folder') {
        throw new UnsupportedError(
          'links',
          `'${folder}' is not a folder of the store's own. Take the store from a trusted copy.`,
        )
      }
    }
    await recover(this.recoveryParts(), 'rebooted')
    return true
  }

  private checkCreatable(): void {
    const { fs, paths } = this
    const others = fs.readDir(paths.root).filter((name) => !OUR_NAMES.has(name))
    if (others.length === 0) return
    throw new NotFoundError(
      { kind: 'store', id: paths.root },
      `'${paths.root}' is not a store and not empty (it has '${others[0]}'). A store is a folder of its own: choose a new one.`,
    )
  }

  private async prepareToWrite(head: string): Promise<void> {
    if (!(await this.openOnce())) {
      await this.create(head)
      await this.openOnce()
    }
    const { fs, paths } = this
    const folders = [paths.temporaries, paths.journals, paths.retired, paths.packs]
    const made = folders.map((folder) => fs.makeDir(folder))
    // Whether names would survive is unknown in a repository that somebody else made, and in one without a save:
    // whoever made that may not have come to the end.
    const isNew = made.some((folder) => folder !== undefined) || fs.readDir(paths.packs).length === 0
    if (isNew || !this.config().has('forkpoint.format')) {
      for (const folder of [paths.own, paths.objects, paths.root]) await fs.syncDir(folder)
      await this.syncAbove()
    }
    await recover(this.recoveryParts(), 'all')
    await this.locks.ready()
    // Somebody may have died since, and be taken by another for one of before the machine was restarted: then it
    // sees us ready, or we see its work here and wait.
    await recover(this.recoveryParts(), 'all')
    // The clock may be that of before a power loss, and journals that are not ours to recover later than it.
    for (const order of (await lastMoves(this.recoveryParts())).values()) this.clock.raise(order)
  }

  /**
   * HEAD comes last, when all else in the folder is durable: without it git, and we, see no repository. So there is
   * a whole one or none, and creating it twice is safe.
   */
  private async create(head: string): Promise<void> {
    const { fs, paths } = this
    this.disk.makeDir(paths.root)
    for (const folder of FOLDERS) fs.makeDir(join(paths.root, folder))
    await this.writeDurably('config', NEW_CONFIG)
    if (this.isInWorkTree()) await this.writeDurably('.gitignore', '*\n')
    for (const folder of ['objects', 'refs', 'forkpoint', '.']) await fs.syncDir(join(paths.root, folder))
    await this.writeDurably('HEAD', `ref: ${head}\n`)
  }

  /** The folders above may be as new as the store. */
  private async syncAbove(): Promise<void> {
    for (let folder = dirname(this.paths.root); ; folder = dirname(folder)) {
      try {
        await this.fs.syncDir(folder)
      } catch (error) {
        // One that we may not open is not one that we made.
        if (!(error instanceof StorageError && NOT_OURS.has(error.errno ?? ''))) throw error
      }
      if (folder === dirname(folder)) return
    }
  }

  private async writeDurably(name: string, text: string): Promise<void> {
    const temporary = this.temporaries.write(Buffer.from(text))
    await this.fs.syncFile(temporary)
    this.fs.rename(temporary, join(this.paths.root, name))
  }

  /** Inside somebody's work tree nobody should commit the store by accident. */
  private isInWorkTree(): boolean {
    for (let folder = dirname(this.paths.root); ; folder = dirname(folder)) {
      if (this.fs.stat(join(folder, '.git')) !== undefined) return true
      if (folder === dirname(folder)) return false
    }
  }

  /** Of a dead process: with all else that it left, or alone when it left nothing else. */
  private async breakLock(file: string): Promise<void> {
    await recover(this.recoveryParts(), 'all')
    await breakOrphan(this, file)
  }

  private async placeMerged(chapter: Chapter, merged: MergedInMemory): Promise<void> {
    await this.placement.place(merged.name, merged.pack, merged.index)
    this.objects.addPack(merged.name, merged.index)
    chapter.packs.replace(merged)
    this.merger.retire(merged.replaces, merged.name)
  }

  private written(chapter: Chapter): void {
    open.add(this.atTheEnd)
    watchForTheEnd()
    if (chapter.broken || chapter.journal.used > this.options.settleBytes) {
      void this.settle().catch(() => undefined)
      return
    }
    this.timer ??= setTimeout(
      () => void this.settle().catch(() => undefined),
      this.options.settleAfter,
    ).unref()
  }

  /** What `close` does, but the next change starts anew: for the end of a process that nobody closed. */
  private async rest(): Promise<void> {
    await this.commits.idle()
    await this.settle()
    if (this.journals.current !== undefined) return
    this.tidy()
  }

  /** Everything is settled: removes what only this object needed. */
  private tidy(): void {
    if (this.folder.isMoved) {
      // Whoever works on it where it is now does that.
      this.journals.abandon([])
      return
    }
    this.merger.rest()
    this.refs.close()
    this.temporaries.close()
    this.journals.close()
  }

  private turn(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const chapter = this.journals.turn()
    if (chapter !== undefined) this.unsettled.push(chapter)
  }

  private async settleAll(due: readonly Chapter[]): Promise<void> {
    // The group under way, if any, may have begun in one of these chapters.
    await this.commits.groupEnd()
    const left = due.filter((chapter) => this.unsettled.includes(chapter))
    if (left.length === 0 && this.folder.isMoved) return
    for (const chapter of left) {
      this.folder.check()
      const { names: packs, replaced } = chapter.packs
      await settle(this.recoveryParts(), { packs, replaced, refs: chapter.refs })
      // Otherwise it is another folder that was synced.
      this.folder.check()
      this.unsettled = this.unsettled.filter((other) => other !== chapter)
      await this.journals.release(chapter)
    }
    this.placement.unkeep()
    await this.merger.compact()
    this.merger.sweep()
    this.quiet ??= setTimeout(() => this.comeToRest(), QUIET).unref()
    this.quiet.refresh()
  }

  private comeToRest(): void {
    try {
      if (!this.closed && !this.folder.isMoved) this.merger.rest()
    } catch {
      // What is too much stays until somebody settles again.
    }
  }

  private recoveryParts(): RecoveryParts {
    const { fs, paths, refs, locks, placement, objects, merger, temporaries, clock } = this
    const { now, lockTimeout } = this.options
    return { fs, paths, refs, locks, placement, objects, merger, temporaries, clock, now, lockTimeout }
  }
}

const FOLDERS = [
  'objects/pack',
  'objects/info',
  'refs/heads',
  'refs/tags',
  'refs/forkpoint',
  'forkpoint/tmp',
  'forkpoint/journals',
]
/** Milliseconds without a save after which packs that were merged need not wait for the next one. */
const QUIET = 5000
const NOT_OURS = new Set(['EACCES', 'EPERM', 'EROFS', 'EINVAL'])
const OUR_NAMES = new Set(['objects', 'refs', 'forkpoint', 'config', '.gitignore', 'HEAD'])

/** Repositories with something to settle. A process that ends by itself settles them first. */
const open = new Set<{ rest(): Promise<void> }>()
let watching = false

function watchForTheEnd(): void {
  if (watching) return
  watching = true
  process.on('beforeExit', () => {
    for (const repository of [...open]) {
      open.delete(repository)
      repository.rest().catch(() => undefined)
    }
  })
}
