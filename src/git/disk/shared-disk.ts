/**
 * The disk of a repository that several users share: new files get the permissions that git gives them, whatever the
 * umask. Source: `core.sharedRepository` in git-config(1), adjust_shared_perm in path.c.
 */
import { dirname } from 'node:path'
import { UnsupportedError } from '../../errors.ts'
import { configValue } from '../config/config.ts'
import type { Config } from '../config/parser.ts'
import { diskOver, type FileSystem } from './file-system.ts'

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

/** A disk that gives new files these permissions; `sharing` is called each time. */
export function sharedDisk(fs: FileSystem, sharing: () => Sharing | undefined): FileSystem {
  const share = (path: string): void => {
    const how = sharing()
    if (how !== undefined) fs.adjustMode(path, (mode, isFolder) => sharedMode(how, mode, isFolder))
  }
  return diskOver(fs, {
    makeDir(path, within) {
      const topmost = fs.makeDir(path, within)
      if (topmost !== undefined && sharing() !== undefined)
        for (let at = path; at.length >= topmost.length; at = dirname(at)) share(at)
      return topmost
    },
    writeFile(path, data, options) {
      const written = fs.writeFile(path, data, options)
      if (written) share(path)
      return written
    },
    open(path, mode) {
      const file = fs.open(path, mode)
      if (file !== undefined && mode === 'wx+') share(path)
      return file
    },
    lengthen(path) {
      const length = fs.lengthen(path)
      if (length === 1) share(path)
      return length
    },
  })
}
