/** Opens the folders of a workspace, each through the one above it, so that no link on the path is followed. */
import type { FileStat, OpenedFolder, WorkspaceDisk } from './disk.ts'

/** Most folders that stay open between two files. */
const MOST_OPEN = 64

/** The folder of a workspace. */
export interface WorkspaceFolder {
  disk: WorkspaceDisk
  /** Absolute path; must not be a link. */
  root: string
  /** Returns whether a folder, such as the store, does not belong to the workspace. */
  isOther(folder: FileStat): boolean
}

export class OpenFolders {
  readonly #workspace: WorkspaceFolder
  readonly #open = new Map<string, Promise<OpenedFolder>>()

  constructor(workspace: WorkspaceFolder) {
    this.#workspace = workspace
  }

  /**
   * Returns a path to a file of the workspace that stays valid if folders above it are moved or replaced. Throws
   * ENOTDIR, also for a repository inside the workspace; ELOOP, ENOENT.
   */
  async reach(path: string): Promise<string> {
    const cut = path.lastIndexOf('/')
    const { path: folder } = await this.folder(cut === -1 ? '' : path.slice(0, cut))
    return `${folder}/${path.slice(cut + 1)}`
  }

  /** Opens a folder of the workspace; the empty path is the workspace itself. */
  async folder(path: string): Promise<OpenedFolder> {
    const known = this.#open.get(path)
    if (known !== undefined) return known
    const opening = this.#openOne(path)
    this.#open.set(path, opening)
    opening.catch(() => this.#open.delete(path))
    return opening
  }

  /** Closes folders if too many are open. Called between two files. */
  async trim(): Promise<void> {
    if (this.#open.size > MOST_OPEN) await this.close()
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()]
    this.#open.clear()
    for (const folder of all) await folder.then((opened) => opened.close()).catch(() => {})
  }

  async #openOne(path: string): Promise<OpenedFolder> {
    const { disk, root, isOther } = this.#workspace
    if (path === '') return disk.openFolder(root)
    const opened = await disk.openFolder(await this.reach(path))
    try {
      const [stat, dotGit] = await disk.statMany([`${opened.path}/.`, `${opened.path}/.git`])
      const isNone = typeof stat !== 'object' || isOther(stat)
      if (isNone || dotGit !== 'ENOENT') throw notOurs(path)
      return opened
    } catch (error) {
      await opened.close()
      throw error
    }
  }
}

const notOurs = (path: string): Error =>
  Object.assign(new Error(`'${path}' is a repository of its own`), { code: 'ENOTDIR' })
