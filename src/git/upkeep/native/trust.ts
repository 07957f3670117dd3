/**
 * Whether git may be run on a repository at all. An explicit `--git-dir` skips git's own check of who owns it, and git
 * follows links that lead outside the store, where we do not, to read, write and delete.
 */
import { join } from 'node:path'
import { CorruptError, UnsupportedError } from '../../../errors.ts'
import { alternateFolders } from '../../database/alternates.ts'
import type { FileSystem } from '../../disk/file-system.ts'
import { findStranger } from '../../disk/links.ts'
import type { Paths } from '../../disk/paths.ts'
import { checkHarmless } from './harmless.ts'

/** The current user, from the operating system. */
export interface User {
  /** Effective user id; `undefined` where there is none (Windows). */
  uid: number | undefined
  /** The id of the user who called sudo, if that made us root. */
  sudoUid: number | undefined
}

/**
 * Throws UnsupportedError, which names the file and the reason, unless the repository belongs to the user, lies
 * completely in its folder, and has a configuration that makes git run nothing.
 */
export function checkTrusted(fs: FileSystem, paths: Paths, user: User = currentUser()): void {
  checkOwners(fs, paths, user)
  for (const name of ['commondir', 'gitdir', 'config.worktree']) {
    const file = join(paths.root, name)
    if (fs.stat(file) !== undefined) throw refused(`'${file}' makes it part of another repository`)
  }
  const grafts = join(paths.root, 'info/grafts')
  if (fs.stat(grafts) !== undefined) throw refused(`'${grafts}' changes how its history looks`)
  const stranger = findStranger(fs, paths)
  if (stranger !== undefined) throw refused(stranger)
  const outside = alternateFolders(fs, paths.objects).find((folder) => !folder.startsWith(`${paths.root}/`))
  if (outside !== undefined) throw refused(`it borrows objects from '${outside}'`)
  const file = join(paths.root, 'config')
  checkHarmless(readText(fs, file), file)
}

/** The user that this process runs as. */
function currentUser(): User {
  const sudo = process.env.SUDO_UID
  return {
    uid: process.geteuid?.(),
    sudoUid: sudo !== undefined && /^\d{1,10}$/.test(sudo) ? Number(sudo) : undefined,
  }
}

/**
 * As in git: files of the user; of root, who could do anything anyway; and, for root under sudo, of the user who called
 * it.
 */
function checkOwners(fs: FileSystem, { root, objects, packs }: Paths, { uid, sudoUid }: User): void {
  if (uid === undefined) return
  const files = [`${root}/.`, join(root, 'config'), join(root, 'HEAD'), objects, packs, join(root, 'refs')]
  for (const file of files) {
    const owner = fs.stat(file)?.uid
    if (owner === undefined || owner === uid || owner === 0 || (uid === 0 && owner === sudoUid)) continue
    throw refused(`'${file}' belongs to another user (${owner})`)
  }
}

function readText(fs: FileSystem, file: string): string {
  try {
    return fs.readFile(file)?.toString('utf8') ?? ''
  } catch (error) {
    if (error instanceof CorruptError) throw refused(error.message)
    throw error
  }
}

const refused = (why: string): UnsupportedError =>
  new UnsupportedError(
    'native git',
    `Git is not run on this store: ${why}. Take the store from a trusted copy.`,
  )
