/** What a caller says of a checkpoint that a write makes. */
import type { EditedTree } from '../git/objects/tree-edit.ts'
import type { CommitId, RefName, SessionId } from '../ids.ts'
import type { Author, Checkpoint } from './commits/checkpoint.ts'
import type { CheckpointFacts } from './commits/facts.ts'
import type { CommitInfo } from './commits/history.ts'
import type { ParsedMessage } from './commits/message.ts'
import type { PageRules } from './pages/pages.ts'
import type { ChangedTree, Edits } from './trees/edits.ts'

export interface NewCheckpoint extends CheckpointFacts {
  /** The checkpoint below; `undefined` for the first of a line. */
  parent: CommitInfo | undefined
  /** Changed files of the parent's tree, or a finished tree with its objects. */
  files: Edits | EditedTree | ChangedTree
  kind: Checkpoint['kind']
  subject: string
  body?: string
  /** Default: one more than the parent's, or the same as the parent's inside a turn. */
  seq?: number
  /** Milliseconds. Default: now. */
  at?: number | undefined
  /** Default: the parent. If this checkpoint ends a turn with steps, the turn before and the last step. */
  parents?: readonly CommitId[]
  /** Default: the type in the rules. */
  type?: string
  /** Default: the session of the write. */
  session?: SessionId
  /** Default: the branch or line of the write. */
  branch?: string
  /** Default: the author in the rules, else the model, else forkpoint. */
  author?: Author | undefined
  trailers?: Readonly<Record<string, string>>
  /** The ref that moves to this commit instead, one of `Onto.also`, for a commit on another line of the session. */
  beside?: RefName
}

/** A rewritten checkpoint. */
export interface RemadeCheckpoint {
  old: CommitInfo
  /** The commit as it is stored. */
  data: Uint8Array
  parents: readonly CommitId[]
  files: EditedTree
  message: ParsedMessage
  /** The text of `message`; `undefined`: unchanged. */
  text: string | undefined
  author: Author
  /** How the pages of its turn are made; `undefined`: it had no pages. */
  pages: PageRules | undefined
}
