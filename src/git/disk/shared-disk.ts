/**
 * The disk of a repository that several users share: new files get the permissions that git gives them, whatever the
 * umask. Source: `core.sharedRepository` in git-config(1), adjust_shared_perm in path.c.
 */
import { dirname } from 'node:path'
import { UnsupportedError } from '../../errors.ts'
import { configValue } from '../config/config.ts'
import type { Config } from '../config/parser.ts'
import type { Beacon, Signal } from './beacon.ts'
import { type FileStat, type FileSystem, type OpenFile, onSameDisk } from './file-system.ts'

/** Permissions that files get in addition to those that the umask leaves, or instead of them. */
export interface Sharing {
  bits: number
  instead: boolean
}

/** `undefined` when the repository is not shared. Throws UnsupportedError for a setting that git refuses. */
export function sharingOf(config: Config): Sharing | undefined {
  const text = config.has('core.sharedrepository')
    ? (configValue(config, 'core.sharedrepository') ?? '').toLowerCase()
    : 'false'
  if (/^(?:umask|false|no|off|0|)$/.test(text)) return undefined
  if (/^(?:group|true|yes|on|1)$/.test(text)) return { bits: 0o660, instead: false }
  if (/^(?:all|world|everybody|2)$/.test(text)) return { bits: 0o664, instead: false }
  const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) & 0o666 : 0
  if ((mode & 0o600) === 0o600) return { bits: mode, instead: true }
  throw new UnsupportedError(
    'core.sharedRepository',
    `The repository's config says core.sharedRepository = ${text}, which git does not know. 'group', 'all' and modes such as 0660 are known.`,
  )
}

/** The permissions of a file or folder, shared. */
export function sharedMode({ bits, instead }: Sharing, mode: number, isFolder: boolean): number {
  const readable = mode & 0o200 ? bits : bits & ~0o222
  const wanted = mode & 0o100 || isFolder ? readable | ((readable & 0o444) >> 2) : readable
  const shared = instead ? (mode & ~0o777) | wanted : mode | wanted
  // New files inside belong to the folder's group.
  return isFolder ? shared | 0o2000 : shared
}

/** A disk that shares new files once `sharing` is set. */
export class SharedDisk implements FileSystem {
  sharing: Sharing | undefined
  readonly #fs: FileSystem

  constructor(fs: FileSystem) {
    this.#fs = fs
    onSameDisk(this, fs)
  }

  makeDir(path: string, within?: string): string | undefined {
    const topmost = this.#fs.makeDir(path, within)
    if (topmost !== undefined && this.sharing !== undefined)
      for (let at = path; at.length >= topmost.length; at = dirname(at)) this.#share(at)
    return topmost
  }

  writeFile(path: string, data: Uint8Array, options?: { exclusive?: boolean; mode?: number }): boolean {
    const written = this.#fs.writeFile(path, data, options)
    if (written) this.#share(path)
    return written
  }

  open(path: string, mode: 'r' | 'r+' | 'wx+'): OpenFile | undefined {
    const file = this.#fs.open(path, mode)
    if (file !== undefined && mode === 'wx+') this.#share(path)
    return file
  }

  lengthen(path: string): number | undefined {
    const length = this.#fs.lengthen(path)
    if (length === 1) this.#share(path)
    return length
  }

  adjustMode(path: string, adjust: (mode: number, isFolder: boolean) => number): void {
    this.#fs.adjustMode(path, adjust)
  }

  readFile(path: string): Buffer | undefined {
    return this.#fs.readFile(path)
  }

  readDir(path: string): string[] {
    return this.#fs.readDir(path)
  }

  stat(path: string): FileStat | undefined {
    return this.#fs.stat(path)
  }

  link(from: string, to: string): 'done' | 'exists' | 'missing' | 'unsupported' {
    return this.#fs.link(from, to)
  }

  rename(from: string, to: string): boolean {
    return this.#fs.rename(from, to)
  }

  unlink(path: string): boolean {
    return this.#fs.unlink(path)
  }

  removeDir(path: string): boolean {
    return this.#fs.removeDir(path)
  }

  syncFile(path: string): Promise<void> {
    return this.#fs.syncFile(path)
  }

  syncDir(path: string): Promise<void> {
    return this.#fs.syncDir(path)
  }

  localDisk(path: string): string | undefined {
    return this.#fs.localDisk(path)
  }

  async listen(path: string): Promise<Beacon | undefined> {
    return this.#fs.listen(path)
  }

  async reach(path: string): Promise<Signal> {
    return this.#fs.reach(path)
  }

  #share(path: string): void {
    const { sharing } = this
    if (sharing !== undefined)
      this.#fs.adjustMode(path, (mode, isFolder) => sharedMode(sharing, mode, isFolder))
  }
}
