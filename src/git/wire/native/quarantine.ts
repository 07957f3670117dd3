/** Where git puts what it fetches: beside the repository's own objects, until all of it is checked. */
import { join } from 'node:path'
import { removeFolder } from '../../disk/temporaries.ts'
import type { Repository } from '../../repository.ts'
import type { Fetched } from '../remote.ts'

export class Quarantine {
  readonly #repository: Repository
  readonly #folder: string

  constructor(repository: Repository) {
    this.#repository = repository
    this.#folder = repository.folder.temporaries.path()
    repository.fs.makeDir(join(this.#folder, 'pack'))
  }

  /** Makes git write its objects here, and read those of the repository as well; see git(1). */
  get environment(): Record<string, string> {
    return {
      GIT_OBJECT_DIRECTORY: this.#folder,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: this.#repository.paths.objects,
    }
  }

  /** Moves the packs that came, synced, to where the repository's own are. Throws StorageError. */
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
    return { release }
  }

  /** What is left here was not wanted. */
  remove(): void {
    try {
      removeFolder(this.#repository.fs, this.#folder)
    } catch {
      // What cannot be removed is in nobody's way.
    }
  }
}
