/**
 * A bare repository that is a store: opened lazily, created by the first write, recovered when something died.
 * This is the door of the object layer; it knows nothing of sessions.
 */
import { dirname, join, resolve } from 'node:path'
import { NotFoundError, SessionClosedError, UnsupportedError } from '../errors.ts'
import type { MergedInMemory } from './chapter-packs.ts'
import { type Config, checkConfig, NEW_CONFIG, parseConfig } from './config.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { type Change, GroupCommit } from './group-commit.ts'
import { type Chapter, Journals } from './journals.ts'
import { Locks } from './lock.ts'
import { ObjectStore } from './object-store.ts'
import { PackMerger } from './pack-merger.ts'
import { type Paths, pathsOf } from './paths.ts'
import { Placement } from './placement.ts'
import { newOwner } from './process-identity.ts'
import { type RecoveryParts, recover } from './recovery.ts'
import { Refs } from './refs.ts'
import { settle } from './settle.ts'

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
}

export class Repository {
  readonly paths: Paths
  readonly fs: FileSystem
  readonly objects: ObjectStore
  readonly refs: Refs
  readonly locks: Locks
  readonly merger: PackMerger
  private readonly options: Required<
    Pick<RepositoryOptions, 'now' | 'lockTimeout' | 'settleAfter' | 'settleBytes'>
  >
  private readonly journals: Journals
  private readonly placement: Placement
  private readonly commits: GroupCommit
  private opened: Promise<boolean> | undefined
  private writable: Promise<void> | undefined
  private settling: Promise<void> = Promise.resolve()
  private unsettled: Chapter[] = []
  private timer: NodeJS.Timeout | undefined
  private closed = false
  private readonly atTheEnd = { rest: () => this.rest() }

  constructor(folder: string, options: RepositoryOptions = {}) {
    const { fs = nodeFileSystem, now = Date.now, lockTimeout = 10_000 } = options
    this.options = {
      now,
      lockTimeout,
      settleAfter: options.settleAfter ?? 1000,
      settleBytes: options.settleBytes ?? 16 << 20,
    }
    this.fs = fs
    this.paths = pathsOf(resolve(folder))
    const owner = newOwner()
    this.placement = new Placement(fs, this.paths, owner.id)
    this.refs = new Refs(fs, this.paths.root, () => this.placement.temporary())
    this.objects = new ObjectStore(fs, this.paths.objects)
    this.locks = new Locks(fs, join(this.paths.journals, owner.id, 'owner'), owner)
    this.journals = new Journals(fs, this.paths, this.locks)
    this.merger = new PackMerger({
      fs,
      paths: this.paths,
      placement: this.placement,
      objects: this.objects,
      now,
    })
    this.commits = new GroupCommit({
      refs: this.refs,
      locks: this.locks,
      journals: this.journals,
      placement: this.placement,
      objects: this.objects,
      now,
      lockTimeout,
      recover: () => recover(this.recoveryParts(), 'all'),
      placeMerged: (chapter, merged) => this.placeMerged(chapter, merged),
      written: (chapter) => this.written(chapter),
    })
  }

  /**
   * Opens for reading: checks what kind of repository it is and, after a restart of the machine, recovers.
   * `false` when there is no store yet. Throws UnsupportedError, CorruptError, LockedError, StorageError.
   */
  open(): Promise<boolean> {
    if (this.closed) throw new SessionClosedError('store')
    this.opened ??= this.openNow().then(
      (there) => {
        if (!there) this.opened = undefined
        return there
      },
      (error: unknown) => {
        this.opened = undefined
        throw error
      },
    )
    return this.opened
  }

  /**
   * Makes a change of refs with the objects it needs; durable and visible to git when it resolves. The first one
   * creates the repository; its HEAD then points at `head`.
   */
  async change<T>(change: Change<T>, head = 'refs/heads/main'): Promise<T> {
    if (this.closed) throw new SessionClosedError('store')
    this.writable ??= this.prepareToWrite(head).catch((error: unknown) => {
      this.writable = undefined
      throw error
    })
    await this.writable
    return this.commits.submit(change)
  }

