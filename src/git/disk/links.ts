/** Symbolic links in a repository, which lead whoever reads, writes or deletes there to somewhere else. */
import { join } from 'node:path'
import type { FileSystem } from './file-system.ts'
import type { Paths } from './paths.ts'

/**
 * What stands where a file or folder of the repository should be and is neither, as a clause such as `'…/refs' is a
 * symbolic link`; `undefined` when there is nothing of that kind. Looks at all that git would open or delete.
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
  // Loose objects are many; git opens them by name, and replaces none.
  for (const path of [objects, ...fs.readDir(objects).map((name) => join(objects, name))]) {
    const stranger = at(fs, path)
    if (stranger !== undefined) return stranger
  }
  return below(fs, packs) ?? below(fs, join(objects, 'info'))
}

/** `findStranger`, and in what is ours alone. */
export const findStrangerAnywhere = (fs: FileSystem, paths: Paths): string | undefined =>
  findStranger(fs, paths) ?? below(fs, paths.own, true)

function at(fs: FileSystem, path: string, sockets = false): string | undefined {
  const kind = fs.stat(path)?.kind
  if (kind === 'link') return `'${path}' is a symbolic link`
  return kind === 'other' || (kind === 'socket' && !sockets) ? `'${path}' is not a plain file` : undefined
}

/** `sockets`: whether there may be some; nobody is led anywhere by one. */
function below(fs: FileSystem, folder: string, sockets = false): string | undefined {
  const kind = fs.stat(folder)?.kind
  if (kind !== 'folder') return at(fs, folder, sockets)
  for (const name of fs.readDir(folder)) {
    const stranger = below(fs, join(folder, name), sockets)
    if (stranger !== undefined) return stranger
  }
  return undefined
}
