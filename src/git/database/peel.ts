/** What a ref leads to, through the annotated tags that git can make. */
import { type CommitId, type ObjectId, trustedCommit } from '../../ids.ts'
import { asBuffer } from '../objects/object.ts'
import { tagTarget } from '../objects/tag.ts'
import type { ObjectStore } from './object-store.ts'

export interface Peeled {
  commit: CommitId
  /** From the id to the commit, the outermost first. */
  tags: readonly { id: ObjectId; data: Buffer }[]
}

const DEEPEST = 5

/** The ids that name a commit of this store. Throws CorruptError. */
export async function commitsAmong(objects: ObjectStore, ids: Iterable<ObjectId>): Promise<CommitId[]> {
  const commits: CommitId[] = []
  for (const id of ids) if ((await objects.tryRead(id))?.type === 'commit') commits.push(trustedCommit(id))
  return commits
}

/** The commit that an id leads to; `undefined` where it leads to something else, or to nothing. Throws CorruptError. */
export async function peel(objects: ObjectStore, id: ObjectId): Promise<Peeled | undefined> {
  const tags: { id: ObjectId; data: Buffer }[] = []
  for (let at: ObjectId | undefined = id; at !== undefined && tags.length < DEEPEST; ) {
    const object = await objects.tryRead(at)
    if (object?.type === 'commit') return { commit: trustedCommit(at), tags }
    if (object?.type !== 'tag') return undefined
    tags.push({ id: at, data: asBuffer(object.data) })
    at = tagTarget(object.data)
  }
  return undefined
}
