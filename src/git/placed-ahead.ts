/**
 * Packs that are placed before a ref leads to them: what a server sent, and what a change makes that is too much to be held
 * in memory. They are durable, and a `.keep` protects them from `gc` until they are released.
 */
import type { NewObject } from './objects/object.ts'
import type { ReceivedPack } from './packs/received.ts'
import { buildPackAsync } from './packs/writer.ts'
import type { Repository } from './repository.ts'

/** Stores objects as a pack. Returns a function to call when refs lead to them, or will not. Throws StorageError. */
export async function placeAhead(repository: Repository, made: readonly NewObject[]): Promise<() => void> {
  const { fs, folder } = repository
  const { name, pack, index } = await buildPackAsync(made)
  const path = await folder.temporaries.writeAny(pack)
  try {
    await fs.syncFile(path)
    return await placePack(repository, path, { name, index })
  } finally {
    folder.temporaries.discard(path)
  }
}

/** Places a synced pack that is in a temporary file. Returns what `placeAhead` returns. Throws StorageError. */
export async function placePack(
  { placement, objects, fs, paths, folder }: Repository,
  path: string,
  { name, index }: Pick<ReceivedPack, 'name' | 'index'>,
): Promise<() => void> {
  const indexFile = await folder.temporaries.writeAny(index)
  try {
    await fs.syncFile(indexFile)
    const release = placement.hold(name)
    try {
      // The same pack was placed before.
      if (placement.has(name)) await placement.sync(name)
      else placement.reveal(name, path, indexFile)
      await fs.syncDir(paths.packs)
    } catch (error) {
      release()
      throw error
    }
    objects.addPack(name, index)
    return release
  } finally {
    folder.temporaries.discard(indexFile)
  }
}
