/**
 * The map of rewritten checkpoints: each line has the hash of an old id, and the new id. `docs/format.md`, "Rewrites".
 */
import { createHash } from 'node:crypto'
import type { ObjectStore } from '../../git/database/object-store.ts'
import { asBuffer } from '../../git/objects/object.ts'
import { findEntry } from '../../git/objects/tree.ts'
import { type CommitId, isObjectId, trustedCommit } from '../../ids.ts'

/** Name of the file in the tree of a rewrite. */
export const MAP = 'rewritten'

export interface RewrittenIds {
  /** New ids by the hash of the old id. */
  ids: Map<string, CommitId>
  /**
   * Hashes of checkpoints that two machines rewrote differently. The new id is the other machine's, so it may still
   * contain what was removed here: no ref moves there before it has been rewritten, too.
   */
  pending: Set<string>
  /**
   * Second replacements, by the hash of the old id: copies of checkpoints whose first replacement was not to be had.
   * Nothing more was taken out of them, so the first one, which another machine may still have, stays valid.
   */
  again: Map<string, CommitId>
}

export async function readRewritten(objects: ObjectStore, rewrite: CommitId): Promise<RewrittenIds> {
  const { tree } = await objects.readCommit(rewrite)
  const entry = findEntry(await objects.readTree(tree), MAP)
  const found: RewrittenIds = { ids: new Map(), pending: new Set(), again: new Map() }
  if (entry === undefined) return found
  const text = asBuffer((await objects.read(entry.id)).data).toString('latin1')
  for (const line of text.split('\n')) {
    const [hash = '', id = '', mark] = line.split(' ')
    if (!/^[0-9a-f]{64}$/.test(hash) || !isObjectId(id)) continue
    if (mark === AGAIN) found.again.set(hash, trustedCommit(id))
    else found.ids.set(hash, trustedCommit(id))
    if (mark === PENDING) found.pending.add(hash)
  }
  return found
}

/** Returns the hash of an id, from which the id cannot be found. */
export const hashOf = (id: string): string => createHash('sha256').update(id).digest('hex')

/** Encodes the map, sorted, so that equal maps give equal bytes. */
export function writeRewritten({ ids, pending, again }: RewrittenIds): Buffer {
  const first = [...ids].map(([hash, id]) => `${hash} ${id}${pending.has(hash) ? ` ${PENDING}` : ''}\n`)
  const second = [...again].map(([hash, id]) => `${hash} ${id} ${AGAIN}\n`)
  return Buffer.from([...first, ...second].sort().join(''))
}

const PENDING = 'pending'
const AGAIN = 'again'
