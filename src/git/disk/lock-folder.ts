/**
 * A lock on a disk without hard links, where a new file has its name before its content. The lock is a folder with one
 * file, named after the owner. It is filled elsewhere and then renamed into place; the system refuses the rename while
 * a file or a non-empty folder is there. So the lock always has an owner; to git it is a lock like any other.
 */
import { dirname, join } from 'node:path'
import { StorageError } from '../../errors.ts'
import type { FileSystem } from './file-system.ts'
import { type Owner, ownerText, parseOwner } from './identity.ts'

/** Fills `temporary` and renames it to `lock`. `missing`: one of the folders above them. Throws StorageError. */
export function placeFolder(
  fs: FileSystem,
  temporary: string,
  lock: string,
  owner: Owner,
): 'done' | 'exists' | 'missing' {
  // A power loss may leave a lock without an owner.
  if (fs.stat(lock) !== undefined && !fs.removeDir(lock)) return 'exists'
  try {
    fs.makeDir(temporary)
    fs.writeFile(join(temporary, owner.id), Buffer.from(ownerText(owner)))
    if (fs.rename(temporary, lock)) return 'done'
    emptyFolder(fs, temporary)
    return 'missing'
  } catch (error) {
    emptyFolder(fs, temporary)
    if (error instanceof StorageError && fs.stat(lock) !== undefined) return 'exists'
    throw error
  }
}

/** Removes the lock in one step: a rename to `temporary`. What is left there is not a lock. Throws StorageError. */
export function removeFolder(fs: FileSystem, temporary: string, lock: string): void {
  fs.makeDir(dirname(temporary))
  if (fs.rename(lock, temporary)) emptyFolder(fs, temporary)
}

/**
 * The owner; `undefined` for a folder without one.
 *
 * @param named the owner of an id, by its token: a power loss may have taken the content of the file.
 */
export function ownerOfFolder(
  fs: FileSystem,
  lock: string,
  named: (id: string) => Owner | undefined,
): Owner | 'other' | undefined {
  const kind = fs.stat(lock)?.kind
  if (kind !== 'folder') return kind && 'other'
  const [id, ...more] = fs.readDir(lock)
  if (id === undefined) return undefined
  if (more.length > 0 || !/^[0-9a-f]{16}$/.test(id)) return 'other'
  return parseOwner(fs.readFile(join(lock, id))?.toString('utf8') ?? '') ?? named(id) ?? 'other'
}

/** Removes a folder with files in it. Throws StorageError. */
export function emptyFolder(fs: FileSystem, folder: string): void {
  for (const name of fs.readDir(folder)) fs.unlink(join(folder, name))
  fs.removeDir(folder)
}
