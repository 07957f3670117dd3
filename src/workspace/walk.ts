/** Lists all files of a folder that a snapshot includes, with their stats, and what it leaves out. */

import { isDotGit } from '../git/objects/tree-name.ts'
import { TimeSlice } from '../time-slice.ts'
import { errnoOf, type FileStat, type FolderEntry, isTemporary } from './disk/disk.ts'
import type { WorkspaceFolder } from './disk/open-folders.ts'
import { IgnoreRules } from './ignore-rules.ts'
import { holdsSecrets, type LeftOut, type LeftOutReason } from './left-out.ts'

export interface WalkRequest extends WorkspaceFolder {
  /** Rules from outside the workspace. */
  rules: IgnoreRules
  /** Names or paths of files that are likely to contain secrets, and are included nevertheless. */
  include: ReadonlySet<string>
  /** Called for each file; throws if there are too many. */
  count(path: string, stat: FileStat): void
}

export interface Walked {
  /** Files and links by path, relative to the workspace, with `/`. */
  files: Map<string, FileStat>
  leftOut: LeftOut[]
}

/** Files with ignore rules, in the order in which they are read: later ones take precedence. */
export const RULE_FILES: readonly string[] = ['.gitignore', '.forkpointignore']

/** Folders that are read at the same time. */
const AT_ONCE = 3
/** Files of one folder whose stats are read at once. */
const CHUNK = 128

/**
 * Walks a folder. Throws errors of the disk only for the workspace folder itself; what is inside may appear and
 * disappear.
 */
export async function walk(request: WalkRequest): Promise<Walked> {
  const walker = new Walker(request)
  await walker.run()
  return { files: walker.files, leftOut: walker.leftOut }
}

interface Folder {
  /** Empty, or with a slash at the end. */
  prefix: string
  rules: IgnoreRules
}

class Walker {
  readonly files = new Map<string, FileStat>()
  readonly leftOut: LeftOut[] = []
  readonly #request: WalkRequest
  readonly #waiting: Folder[] = []
  readonly #slice = new TimeSlice()

  constructor(request: WalkRequest) {
    this.#request = request
  }

  async run(): Promise<void> {
    this.#waiting.push({ prefix: '', rules: this.#request.rules })
    while (this.#waiting.length > 0)
      await Promise.all(this.#waiting.splice(-AT_ONCE).map((folder) => this.#folder(folder)))
  }

  async #folder({ prefix, rules: above }: Folder): Promise<void> {
    const entries = await this.#list(prefix)
    if (entries === undefined) return
    if (prefix !== '') {
      if (entries.some(({ name }) => name.toLowerCase() === '.git')) return this.#leave(prefix, 'repository')
      if (entries.length === 0) return this.#leave(prefix, 'empty folder')
    }
    const rules = await this.#rules(prefix, above, entries)
    const wanted: string[] = []
    const folders: string[] = []
    for (const { name, kind } of entries) {
      if (this.#slice.isOver()) await this.#slice.next()
      const path = prefix + name
      if (name === '.git' || isTemporary(name)) continue
      if (rules.ignores(path, kind === 'folder')) continue
      if (isDotGit(name)) this.#leave(path, 'name')
      else if (kind === 'folder') folders.push(path)
      else if (kind === 'other') this.#leave(path, 'special file')
      else if (holdsSecrets(name) && !this.#isNamed(path, name)) this.#leave(path, 'secret')
      else wanted.push(path)
    }
    await this.#stats(folders, (path, stat) => this.#enter(path, stat, rules))
    await this.#stats(wanted, (path, stat) => this.#found(path, stat))
  }

  async #stats(
    paths: readonly string[],
    each: (path: string, stat: FileStat | string) => void,
  ): Promise<void> {
    const { disk, root } = this.#request
    for (let at = 0; at < paths.length; at += CHUNK) {
      const chunk = paths.slice(at, at + CHUNK)
      const stats = await disk.statMany(chunk.map((path) => `${root}/${path}`))
      for (const [n, stat] of stats.entries()) each(chunk[n]!, stat)
      if (this.#slice.isOver()) await this.#slice.next()
    }
  }

  #found(path: string, stat: FileStat | string): void {
    if (typeof stat === 'string') this.#refused(path, stat)
    else if (stat.kind === 'other') this.#leave(path, 'special file')
    else if (stat.kind !== 'folder') {
      this.#request.count(path, stat)
      this.files.set(path, stat)
    }
  }

  async #list(prefix: string): Promise<FolderEntry[] | undefined> {
    const { disk, root } = this.#request
    try {
      return await disk.list(`${root}/${prefix}`)
    } catch (error) {
      if (prefix === '') throw error
      this.#refused(prefix, errnoOf(error))
      return undefined
    }
  }

  #enter(path: string, stat: FileStat | string, rules: IgnoreRules): void {
    if (typeof stat === 'string') this.#refused(`${path}/`, stat)
    // Otherwise the folder was replaced by a link in the meantime.
    else if (stat.kind === 'folder' && !this.#request.isOther(stat))
      this.#waiting.push({ prefix: `${path}/`, rules })
  }

  async #rules(prefix: string, above: IgnoreRules, entries: readonly FolderEntry[]): Promise<IgnoreRules> {
    const { disk, root } = this.#request
    const texts: string[] = []
    for (const file of RULE_FILES) {
      if (!entries.some(({ name, kind }) => name === file && kind === 'file')) continue
      const read = await disk.read(`${root}/${prefix}${file}`).catch(() => undefined)
      if (read !== undefined) texts.push(read.data.toString('utf8'))
    }
    const text = texts.join('\n')
    await IgnoreRules.prepare(text, prefix === '' ? '.' : prefix.slice(0, -1), this.#slice)
    return prefix === '' ? above.with(text) : above.below(prefix.slice(0, -1), text)
  }

  #isNamed(path: string, name: string): boolean {
    const { include } = this.#request
    return include.has(path) || include.has(name)
  }

  #refused(path: string, errno: string): void {
    // Node replaces bytes that are not UTF-8 by this character, and then does not find the file.
    if (path.includes('\ufffd')) this.#leave(path, 'name')
    else if (errno !== 'ENOENT' && errno !== 'ENOTDIR') this.#leave(path, 'unreadable')
  }

  #leave(path: string, why: LeftOutReason): void {
    this.leftOut.push({ path, why })
  }
}
