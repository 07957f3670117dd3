/** A checkpoint as a commit object, and what the store remembers of it. */
import { encodeCommit } from '../git/commit.ts'
import { type NewObject, newObject } from '../git/object.ts'
import type { CommitId } from '../ids.ts'
import type { Author, Checkpoint } from './checkpoint.ts'
import type { CommitInfo } from './history.ts'
import { composeMessage } from './message.ts'

export interface NewCheckpoint {
  tree: string
  parents: readonly CommitId[]
  /** Milliseconds. */
  time: number
  author: Author
  /** Of the session's documents. */
  type: string
  checkpoint: Omit<Checkpoint, 'id' | 'parents' | 'author' | 'createdAt'>
  trailers?: Readonly<Record<string, string>>
}

export function newCommit(made: NewCheckpoint): { commit: CommitInfo; object: NewObject } {
  const { tree, parents, time, author, type, checkpoint, trailers } = made
  const { text, parsed } = composeMessage({ ...checkpoint, type, at: time, ...(trailers && { trailers }) })
  const person = { ...author, at: time }
  const object = newObject(
    'commit',
    encodeCommit({ tree, parents, author: person, committer: person, message: text }),
  )
  const { session, kind, seq, key } = checkpoint
  const id = object.id as CommitId
  return {
    commit: { id, tree, parents, time, message: parsed, author, session, type, kind, seq, key },
    object,
  }
}
