/** A new session that begins at a checkpoint of another: one commit that changes its id and its parent. */
import { AlreadyExistsError, NotFoundError } from '../errors.ts'
import { PURGE_LOCK } from '../git/purge.ts'
import { editTree } from '../git/tree-edit.ts'
import { activeRef, type BranchName, branchRef, type CommitId, MAIN, type SessionId } from '../ids.ts'
import { checkpointFacts } from './changes.ts'
import { type DocumentRules, layoutFor } from './document.ts'
import { newCommit } from './git-commit.ts'
import { encodeFiles } from './git-encoding.ts'
import type { CommitInfo, GitHistory } from './git-history.ts'
import type { Edits } from './git-line.ts'
import { readFields } from './git-reader.ts'
import { seqOfFork, timeOn } from './lineage.ts'
import type { Author } from './session-store.ts'
import { forkSubject, oneLine } from './subject.ts'

export interface Fork {
  /** A checkpoint of `from`. */
  source: CommitId
  from: SessionId
  session: SessionId
  branch: BranchName
  subject?: string | undefined
  author?: Author | undefined
}

/** Throws AlreadyExistsError when there is a session of that id, NotFoundError when the checkpoint was purged. */
export function forkSession(history: GitHistory, rules: DocumentRules, fork: Fork): Promise<CommitInfo> {
  const { source, from, session, branch, subject = '', author = rules.author } = fork
  const { repository } = history
  const ref = branchRef(session, branch)
  const symbolic = branch === MAIN ? [] : [{ ref: activeRef(session), to: ref }]
  const parent = { session: from as string, checkpoint: source as string }
  const prepare = async () => {
    if (history.exists(session)) throw new AlreadyExistsError({ kind: 'session', id: session })
    if (!(await history.has(from, source))) {
      throw new NotFoundError({ kind: 'revision', id: source, session: from })
    }
    const origin = await history.info(source)
    const document = { ...(await readFields(repository.objects, origin.tree)), id: session, parent }
    const type = (await history.typeOf(source)) ?? rules.type
    const files = await encodeFiles(document, layoutFor(type, []))
    const edits: Edits = new Map([...files].map(([path, { bytes }]) => [path, bytes]))
    const { tree, objects } = await editTree(repository.objects, origin.tree, edits)
    const { commit, object } = newCommit({
      tree,
      parents: [source],
      time: timeOn([origin.time], Math.floor(rules.now())),
      author,
      type,
      checkpoint: {
        session,
        branch,
        subject: oneLine(subject) || forkSubject(from, source),
        body: '',
        kind: 'fork',
        seq: seqOfFork(origin),
        ...checkpointFacts({ added: [], from: 0, run: undefined }, document),
        forkedFrom: parent,
      },
    })
    return {
      objects: [...objects, object],
      moves: new Map([[ref, commit.id]]),
      symbolic,
      result: commit,
      placed: () => history.learn(commit),
    }
  }
  return repository.change({ refs: [ref, PURGE_LOCK, ...symbolic.map((move) => move.ref)], prepare }, ref)
}
