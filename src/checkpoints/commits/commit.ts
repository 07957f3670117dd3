/** A checkpoint as a commit object, and what the store remembers of it. */
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
  /** When it was made, in milliseconds; whatever the parents say. */
  time: number
  /** The committer's date of what it stands on: git's walks go by that date, and want no parent that is newer. */
  after?: number | undefined
  author: Author
  /** Of the session's documents. */
  type: string
  checkpoint: Omit<Checkpoint, 'id' | 'parents' | 'author' | 'createdAt'>
  trailers?: Readonly<Record<string, string>>
}

/** Puts a signature on a commit; without one it says why. */
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
