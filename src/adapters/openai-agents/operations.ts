/** The transactions that were applied to a session. Each folder of a hundred is read once; only the last one grows. */

import { blobsBelow, folderAt, readBlobs } from '../../checkpoints/trees/files.ts'
import { itemFolders } from '../../checkpoints/trees/item-folders.ts'
import type { ObjectStore } from '../../checkpoints/trees/objects.ts'
import { decodeItem } from '../../codec/index.ts'
import type { ObjectId } from '../../ids.ts'
import { OPERATIONS } from './session-tree.ts'

/** A stored operation. */
export interface Operation {
  /** The framework's id of the operation. */
  operation: string
  /** Fingerprint of the transaction. */
  transaction: string
}

type Known = ReadonlyMap<string, string>

export class Operations {
  /** Fingerprints by operation id, for each folder's tree. */
  #folders = new Map<string, Known>()
  /** Operations by blob, because only one file of the last folder is new. */
  readonly #files = new Map<string, Operation>()

  /** Returns the fingerprint of an operation id in this tree; `undefined` if the id is new. */
  async find(objects: ObjectStore, tree: ObjectId | undefined, id: string): Promise<string | undefined> {
    const folders = tree === undefined ? undefined : await folderAt(objects, tree, OPERATIONS)
    const known = new Map<string, Known>()
    for (const { name, id: folder } of folders === undefined ? [] : itemFolders(folders)) {
      known.set(folder, this.#folders.get(folder) ?? (await this.#read(objects, tree!, name)))
    }
    this.#folders = known
    for (const folder of known.values()) {
      const found = folder.get(id)
      if (found !== undefined) return found
    }
    return undefined
  }

  async #read(objects: ObjectStore, tree: ObjectId, folder: string): Promise<Known> {
    const blobs = await blobsBelow(objects, tree, { at: `${OPERATIONS}/${folder}` })
    const unread = new Map([...blobs].filter(([, blob]) => !this.#files.has(blob)))
    for (const [path, bytes] of await readBlobs(objects, unread)) {
      this.#files.set(unread.get(path)!, decodeItem(new Map([[path, bytes]])) as Operation)
    }
    const operations = [...new Set(blobs.values())].map((blob) => this.#files.get(blob)!)
    return new Map(operations.map(({ operation, transaction }) => [operation, transaction]))
  }
}

export const USED_ID = 'Session history operation was already applied with a different transaction.'
