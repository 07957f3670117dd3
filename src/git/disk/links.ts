/**
 * Finds symbolic links in a repository: a program that reads, writes or deletes through one would act somewhere else.
 */
import { join } from 'node:path'
import type { FileKind, FileSystem } from './file-system.ts'
import type { Paths } from './paths.ts'

/**
 * Finds something that is neither a file nor a folder in the places that git would open or delete. Returns a clause
 * such as `'…/refs' is a symbolic link`, or `undefined`.
 */
export function findStranger(fs: FileSystem, paths: Paths): string | undefined {
  const { root, objects, packs } = paths
  for (const name of ['HEAD', 'config', 'packed-refs', 'shallow', 'index']) {
    const stranger = at(fs, join(root, name))
    if (stranger !== undefined) return stranger
  }
  for (const folder of ['refs', 'logs', 'info', 'worktrees'].map((name) => join(root, name))) {
    const stranger = below(fs, folder)
    if (stranger !== undefined) return stranger
  }
  // Loose objects are not looked at: there are many, git opens them by name and never replaces one.
  for (const path of [objects, ...fs.readDir(objects).map((name) => join(objects, name))]) {
    const stranger = at(fs, path)
    if (stranger !== undefined) return stranger
  }
  return below(fs, packs) ?? below(fs, join(objects, 'info'))
}

/** As `findStranger`, but also in the folders that only we use. */
export const findStrangerAnywhere = (fs: FileSystem, paths: Paths): string | undefined =>
  findStranger(fs, paths) ?? below(fs, paths.own, true)

function at(fs: FileSystem, path: string, sockets = false): string | undefined {
  return strange(path, fs.stat(path)?.kind, sockets)
}

function strange(path: string, kind: FileKind | undefined, sockets: boolean): string | undefined {
  if (kind === 'link') return `'${path}' is a symbolic link`
  return kind === 'other' || (kind === 'socket' && !sockets) ? `'${path}' is not a plain file` : undefined
}

/** `sockets`: whether sockets are allowed; they lead nowhere else. */
function below(fs: FileSystem, folder: string, sockets = false): string | undefined {
  return fs.stat(folder)?.kind === 'folder' ? inside(fs, folder, sockets) : at(fs, folder, sockets)
}

function inside(fs: FileSystem, folder: string, sockets: boolean): string | undefined {
  for (const [name, kind] of fs.readKinds(folder)) {
    const path = join(folder, name)
    const stranger = kind === 'folder' ? inside(fs, path, sockets) : strange(path, kind, sockets)
    if (stranger !== undefined) return stranger
  }
  return undefined
}
