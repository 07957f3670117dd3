/** Finds stored snapshots by a revision, lists them and reads their files. */
import type { Checkpoints } from '../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../checkpoints/commits/history.ts'
import { filesOf, storedFiles } from '../checkpoints/files-line.ts'
import { NotFoundError } from '../errors.ts'
import { asBuffer, expectType } from '../git/objects/object.ts'
import { type CommitId, isFilesLine, isObjectId, type SessionId } from '../ids.ts'
import { type FileTree, filesChanged, NO_FILES, readFileTree } from './file-tree.ts'

/** A snapshot of a workspace's files. */
export interface StoredSnapshot {
  /** Id of its commit, on the line `_workspace.<branch>`. */
  id: string
  /** The checkpoint that names it; `undefined` if the revision named the snapshot itself. */
  checkpoint: string | undefined
}

/** How a turn changed the files. */
export interface FileChanges {
  /** The snapshot before; `undefined` for the first one. */
  from: string | undefined
  to: string
  added: string[]
  changed: string[]
  deleted: string[]
}

export interface StoredFile {
  path: string
  kind: 'file' | 'executable' | 'link'
  /** Id of the git blob. */
  blob: string
}

export interface FoundSnapshot {
  commit: CommitInfo
  checkpoint: CommitId | undefined
}

export class StoredFiles {
  readonly #checkpoints: Checkpoints
  /** The last tree that was read. */
  #last: { tree: string; files: FileTree } | undefined

  constructor(checkpoints: Checkpoints) {
    this.#checkpoints = checkpoints
  }

  /**
   * Returns the snapshot that a checkpoint names, or the snapshot whose id or prefix of an id is given.
   *
   * @throws NotFoundError, of kind `snapshot` for a checkpoint without a snapshot, or if this store lacks its files
   * line
   */
  async find(session: SessionId, revision: string): Promise<FoundSnapshot> {
    const { history } = this.#checkpoints
    if (!(await this.#checkpoints.openFinished())) throw new NotFoundError({ kind: 'session', id: session })
    let checkpoint: CommitId
    try {
      checkpoint = await history.resolve(session, revision)
    } catch (error) {
      const named = error instanceof NotFoundError ? await this.#named(session, revision) : undefined
      if (named === undefined) throw error
      return { commit: named, checkpoint: undefined }
    }
    const named = filesOf(await history.info(checkpoint))
    const commit = await storedFiles(history, named)
    if (commit !== undefined) return { commit, checkpoint }
    const why =
      named === undefined
        ? `Checkpoint ${checkpoint.slice(0, 10)}… of session '${session}' has no snapshot of its files.`
        : `The files of checkpoint ${checkpoint.slice(0, 10)}… are not in this store: fetch the line '_workspace.…' of session '${session}' from where they are.`
    throw new NotFoundError({ kind: 'snapshot', id: revision, session }, why)
  }

  /** Returns the files of a snapshot, by path. */
  async files(commit: Pick<CommitInfo, 'tree'> | undefined): Promise<FileTree> {
    if (commit === undefined) return NO_FILES
    if (this.#last?.tree === commit.tree) return this.#last.files
    const files = await readFileTree(this.#checkpoints.objects, commit.tree)
    this.remember(commit.tree, files)
    return files
  }

  /** Keeps the files of a new tree in memory. */
  remember(tree: string, files: FileTree): void {
    this.#last = { tree, files }
  }

  /**
   * Compares a snapshot with the one before it on the line: that of the turn before, or of later changes by the user.
   */
  async changes({ commit, checkpoint }: FoundSnapshot): Promise<FileChanges> {
    const { history } = this.#checkpoints
    const found: FileChanges = { from: commit.id, to: commit.id, added: [], changed: [], deleted: [] }
    const turn = checkpoint && (await history.turnParent(checkpoint))
    if (turn !== undefined && filesOf(await history.info(turn)) === commit.id) return found
    const below = await storedFiles(history, commit.parents[0])
    const [before, after] = [await this.files(below), await this.files(commit)]
    for (const [path, { was, is }] of await filesChanged(before, after))
      found[was === undefined ? 'added' : is === undefined ? 'deleted' : 'changed'].push(path)
    for (const paths of [found.added, found.changed, found.deleted]) paths.sort()
    return { ...found, from: below?.id }
  }

  /** Returns the content of a file; for a link, its target. Throws NotFoundError. */
  async read(commit: Pick<CommitInfo, 'tree'>, path: string): Promise<Buffer> {
    const file = (await this.files(commit)).get(path)
    if (file === undefined) throw new NotFoundError({ kind: 'file', id: path })
    return asBuffer(expectType(await this.#checkpoints.objects.read(file.id), 'blob', file.id))
  }

  async #named(session: SessionId, revision: string): Promise<CommitInfo | undefined> {
    const { history, objects } = this.#checkpoints
    const digits = revision.toLowerCase()
    if (!/^[0-9a-f]{4,40}$/.test(digits)) return undefined
    const found = isObjectId(digits) ? [digits] : objects.expand(digits, 1000)
    const tips = [...history.lines(session)].flatMap(([name, tip]) => (isFilesLine(name) ? [tip] : []))
    const held = await history.reachable(tips)
    const own = found.filter((id) => held.has(id as CommitId))
    return own.length === 1 ? history.info(own[0] as CommitId) : undefined
  }
}
