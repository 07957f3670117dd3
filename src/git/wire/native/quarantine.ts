/**
 * A folder for what git fetches and for its shallow file, separate from the repository's until everything is checked.
 */
import { join } from 'node:path'
import type { ObjectId } from '../../../ids.ts'
import { readShallow } from '../../database/shallow.ts'
import { removeFolder } from '../../disk/temporaries.ts'
import type { Repository } from '../../repository.ts'
import { shallowCommits } from '../../upkeep/roots.ts'
import { cutHistory } from '../../upkeep/shallow-history.ts'
import type { Fetched } from '../remote.ts'

export class Quarantine {
  readonly #repository: Repository
  readonly #folder: string
  /** The repository that git uses instead, and the commits where history was cut off before. */
  #shallow: { root: string; before: ReadonlySet<ObjectId> } | undefined

  constructor(repository: Repository) {
    this.#repository = repository
    this.#folder = repository.folder.temporaries.path()
    repository.fs.makeDir(join(this.#folder, 'pack'))
  }

  /** Environment that makes git write objects to this folder, and read those of the repository as well; see git(1). */
  get environment(): Record<string, string> {
    return {
      GIT_OBJECT_DIRECTORY: this.#folder,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: this.#repository.paths.objects,
    }
  }

  /**
   * Makes git use this folder as its repository, with the same shallow file: what git writes to that file stays here
   * until the objects are placed. Returns the arguments for git.
   */
  beShallow(): readonly string[] {
    const { fs, folder, paths } = this.#repository
    const root = join(this.#folder, 'repository')
    for (const name of ['objects', 'refs']) fs.makeDir(join(root, name))
    const files = {
      HEAD: 'ref: refs/heads/main\n',
      config: '[core]\n\trepositoryformatversion = 0\n\tbare = true\n',
    }
    for (const [name, text] of Object.entries(files)) fs.writeFile(join(root, name), Buffer.from(text))
    const shallow = fs.readFile(join(paths.root, 'shallow'))
    if (shallow !== undefined) fs.writeFile(join(root, 'shallow'), shallow)
    this.#shallow = { root, before: shallowCommits(folder) }
    return [`--git-dir=${root}`]
  }

  /** Moves the fetched packs, synced, to the packs of the repository. Throws StorageError. */
  async place(): Promise<Fetched> {
    const { fs, paths, placement, objects } = this.#repository
    const packs = join(this.#folder, 'pack')
    const names = fs.readDir(packs).flatMap((file) => /^pack-([0-9a-f]{40})\.idx$/.exec(file)?.[1] ?? [])
    const holds: (() => void)[] = []
    const release = (): void => {
      for (const free of holds.splice(0)) free()
    }
    try {
      for (const name of names) {
        const [data, index] = ['pack', 'idx'].map((ending) => join(packs, `pack-${name}.${ending}`)) as [
          string,
          string,
        ]
        for (const file of [data, index]) await fs.syncFile(file)
        holds.push(placement.hold(name))
        if (placement.has(name)) await placement.sync(name)
        else placement.reveal(name, data, index)
      }
      if (holds.length > 0) await fs.syncDir(paths.packs)
    } catch (error) {
      release()
      throw error
    }
    objects.refresh()
    try {
      await this.#cutOff()
    } catch (error) {
      release()
      throw error
    }
    return { release }
  }

  /** Takes over git's changes of the shallow file. */
  async #cutOff(): Promise<void> {
    if (this.#shallow === undefined) return
    const { root, before } = this.#shallow
    const after = readShallow(this.#repository.fs, join(root, 'shallow'))
    const gone = [...before].filter((id) => !after.has(id))
    await cutHistory(this.#repository, [...after], gone)
  }

  /** Removes the folder, with everything that was not placed. */
  remove(): void {
    try {
      removeFolder(this.#repository.fs, this.#folder)
    } catch {
      // What cannot be removed does no harm.
    }
  }
}
