/**
 * Starts a new session at a checkpoint of another one, with one commit that changes the document's `id` and `parent`.
 */

import { decodeHead, encodeHead, genericLayout, sessionLayout } from '../codec/index.ts'
import { AlreadyExistsError, NotFoundError } from '../errors.ts'
import type { AnyRepository } from '../git/any-repository.ts'
import { type BranchName, type CommitId, filesRef, isFilesLine, reservedRef, type SessionId } from '../ids.ts'
import type { Checkpoints } from './checkpoints.ts'
import type { Author } from './commits/checkpoint.ts'
import { factsOf } from './commits/facts.ts'
import type { CommitInfo } from './commits/history.ts'
import { seqOfFork } from './commits/lineage.ts'
import { forkSubject, oneLine } from './commits/text.ts'
import { FILES, filesOf, storedFiles } from './files-line.ts'
import { blobsBelow, readBlobs } from './trees/files.ts'

export interface Fork {
  /** A checkpoint of `from`. */
  source: CommitId
  from: SessionId
  session: SessionId
  branch: BranchName
  subject?: string | undefined
  author?: Author | undefined
}

/**
 * Makes the fork. The new session also gets the reserved lines of `from` as they are now, one ref each; its files line
 * begins at the files of the checkpoint.
 *
 * Throws AlreadyExistsError if a session of that id, or a reserved line of it, exists; NotFoundError if the checkpoint
 * was purged.
 */
export function forkSession(checkpoints: Checkpoints<AnyRepository>, fork: Fork): Promise<CommitInfo> {
  const { source, from, session, branch, subject = '', author } = fork
  const { history, objects } = checkpoints
  const lines = [...history.lines(from).keys()]
    .filter((name) => !isFilesLine(name))
    .map((name) => ({ ref: reservedRef(session, name), of: reservedRef(from, name) }))
  return checkpoints.write({
    session,
    onto: { branch, starts: true, also: [filesRef(session, branch), ...lines.map(({ ref }) => ref)] },
    anyType: true,
    decide: async (writing) => {
      const isTaken = history.exists(session) || lines.some(({ ref }) => history.tip(ref) !== undefined)
      if (isTaken) throw new AlreadyExistsError({ kind: 'session', id: session })
      if (!(await history.has(from, source))) {
        throw new NotFoundError({ kind: 'revision', id: source, session: from })
      }
      const origin = await history.info(source)
      const head = await readBlobs(objects, await blobsBelow(objects, origin.tree, { enter: () => false }))
      const parent = { session: from as string, checkpoint: source as string }
      const document = { ...decodeHead(head), id: session, parent }
      const files = await storedFiles(history, filesOf(origin))
      const type = (await history.typeOf(source)) ?? checkpoints.rules.type
      const commit = await writing.commit({
        parent: origin,
        parents: [source],
        files: encodeHead(document, headLayout(type)),
        kind: 'fork',
        subject: oneLine(subject) || forkSubject(from, source),
        seq: seqOfFork(origin),
        author,
        type,
        forkedFrom: parent,
        ...factsOf(document),
        ...(files && { trailers: { [FILES]: files.id } }),
      })
      if (files !== undefined) writing.move(filesRef(session, branch), files.id)
      // The purge lock is held, so the tips of these lines still exist.
      for (const { ref, of } of lines) {
        const tip = history.tip(of)
        if (tip !== undefined) writing.move(ref, tip)
      }
      return commit
    },
  })
}

/** Returns the layout of a type's top-level values. */
export const headLayout = (type: string) =>
  type === sessionLayout.type ? { ...sessionLayout, collections: [] } : genericLayout(type, [])
