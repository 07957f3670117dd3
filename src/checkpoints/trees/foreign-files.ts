/** Finds foreign files in a checkpoint's tree. */
import { isOurs, isPage, isRootFile, mayHoldOurs } from '../../codec/index.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { entryAt, entryCount } from '../../git/objects/tree.ts'
import type { ObjectId } from '../../ids.ts'

/**
 * Returns the paths of foreign files in a tree, in order; for a folder that is foreign as a whole, its path with a `/`
 * at the end.
 */
export async function foreignFiles(objects: ObjectStore, root: ObjectId): Promise<string[]> {
  const found: string[] = []
  const walk = async (id: ObjectId, prefix: string): Promise<void> => {
    const tree = await objects.readTree(id)
    for (let n = 0; n < entryCount(tree); n++) {
      const entry = entryAt(tree, n)
      const path = prefix + entry.name
      if (entry.mode !== '40000') {
        if (entry.mode !== '100644' || !(isOurs(path) || isRootFile(path) || isPage(path))) found.push(path)
      } else if (mayHoldOurs(path)) await walk(entry.id, `${path}/`)
      else found.push(`${path}/`)
      if (found.length >= MOST_FOREIGN) return
    }
  }
  await walk(root, '')
  return found
}

/** Most paths that are returned. */
const MOST_FOREIGN = 1000
