/** Finds the files of a folder and its subfolders, each once. Follows symbolic links. */
import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageError } from '../../errors.ts'
import type { Located } from '../importer.ts'

/**
 * Returns the files whose names end with `extension`, ordered by path, those behind links last. A folder that cannot be
 * listed and a broken link are returned with their error. Returns none if the folder does not exist.
 *
 * @param deep whether to search subfolders
 */
export async function filesBelow(folder: string, extension: string, deep = true): Promise<Located[]> {
  const walk = new Walk(extension, deep)
  await walk.folder(folder)
  return walk.found
}

class Walk {
  readonly found: Located[] = []
  readonly #extension: string
  readonly #deep: boolean
  /** Real paths of the files and folders found so far. */
  readonly #seen = new Set<string>()
  /** Links, which are followed last, so that a file is found by its own path first. */
  readonly #links: string[] = []

  constructor(extension: string, deep: boolean) {
    this.#extension = extension
    this.#deep = deep
  }

  async folder(path: string): Promise<void> {
    await this.#enter(path)
    for (let link = this.#links.shift(); link !== undefined; link = this.#links.shift())
      await this.#follow(link)
  }

  async #enter(path: string): Promise<void> {
    let real: string
    let entries: Dirent[]
    try {
      real = await realpath(path)
      if (this.#isSeen(real)) return
      entries = await readdir(path, { withFileTypes: true })
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#problem(path, 'cannot be listed', cause)
      return
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = join(path, entry.name)
      if (entry.isSymbolicLink()) this.#links.push(inner)
      else if (entry.isDirectory() && this.#deep) await this.#enter(inner)
      else if (entry.isFile()) this.#file(inner, join(real, entry.name))
    }
  }

  async #follow(link: string): Promise<void> {
    try {
      const found = await stat(link)
      if (found.isDirectory() && this.#deep) await this.#enter(link)
      else if (found.isFile()) this.#file(link, await realpath(link))
    } catch (cause) {
      if (link.endsWith(this.#extension)) this.#problem(link, 'is a link that cannot be followed', cause)
    }
  }

  #file(path: string, real: string): void {
    if (path.endsWith(this.#extension) && !this.#isSeen(real)) this.found.push({ path })
  }

  #isSeen(real: string): boolean {
    if (this.#seen.has(real)) return true
    this.#seen.add(real)
    return false
  }

  #problem(path: string, what: string, cause: unknown): void {
    const { code, message } = cause as NodeJS.ErrnoException
    const data = code === undefined ? { file: path } : { file: path, errno: code }
    this.found.push({ path, error: new StorageError(`'${path}' ${what}: ${message}`, data, { cause }) })
  }
}
