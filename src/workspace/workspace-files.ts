/** Stores the files of a workspace with the checkpoints of sessions, and restores them. */
import { resolve } from 'node:path'
import type { Checkpoints } from '../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../checkpoints/commits/history.ts'
import { addFiles, type Snapshot } from '../checkpoints/files-line.ts'
import { ConflictError, NotFoundError } from '../errors.ts'
import { EMPTY_TREE } from '../git/objects/object.ts'
import { PURGE_LOCK } from '../git/upkeep/purge-mark.ts'
import {
  type BranchName,
  type CommitId,
  filesLine,
  filesRef,
  parseBranchName,
  parseSessionId,
  type SessionId,
} from '../ids.ts'
import { TimeSlice } from '../time-slice.ts'
import { CurrentFiles, type WorkspaceOptions, type WorkspacePlace } from './current-files.ts'
import { type RunningRestore, RunningRestores } from './disk/running-restores.ts'
import { RestoreError } from './errors.ts'
import { filesChanged } from './file-tree.ts'
import { type LeftOut, leftOutText, parseLeftOut } from './left-out.ts'
import { restore } from './restore.ts'
import { askedFor, type RestorePlan, type Step, stepsTo } from './restore-plan.ts'
import { type TakenFiles, treeOf } from './snapshot.ts'
import { type FileChanges, type StoredFile, StoredFiles, type StoredSnapshot } from './stored-files.ts'

export type { WorkspaceOptions }

export interface KeptSnapshot {
  /** Id of the commit with the files. */
  id: string
  /** Whether a new snapshot was made; `false` if the last one has the same files. */
  isNew: boolean
  leftOut: readonly LeftOut[]
}

export interface RestoreOptions {
  /** The files and folders to restore, relative to the workspace. Default: all. */
  paths?: readonly string[]
  /** Branch whose files line gets the snapshot of the current files. Default: the active one. */
  branch?: string
}

export interface RestoreReport extends RestorePlan {
  /** Id of the restored snapshot. */
  snapshot: string
  /** Id of the snapshot of the files before; restore it to undo this. `undefined`: no file was changed or deleted. */
  undo: string | undefined
}

/** Whether files are the same as at a checkpoint. `unknown`: the checkpoint has no snapshot. */
export type WorkspaceState = 'same' | 'changed' | 'unknown'

const ROUNDS = 5

/**
 * The files of a folder, stored with the checkpoints of sessions.
 *
 *     const files = store.files('/home/ann/project')
 *     await store.save(state, { files })
 *     await files.restore('demo', 'main~3')
 */
export class WorkspaceFiles {
  /** Absolute path of the workspace. */
  readonly folder: string
  readonly #checkpoints: Checkpoints
  readonly #stored: StoredFiles
  readonly #folder: CurrentFiles
  readonly #restores: RunningRestores

  /** @internal Made by `store.files`. */
  constructor(
    checkpoints: Checkpoints,
    folder: string,
    options: WorkspaceOptions = {},
    place: WorkspacePlace = {},
  ) {
    if (typeof folder !== 'string' || folder === '')
      throw new TypeError('A workspace needs the path of its folder')
    this.folder = resolve(folder)
    this.#checkpoints = checkpoints
    this.#stored = new StoredFiles(checkpoints)
    const { folder: store } = checkpoints.history.repository
    this.#folder = new CurrentFiles(this.folder, store.paths.root, options, place)
    this.#restores = new RunningRestores(store)
  }

