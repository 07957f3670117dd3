/**
 * Which checkpoint each rewritten one has become: lines of the hash of the old id, and the new id. `docs/format.md`,
 * "Rewrites".
 */
import { createHash } from 'node:crypto'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { asBuffer } from '../../git/objects/object.ts'
import { findEntry } from '../../git/objects/tree.ts'
import { type CommitId, isObjectId, trustedCommit } from '../../ids.ts'

/** Name of the file in the tree of a rewrite. */
export const MAP = 'rewritten'

export interface RewrittenIds {
  /** New ids by the hash of the old one. */
  ids: Map<string, CommitId>
  /**
   * Hashes of those that two machines have rewritten in two ways. The new one is that of the other machine, so what was taken out
   * here may be in it: nothing moves there before it is rewritten as well.
   */
  pending: Set<string>
}

export async function readRewritten(objects: ObjectStore, rewrite: CommitId): Promise<RewrittenIds> {
  const { tree } = await objects.readCommit(rewrite)
  const entry = findEntry(await objects.readTree(tree), MAP)
  const found: RewrittenIds = { ids: new Map(), pending: new Set() }
  if (entry === undefined) return found
  const text = asBuffer((await objects.read(entry.id)).data).toString('latin1')
  for (const line of text.split('\n')) {
    const [hash = '', id = '', mark] = line.split(' ')
    if (!/^[0-9a-f]{64}$/.test(hash) || !isObjectId(id)) continue
    found.ids.set(hash, trustedCommit(id))
    if (mark === PENDING) found.pending.add(hash)
  }
  return found
}

/** Says nothing of the id to who does not have it. */
export const hashOf = (id: string): string => createHash('sha256').update(id).digest('hex')

/** Sorted, so that the same ids are the same bytes. */
export const writeRewritten = ({ ids, pending }: RewrittenIds): Buffer =>
  Buffer.from(
    [...ids]
      .map(([hash, id]) => `${hash} ${id}${pending.has(hash) ? ` ${PENDING}` : ''}\n`)
      .sort()
      .join(''),
  )

const PENDING = 'pending'
