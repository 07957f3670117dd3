/** The store's own key: 32 random bytes in a file that only its user can read. It is never sent or cloned. */

import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { CorruptError } from '../../errors.ts'
import type { FileSystem } from './file-system.ts'

const LENGTH = 32

/** The key in the file, if there is one. Throws CorruptError, StorageError. */
export function readStoreKey(fs: FileSystem, path: string): Buffer | undefined {
  const key = fs.readFile(path)
  if (key === undefined || key.length === LENGTH) return key
  throw new CorruptError(`The key '${path}' is damaged. Remove it: the next save makes another one.`, {
    file: path,
  })
}

/**
 * The key; it is made if there is none. All processes get the same key. Throws CorruptError, StorageError.
 *
 * @param temporary path of a file that does not exist; the caller removes it afterwards in any case
 */
export async function storeKey(fs: FileSystem, path: string, temporary: string): Promise<Buffer> {
  const stored = readStoreKey(fs, path)
  if (stored !== undefined) return stored
  fs.writeFile(temporary, randomBytes(LENGTH), { exclusive: true, mode: 0o600 })
  await fs.syncFile(temporary)
  // A process that comes later reads the existing key.
  if (fs.link(temporary, path) === 'unsupported') fs.rename(temporary, path)
  await fs.syncDir(dirname(path))
  return readStoreKey(fs, path)!
}