  /**
   * Stores the current files on the files line of a branch, without a checkpoint.
   *
   * @param options.subject subject of the commit
   * @throws WorkspaceLimitError, StorageError, ConflictError
   */
  keep(session: string, options: { branch?: string; subject?: string } = {}): Promise<KeptSnapshot> {
    return this.#use(async () => {
      await this.#checkpoints.openFinished()
      await this.#clean()
      const id = parseSessionId(session)
      const branch = this.#branch(id, options.branch)
      for (let round = 0; round < ROUNDS; round++) {
        const { snapshot, taken } = await this.#take(id, branch)
        const before = this.#checkpoints.history.tip(filesRef(id, branch))
        const commit = await this.#write(id, branch, snapshot, options.subject ?? 'files')
        if (commit !== undefined)
          return { id: commit.id, isNew: commit.id !== before, leftOut: taken.leftOut }
      }
      throw new ConflictError({ session: id, branch: filesLine(branch), actual: null })
    })
  }

  /** Returns what a restore would do, without changing anything. Throws what `restore` throws. */
  plan(session: string, revision: string, options: RestoreOptions = {}): Promise<RestorePlan> {
    return this.#use(async () => {
      const id = parseSessionId(session)
      const { commit } = await this.#stored.find(id, revision)
      const { taken } = await this.#take(id, this.#branch(id, options.branch))
      const { steps, kept } = await this.#steps(commit, taken, options)
      const { failed: _, ...plan } = await restore(await this.#work(taken, undefined), steps, kept)
      return plan
    })
  }

  /**
   * Restores the files of a checkpoint, or of a snapshot that is given by its id. The current files are stored as a
   * snapshot first; files that no snapshot contains, such as ignored ones, stay. After a crash, call it again to
   * complete the restore.
   *
   * @throws NotFoundError, WorkspaceLimitError; StorageError for a full disk; RestoreError if some files could not be
   * written, and all others were
   */
  restore(session: string, revision: string, options: RestoreOptions = {}): Promise<RestoreReport> {
    return this.#use(async () => {
      const id = parseSessionId(session)
      const { commit } = await this.#stored.find(id, revision)
      const branch = this.#branch(id, options.branch)
      await this.#clean()
      const { steps, kept, taken, undo } = await this.#secured(id, branch, commit, options)
      const running = await this.#restores.begin((await this.#folder.folder()).root)
      const { failed, ...done } = await restore(await this.#work(taken, running), steps, kept).finally(() =>
        running.end(),
      )
      if (failed.length > 0) throw new RestoreError({ failed, undo })
      return { ...done, snapshot: commit.id, undo }
    })
  }

  /** Returns whether the files are the same as at a checkpoint. Throws NotFoundError for an unknown revision. */
  state(session: string, revision: string): Promise<WorkspaceState> {
    return this.#use(async () => {
      const id = parseSessionId(session)
      let commit: CommitInfo
      try {
        ;({ commit } = await this.#stored.find(id, revision))
      } catch (error) {
        if (error instanceof NotFoundError && error.kind === 'snapshot') return 'unknown'
        throw error
      }
      const before = await this.#stored.files(commit)
      const { files } = await this.#folder.look(before)
      return (await filesChanged(before, files)).size === 0 ? 'same' : 'changed'
    })
  }

  /** Returns the snapshot of a checkpoint. Throws NotFoundError. */
  snapshot(session: string, revision: string): Promise<StoredSnapshot> {
    return this.#use(async () => {
      const { commit, checkpoint } = await this.#stored.find(parseSessionId(session), revision)
      return { id: commit.id, checkpoint }
    })
  }

  /** Lists the files of a snapshot by path. Throws NotFoundError. */
  list(session: string, revision: string): Promise<StoredFile[]> {
    return this.#use(async () => {
      const { commit } = await this.#stored.find(parseSessionId(session), revision)
      const files = [...(await this.#stored.files(commit))].map(([path, { id, mode }]): StoredFile => {
        const kind = mode === '120000' ? 'link' : mode === '100755' ? 'executable' : 'file'
        return { path, kind, blob: id }
      })
      return files.sort((a, b) => (a.path < b.path ? -1 : 1))
    })
  }

  /**
   * Returns how a turn changed the files. For a snapshot given by its id, compares it with the snapshot before.
   *
   * @throws NotFoundError
   */
  changes(session: string, revision: string): Promise<FileChanges> {
    return this.#use(async () =>
      this.#stored.changes(await this.#stored.find(parseSessionId(session), revision)),
    )
  }

  /** Returns these changes as a git patch. Throws NotFoundError, and UnsupportedError if git is not available. */
  async patch(session: string, revision: string): Promise<string> {
    const { from = EMPTY_TREE, to } = await this.changes(session, revision)
    const { patchBetween } = await import('../git/upkeep/native/patch.ts')
    return this.#use(() => patchBetween(this.#checkpoints.history.repository, from, to))
  }

  /** Returns the content of one file of a snapshot; for a link, its target. Throws NotFoundError. */
  read(session: string, revision: string, path: string): Promise<Buffer> {
    return this.#use(async () => {
      const { commit } = await this.#stored.find(parseSessionId(session), revision)
      return this.#stored.read(commit, path)
    })
  }

  /**
   * @internal Takes a snapshot for a write of the store, before its locks are taken.
   * @param branch of the write; default: the active one
   */
  async take(session: SessionId, branch: BranchName | undefined): Promise<Snapshot> {
    await this.#checkpoints.open()
    await this.#clean()
    const { snapshot } = await this.#take(session, branch ?? this.#branch(session, undefined))
    // The write itself gets a turn of the event loop of its own.
    await new TimeSlice().next()
    return snapshot
  }

  #use<T>(work: () => Promise<T>): Promise<T> {
    return this.#checkpoints.lifetime.use(work)
  }

  #branch(session: SessionId, named: string | undefined): BranchName {
    if (named !== undefined) return parseBranchName(named)
    return this.#checkpoints.history.active(session)
  }

  /** Stores the current files if a restore could lose any of them; returns the steps of the restore. */
  async #secured(session: SessionId, branch: BranchName, target: CommitInfo, options: RestoreOptions) {
    const subject = `before going back to ${target.id.slice(0, 10)}`
    for (let round = 0; round < ROUNDS; round++) {
      const { snapshot, taken } = await this.#take(session, branch)
      const { steps, kept } = await this.#steps(target, taken, options)
      if (!steps.some(({ was }) => was !== undefined)) return { steps, kept, taken, undo: undefined }
      const made = await this.#write(session, branch, snapshot, subject)
      if (made !== undefined) return { steps, kept, taken, undo: made.id as string | undefined }
    }
    throw new ConflictError({ session, branch: filesLine(branch), actual: null })
  }

  /**
   * Writes a snapshot to the files line only. Returns `undefined` if the objects of its `base` may have been purged.
   */
  #write(
    session: SessionId,
    branch: BranchName,
    snapshot: Snapshot,
    subject: string,
  ): Promise<CommitInfo | undefined> {
    const { history } = this.#checkpoints
    return this.#checkpoints.write({
      session,
      anyType: true,
      // Files leave the machine only on request.
      replicates: false,
      // A new line may start at an old commit, which a purge must not remove in the meantime.
      onto: () => ({
        line: filesLine(branch),
        also: history.tip(filesRef(session, branch)) === undefined ? [PURGE_LOCK] : [],
      }),
      decide: async (writing) => {
        const tip = history.head(session, branch)
        const parent = tip === undefined ? undefined : await history.info(tip)
        const text = { subject, seq: parent?.seq ?? 0, trailers: {} }
        return addFiles(history, writing, snapshot, text, parent)
      },
    })
  }

  /** Takes a snapshot, with the objects that the tip of the branch's files line lacks. */
  async #take(session: SessionId, branch: BranchName): Promise<{ snapshot: Snapshot; taken: TakenFiles }> {
    const { history, objects } = this.#checkpoints
    const tip = history.tip(filesRef(session, branch)) as CommitId | undefined
    const base = tip === undefined ? undefined : await history.info(tip)
    const before = await this.#stored.files(base)
    const taken = await this.#folder.look(before)
    const { tree, objects: trees } = await treeOf(objects, taken.files, base?.tree, before)
    this.#stored.remember(tree, taken.files)
    const snapshot = {
      tree,
      objects: [...taken.blobs.values(), ...trees],
      body: leftOutText(taken.leftOut),
      base: base?.id,
    }
    return { snapshot, taken }
  }

  async #steps(
    target: CommitInfo,
    taken: TakenFiles,
    { paths }: RestoreOptions,
  ): Promise<{ steps: Step[]; kept: RestorePlan['kept'] }> {
    const files = await this.#stored.files(target)
    const left = parseLeftOut(target.message.body).filter(({ why }) => why !== 'empty folder')
    const isLeft = (path: string) =>
      left.some((one) => one.path === path || (one.path.endsWith('/') && path.startsWith(one.path)))
    const read = async (path: string) => {
      const file = files.get(path)
      return file === undefined || file.mode === '120000'
        ? undefined
        : (await this.#stored.read(target, path)).toString('utf8')
    }
    const { ignoredIn, rulesAround } = await import('./ignore-files.ts')
    const isIgnored = ignoredIn(await rulesAround((await this.#folder.folder()).root), read)
    const isAsked = askedFor(paths)
    for (const path of paths ?? []) {
      const isOne = askedFor([path])
      if (![...files.keys(), ...taken.files.keys()].some(isOne))
        throw new NotFoundError({ kind: 'file', id: path })
    }
    return stepsTo(files, taken, isAsked, async (path) => isLeft(path) || isIgnored(path))
  }

  async #work(now: TakenFiles, running: RunningRestore | undefined) {
    return { ...(await this.#folder.folder()), objects: this.#checkpoints.objects, now, running }
  }

  /** Removes what restores of dead processes left in the workspace. */
  async #clean(): Promise<void> {
    await this.#restores.clean(await this.#folder.folder())
  }
}
