/** The store's own key, `forkpoint/key`: 32 random bytes for its owner alone. Nobody sends or clones it. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { CorruptError } from '../../errors.ts'
import type { StoreFolder } from './store-folder.ts'

const LENGTH = 32

/** The key, if there is one. Throws CorruptError, StorageError. */
export function readStoreKey({ fs, paths }: Pick<StoreFolder, 'fs' | 'paths'>): Buffer | undefined {
  const path = join(paths.own, 'key')
  const key = fs.readFile(path)
  if (key === undefined || key.length === LENGTH) return key
  throw new CorruptError(`The key '${path}' is damaged. Remove it: the next save makes another one.`, {
    file: path,
  })
}

/** The key, made if there is none. All processes get the same one. Throws CorruptError, StorageError. */
export async function storeKey(folder: StoreFolder): Promise<Buffer> {
  const { fs, paths, temporaries } = folder
  const stored = readStoreKey(folder)
  if (stored !== undefined) return stored
  const path = join(paths.own, 'key')
  const temporary = temporaries.path()
  try {
    fs.writeFile(temporary, randomBytes(LENGTH), { exclusive: true, mode: 0o600 })
    await fs.syncFile(temporary)
    // Whoever is later takes the one that is there.
    if (fs.link(temporary, path) === 'unsupported') fs.rename(temporary, path)
  } finally {
    temporaries.discard(temporary)
  }
  await fs.syncDir(paths.own)
  return readStoreKey(folder)!
}
