/**
 * Which restores of a workspace are running, and what killed ones left in it. While a restore runs, a lock in the store
 * has the number of its temporary file. So a file that a dead process left can be told from one of a running restore,
 * and from files of others.
 */
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { StorageError } from '../../errors.ts'
import type { Owner } from '../../git/disk/identity.ts'
import { isGone } from '../../git/disk/locks.ts'
import type { StoreFolder } from '../../git/disk/store-folder.ts'
import { temporaryName } from './disk.ts'
import { OpenFolders, type WorkspaceFolder } from './open-folders.ts'

export interface RunningRestore {
  /** Name of its temporary file, which is next to the file that is being written. */
  readonly temporary: string
  /** To be called if the temporary file could not be removed: `clean` removes it later. */
  leave(): void
  end(): void
}

/** Numbers of the running restores of this thread. */
const running = new Set<string>()

export class RunningRestores {
  readonly #store: StoreFolder

  constructor(store: StoreFolder) {
    this.#store = store
  }

  /** @param root absolute path of the workspace, with links resolved */
  async begin(root: string): Promise<RunningRestore> {
    const { locks } = this.#store
    const number = randomBytes(8).toString('hex')
    const file = this.#file(root, number)
    running.add(number)
    const isLocked = await this.#lock(file)
    let isClean = true
    return {
      temporary: temporaryName(number),
      leave() {
        isClean = false
      },
      end() {
        running.delete(number)
        if (isLocked && isClean) locks.release(file)
      },
    }
  }

  /** Removes the temporary files of this store's restores whose owners are dead, anywhere in the workspace. */
  async clean(workspace: WorkspaceFolder): Promise<void> {
    const { root } = workspace
    const dead = await this.#dead(root)
    if (dead.size === 0) return
    const left = await removeFiles(workspace, new Set([...dead.keys()].map(temporaryName)))
    for (const [number, owner] of dead)
      if (!left.has(temporaryName(number))) this.#store.locks.breakOpen(this.#file(root, number), owner)
  }

  /** Takes the lock durably. Returns `false` if the store cannot be written; then nobody will clean up. */
  async #lock(file: string): Promise<boolean> {
    const { fs, locks, paths } = this.#store
    try {
      await locks.prepareToken()
      const isTaken = locks.take(file)
      await fs.syncDir(paths.restores)
      return isTaken
    } catch (error) {
      if (error instanceof StorageError) return false
      throw error
    }
  }

  /** Numbers of the restores of this workspace that do not run any more, although they are locked. */
  async #dead(root: string): Promise<Map<string, Owner>> {
    const { fs, locks, paths } = this.#store
    const dead = new Map<string, Owner>()
    for (const name of fs.readDir(paths.restores)) {
      const [, workspace, number = ''] = /^([0-9a-f]{16})-([0-9a-f]{16})\.lock$/.exec(name) ?? []
      if (workspace !== keyOf(root)) continue
      const owner = locks.holder(this.#file(root, number))
      if (owner === undefined || owner === 'other' || running.has(number)) continue
      if (owner.id === locks.owner.id || isGone(await locks.liveness(owner))) dead.set(number, owner)
    }
    return dead
  }

  #file(root: string, number: string): string {
    return join(this.#store.paths.restores, `${keyOf(root)}-${number}`)
  }
}

/** Removes the files of these names. Returns the names of which a file could not be removed. */
async function removeFiles(workspace: WorkspaceFolder, names: ReadonlySet<string>): Promise<Set<string>> {
  const { disk } = workspace
  const left = new Set<string>()
  const folders = new OpenFolders(workspace)
  const waiting = ['']
  try {
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      // No restore has written into a folder that cannot be read, into another repository, or through a link.
      const opened = await folders.folder(at).catch(() => undefined)
      const entries = opened && (await disk.list(opened.path).catch(() => undefined))
      for (const { name, kind } of entries ?? []) {
        if (kind === 'folder') {
          if (name !== '.git') waiting.push(at === '' ? name : `${at}/${name}`)
        } else if (names.has(name)) await disk.remove(`${opened!.path}/${name}`).catch(() => left.add(name))
      }
      await folders.trim()
    }
  } finally {
    await folders.close()
  }
  return left
}

const keyOf = (root: string): string => createHash('sha1').update(root).digest('hex').slice(0, 16)