  /** Syncs in place what so far only the journal keeps safe. Throws StorageError. */
  settle(): Promise<void> {
    this.turn()
    const run = this.settling.then(() => this.settleAll())
    this.settling = run.catch(() => undefined)
    return run
  }

  /** Waits for what is under way, settles, and removes what only this object needed. */
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await this.commits.idle()
    try {
      await this.settle()
      this.journals.close()
      this.locks.close()
    } finally {
      open.delete(this.atTheEnd)
      await this.objects.close()
    }
  }

  /** The repository's own configuration. */
  config(): Config {
    return parseConfig(this.fs.readFile(join(this.paths.root, 'config'))?.toString('utf8') ?? '')
  }

  private async openNow(): Promise<boolean> {
    const { fs, paths } = this
    if (fs.stat(join(paths.root, 'HEAD')) === undefined) {
      this.checkCreatable()
      return false
    }
    checkConfig(this.config())
    for (const folder of [
      paths.objects,
      paths.packs,
      join(paths.root, 'refs'),
      paths.own,
      paths.temporaries,
      paths.journals,
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
    if (!(await this.open())) {
      await this.create(head)
      await this.open()
    }
    for (const folder of [this.paths.temporaries, this.paths.journals, this.paths.packs])
      this.fs.makeDir(folder)
    await recover(this.recoveryParts(), 'all')
  }

  /** HEAD comes last: without it git, and we, see no repository. Whole or not at all, and safe to do twice. */
  private async create(head: string): Promise<void> {
    const { fs, paths, placement } = this
    const folders = [
      'objects/pack',
      'objects/info',
      'refs/heads',
      'refs/tags',
      'refs/forkpoint',
      'forkpoint/tmp',
      'forkpoint/journals',
    ]
    for (const folder of folders) fs.makeDir(join(paths.root, folder))
    const files: [string, string][] = [
      ['config', NEW_CONFIG],
      ...this.ignoreFile(),
      ['HEAD', `ref: ${head}\n`],
    ]
    for (const [name, text] of files) {
      const temporary = placement.temporary()
      fs.writeFile(temporary, Buffer.from(text))
      await fs.syncFile(temporary)
      fs.rename(temporary, join(paths.root, name))
    }
    for (const folder of ['objects', 'refs', 'forkpoint', '.', '..'])
      await fs.syncDir(join(paths.root, folder))
  }

  /** Inside somebody's work tree nobody should commit the store by accident. */
  private ignoreFile(): [string, string][] {
    for (let folder = dirname(this.paths.root); ; folder = dirname(folder)) {
      if (this.fs.stat(join(folder, '.git')) !== undefined) return [['.gitignore', '*\n']]
      if (folder === dirname(folder)) return []
    }
  }

  private async placeMerged(chapter: Chapter, merged: MergedInMemory): Promise<void> {
    await this.placement.place(merged.name, merged.pack, merged.index)
    this.objects.addPack(merged.name, merged.index)
    chapter.packs.replace(merged)
    this.merger.retire(merged.replaces)
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
    if (this.journals.isEmpty) this.journals.close()
  }

  private turn(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const chapter = this.journals.turn()
    if (chapter !== undefined) this.unsettled.push(chapter)
  }

  private async settleAll(): Promise<void> {
    // A chapter may still be in use by the group under way.
    await this.commits.groupEnd()
    while (this.unsettled.length > 0) {
      const chapter = this.unsettled[0]!
      await settle(this.recoveryParts(), chapter.packs.names, chapter.refs)
      this.unsettled.shift()
      await this.journals.release(chapter)
    }
    if (!this.closed) await this.merger.compact()
    this.merger.sweep()
  }

  private recoveryParts(): RecoveryParts {
    const { fs, paths, refs, locks, placement, objects, merger } = this
    return { fs, paths, refs, locks, placement, objects, merger, lockTimeout: this.options.lockTimeout }
  }
}

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
