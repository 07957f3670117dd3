/** Which checkpoint each rewritten one has become: lines of the hash of the old id, and the new id. */
import { createHash } from 'node:crypto'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { asBuffer } from '../../git/objects/object.ts'
import { findEntry } from '../../git/objects/tree.ts'
import { type CommitId, isObjectId, trustedCommit } from '../../ids.ts'

/** Name of the file in the tree of a rewrite. */
export const MAP = 'rewritten'

/** New ids by the hash of the old one. */
export type RewrittenIds = Map<string, CommitId>

export async function readRewritten(objects: ObjectStore, rewrite: CommitId): Promise<RewrittenIds> {
  const { tree } = await objects.readCommit(rewrite)
  const entry = findEntry(await objects.readTree(tree), MAP)
  const ids: RewrittenIds = new Map()
  if (entry === undefined) return ids
  const text = asBuffer((await objects.read(entry.id)).data).toString('latin1')
  for (const line of text.split('\n')) {
    const [hash = '', id = ''] = line.split(' ')
    if (hash.length === 64 && isObjectId(id)) ids.set(hash, trustedCommit(id))
  }
  return ids
}

/** Says nothing of the id to who does not have it. */
export const hashOf = (id: string): string => createHash('sha256').update(id).digest('hex')

/** Sorted, so that the same ids are the same bytes. */
export const writeRewritten = (ids: RewrittenIds): Buffer =>
  Buffer.from(
    [...ids]
      .map(([hash, id]) => `${hash} ${id}\n`)
      .sort()
      .join(''),
  )
