/** Encodes a checkpoint as a commit object, together with what the store keeps in memory of it. */
import type { SigningError } from '../../errors.ts'
import { encodeCommit } from '../../git/objects/commit.ts'
import { type NewObject, newCommitObject } from '../../git/objects/object.ts'
import type { CommitId, ObjectId } from '../../ids.ts'
import { FORKPOINT } from './author.ts'
import type { Author, Checkpoint } from './checkpoint.ts'
import type { CommitInfo } from './history.ts'
import { composeMessage } from './message.ts'

export interface NewCheckpoint {
  tree: ObjectId
  parents: readonly CommitId[]
  /** When the checkpoint was made, in milliseconds; may be earlier than its parents. */
  time: number
  /**
   * The parent's committer date, in milliseconds. The new committer date is not earlier, because git's walks expect
   * parents to be older.
   */
  after?: number | undefined
  author: Author
  /** The type of the session's documents. */
  type: string
  checkpoint: Omit<Checkpoint, 'id' | 'parents' | 'author' | 'createdAt'>
  trailers?: Readonly<Record<string, string>>
}

/** Signs a commit; `unsigned` is why it has no signature. */
export type SignCommit = (commit: Buffer) => Promise<{ data: Buffer; unsigned?: SigningError }>

export async function newCommit(
  made: NewCheckpoint,
  sign?: SignCommit,
): Promise<{ commit: CommitInfo; object: NewObject; unsigned?: SigningError }> {
  const { tree, parents, time, after = time, author, type, checkpoint, trailers } = made
  const committed = Math.max(time, after)
  const { text, parsed } = composeMessage({ ...checkpoint, type, at: time, ...(trailers && { trailers }) })
  const encoded = encodeCommit({
    tree,
    parents,
    author: { ...author, at: time },
    committer: { ...FORKPOINT, at: committed },
    message: text,
  })
  const { data, ...unsigned } = sign === undefined ? { data: encoded } : await sign(encoded)
  const object = newCommitObject(data)
  const { session, kind, seq, key } = checkpoint
  const { id } = object
  return {
    commit: { id, tree, parents, time, committed, message: parsed, author, session, type, kind, seq, key },
    object,
    ...unsigned,
  }
}
