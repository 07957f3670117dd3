/** What lies in a checkpoint's tree and is not forkpoint's. */
import { isOurs, isPage, isRootFile, mayHoldOurs } from '../../codec/index.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { entryAt, entryCount } from '../../git/objects/tree.ts'
import type { ObjectId } from '../../ids.ts'

/** What is in a tree beside the document, in order; of a folder that is foreign as a whole its name with a `/`. */
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

/** More names than that tell nobody more. */
const MOST_FOREIGN = 1000
