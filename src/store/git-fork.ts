/** A new session that begins at a checkpoint of another: one commit that changes its id and its parent. */
import { AlreadyExistsError, NotFoundError } from '../errors.ts'
import { PURGE_LOCK } from '../git/purge.ts'
import type { Repository } from '../git/repository.ts'
import { editTree } from '../git/tree-edit.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  type CommitId,
  MAIN,
  reservedRef,
  type SessionId,
} from '../ids.ts'
import { checkpointFacts } from './changes.ts'
import { type DocumentRules, layoutFor } from './document.ts'
import { newCommit } from './git-commit.ts'
import { encodeFiles } from './git-encoding.ts'
import type { CommitInfo, GitHistory } from './git-history.ts'
import type { Edits } from './git-line.ts'
import { readFields } from './git-reader.ts'
import { seqOfFork } from './lineage.ts'
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
  /** Names of reserved lines of `from` that the new session gets too, as they are: one ref each. */
  beside?: readonly string[]
}

/**
 * Throws AlreadyExistsError when there is a session of that id, or something beside it already; NotFoundError when the
 * checkpoint was purged.
 */
export function forkSession(history: GitHistory, rules: DocumentRules, fork: Fork): Promise<CommitInfo> {
  const { source, from, session, branch, subject = '', author = rules.author, beside = [] } = fork
  const { repository } = history
  const ref = branchRef(session, branch)
  const symbolic = branch === MAIN ? [] : [{ ref: activeRef(session), to: ref }]
  const parent = { session: from as string, checkpoint: source as string }
  const lines = beside.map((name) => ({ ref: reservedRef(session, name), of: reservedRef(from, name) }))
  const prepare = async (current: ReadonlyMap<string, string | undefined>) => {
    const isTaken = history.exists(session) || lines.some((line) => current.get(line.ref) !== undefined)
    if (isTaken) throw new AlreadyExistsError({ kind: 'session', id: session })
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
      time: Math.floor(rules.now()),
      after: origin.committed,
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
      moves: new Map<string, string>([[ref, commit.id], ...linesNow(repository, lines)]),
      symbolic,
      result: commit,
      placed: () => history.learn(commit),
    }
  }
  const refs = [ref, PURGE_LOCK, ...symbolic.map((move) => move.ref), ...lines.map((line) => line.ref)]
  return repository.change({ refs, prepare }, ref)
}

/** Refs of the new lines, and where those they come from are. Under PURGE_LOCK that is not gone yet. */
function linesNow({ refs }: Repository, lines: readonly { ref: string; of: string }[]): [string, string][] {
  return lines.flatMap(({ ref, of }): [string, string][] => {
    const id = refs.read(of)
    return id === undefined ? [] : [[ref, id]]
  })
}
