/** What a write makes, decided under the locks: checkpoints, each on the one before, and where refs move. */
import { AlreadyExistsError, type SigningError } from '../errors.ts'
import { editCommit } from '../git/objects/commit-edit.ts'
import { type NewObject, newCommitObject } from '../git/objects/object.ts'
import { type EditedTree, editTree, type TreeStore } from '../git/objects/tree-edit.ts'
import type { Plan } from '../git/refs/change.ts'
import { purgeMark } from '../git/upkeep/purge-mark.ts'
import type { CommitId, ObjectId, RefName, SessionId, TagName } from '../ids.ts'
import { authorOf } from './commits/author.ts'
import type { Author, Checkpoint } from './commits/checkpoint.ts'
import { newCommit } from './commits/commit.ts'
import type { CheckpointFacts } from './commits/facts.ts'
import type { CommitInfo, History } from './commits/history.ts'
import type { Keys } from './commits/keys.ts'
import { seqOn } from './commits/lineage.ts'
import type { ParsedMessage } from './commits/message.ts'
import { NewFiles } from './new-files.ts'
import { endsTurn, type PageRules, withPages, withPagesOfNew } from './pages.ts'
import type { Signing } from './signing.ts'
import type { Edits } from './trees/edits.ts'
import { isTakenBack } from './trees/files.ts'

export type { Edits }

export interface NewCheckpoint extends CheckpointFacts {
  /** What it stands on; `undefined`: nothing, it begins a line. */
  parent: CommitInfo | undefined
  /** Files that change in the parent's tree, or a tree with its objects that is made already. */
  files: Edits | EditedTree
  kind: Checkpoint['kind']
  subject: string
  body?: string
  /** Default: one more than the parent's, or the parent's own inside a turn. */
  seq?: number
  /** Milliseconds. Default: now. */
  at?: number | undefined
  /** Default: the parent, and where it is the last step of a turn that this one ends, the turn before it as well. */
  parents?: readonly CommitId[]
  /** Default: that of the writer's documents. */
  type?: string
  /** Default: the session that is written. */
  session?: SessionId
  /** Default: the branch or line that is written. */
  branch?: string
  /** Default: the store's, else the model, else forkpoint. */
  author?: Author | undefined
  trailers?: Readonly<Record<string, string>>
  /** The ref that moves there instead, one of `Onto.also`: another line of the session gets a commit of its own. */
  beside?: RefName
}

/** A checkpoint that is made once more. */
export interface RemadeCheckpoint {
  old: CommitInfo
  /** The commit as it is stored. */
  data: Uint8Array
  parents: readonly CommitId[]
  files: EditedTree
  message: ParsedMessage
  /** What that was parsed from; `undefined`: it stays as it was. */
  text: string | undefined
  author: Author
  /** How the pages of its turn are made; `undefined`: it had none. */
  pages: PageRules | undefined
}

/** What everything that is written to a repository has in common. */
export interface WritingCommon {
  readonly history: History
  readonly keys: Keys
  readonly rules: {
    readonly type: string
    readonly author: Author | undefined
    readonly now: () => number
    readonly pages: PageRules | undefined
  }
  readonly signing: Signing | undefined
}

/** What one write goes on from. */
export interface WritingBase {
  session: SessionId
  /** Name of the branch or line. */
  branch: string
  ref: RefName
  /** Where the ref is. */
  tip: CommitInfo | undefined
  isNew: boolean
  /** The tombstone of what was deleted under this name before, if the line begins with this write. */
  grave?: ObjectId | undefined
}

export class Writing {
  readonly session: SessionId
  /** Name of the branch or reserved line that is written. */
  readonly branch: string
  readonly ref: RefName
  /** Where it is; `undefined`: it begins with this write. */
  readonly tip: CommitInfo | undefined
  /** Whether the session begins with this write. */
  readonly isNew: boolean
  readonly #grave: ObjectId | undefined
  readonly #common: WritingCommon
  readonly #files: NewFiles
  readonly #objects: NewObject[] = []
  readonly #commits: CommitInfo[] = []
  readonly #remade = new Map<CommitId, CommitInfo>()
  readonly #moves = new Map<RefName, ObjectId | null>()
  readonly #placed: (() => void)[] = []
  #last: CommitInfo | undefined

  constructor(common: WritingCommon, { session, branch, ref, tip, isNew, grave }: WritingBase) {
    this.#grave = grave
    this.session = session
    this.branch = branch
    this.ref = ref
    this.tip = tip
    this.isNew = isNew
    this.#common = common
    this.#files = new NewFiles(common.history.repository.objects)
  }

  /** Whether it makes a checkpoint of its own. */
  get goesOn(): boolean {
    return this.#commits.length > 0
  }

  /** Trees that are stored, and those that this write has made. */
  get trees(): TreeStore {
    return this.#files
  }

  /** The checkpoint that the key made among the last 1,000 of the branch, unless that was taken back since. */
  async madeWith(key: string | undefined): Promise<CommitInfo | undefined> {
    const { keys, history } = this.#common
    if (key === undefined || this.tip === undefined) return undefined
    const found = await keys.find(this.ref, this.tip.id, key)
    if (found === undefined) return undefined
    const made = await history.info(found.id)
    return found.disturbed && (await this.#isUndone(made, this.tip)) ? undefined : made
  }

  /** Whether a checkpoint of the session is still there; see `stillStands`. */
  stands(id: CommitId, mark?: string): Promise<boolean> {
    return stillStands(this.#common.history, this.session, id, mark)
  }

  /** Adds a checkpoint; the branch moves there. */
  async commit(made: NewCheckpoint): Promise<CommitInfo> {
    const { history, rules, signing } = this.#common
    const { parent, kind, trailers } = made
    const parents = made.parents ?? (await history.parentsOn(parent, kind))
    const seq = made.seq ?? seqOn(parent)
    const branch = made.branch ?? this.branch
    const { tree, objects } = await this.#treeOf(made, { parents, seq, branch, rules: rules.pages })
    // What begins again after its deletion gets a new id, and says after which one.
    const isFirst = this.#grave !== undefined && this.#commits.length === 0
    const goesOn = isFirst ? { Continues: this.#grave! } : undefined
    const { messages, run, status, model, tokens, forkedFrom, key } = made
    const { commit, object, unsigned } = await newCommit(
      {
        tree,
        parents,
        time: made.at ?? Math.floor(rules.now()),
        after: parent?.committed,
        author: authorOf(made.author ?? rules.author, kind === 'fork' ? undefined : model),
        type: made.type ?? rules.type,
        checkpoint: {
          session: made.session ?? this.session,
          branch,
          subject: made.subject,
          body: made.body ?? '',
          kind,
          seq,
          ...(messages !== undefined && { messages }),
          ...(run !== undefined && { run }),
          ...(status !== undefined && { status }),
          ...(model !== undefined && { model }),
          ...(tokens !== undefined && { tokens }),
          ...(forkedFrom !== undefined && { forkedFrom }),
          ...(key !== undefined && { key }),
        },
        ...((trailers || goesOn) && { trailers: { ...trailers, ...goesOn } }),
      },
      signing && ((data) => signing.sign(data)),
    )
    this.#add([...objects, object], commit.id, unsigned)
    if (made.beside !== undefined) {
      this.#moves.set(made.beside, commit.id)
      this.onPlaced(() => history.learn(commit))
      return commit
    }
    this.#commits.push(commit)
    this.#last = commit
    this.#moves.set(this.ref, commit.id)
    return commit
  }

  /** Makes a checkpoint once more: what is not given stays as it was. No ref moves there by itself. */
  async remake({ old, data, parents, files, pages, text, ...said }: RemadeCheckpoint): Promise<CommitInfo> {
    const { signing } = this.#common
    const { message } = said
    this.#files.add(files.objects)
    const last = parents.at(-1)
    const parent = last === undefined ? undefined : await this.#commit(last)
    const branch = message.trailers?.get('Branch') ?? ''
    const at = { parents, seq: old.seq, branch, rules: pages }
    const { tree, objects } = await this.#treeOf({ parent, kind: old.kind, files }, at)
    const edited = editCommit(data, { tree, parents, author: said.author, message: text })
    const signed = signing === undefined ? { data: edited } : await signing.sign(edited)
    const object = newCommitObject(signed.data)
    const { id } = object
    this.#add([...objects, object], id, 'unsigned' in signed ? signed.unsigned : undefined)
    const key = message.trailers?.get('Key')
    const commit: CommitInfo = { ...old, ...said, id, tree, parents, key }
    this.#remade.set(id, commit)
    return commit
  }

  #add(objects: readonly NewObject[], checkpoint: CommitId, unsigned: SigningError | undefined): void {
    for (const one of objects) this.#objects.push(one)
    if (unsigned === undefined) return
    const { session } = this
    this.onPlaced(() => this.#common.signing?.tell({ session, checkpoint, error: unsigned }))
  }

  /** The write ends at a checkpoint that is there: a branch that begins starts at it, any other holds it already. */
  endAt(commit: CommitInfo): void {
    this.#last = commit
    if (this.tip === undefined) this.#moves.set(this.ref, commit.id)
  }

  /** Also stores an object that no checkpoint of this write has. */
  bring(object: NewObject): void {
    this.#objects.push(object)
  }

  /** Also moves a ref that the aim named; `null` deletes it. */
  move(ref: RefName, to: ObjectId | null): void {
    this.#moves.set(ref, to)
  }

  /** Called when everything is in place, before the next write of the branch decides. */
  onPlaced(call: () => void): void {
    this.#placed.push(call)
  }

  /** The tree of a checkpoint, with its pages; where a turn had steps, they tell all of it. */
  async #treeOf(
    { parent, kind, files }: Pick<NewCheckpoint, 'parent' | 'kind' | 'files'>,
    at: { parents: readonly CommitId[]; seq: number; branch: string; rules: PageRules | undefined },
  ): Promise<EditedTree> {
    const { parents, seq, branch, rules } = at
    const edit = (edits: Edits) => editTree(this.#files, parent?.tree, edits)
    if (rules === undefined || kind === 'fork' || branch.startsWith('_'))
      return files instanceof Map ? edit(files) : files
    const isTurn = endsTurn(kind, branch)
    const endsSteps = isTurn && parent?.kind === 'step'
    if (files instanceof Map && isTurn && !endsSteps) {
      const edits = await withPagesOfNew(files, this.#files, { rules, seq, before: parent?.tree })
      if (edits !== undefined) return edit(edits)
    }
    const edited = files instanceof Map ? await edit(files) : files
    const turnBefore = parents.length > 1 ? parents[0] : undefined
    const before = endsSteps ? turnBefore && (await this.#commit(turnBefore)).tree : parent?.tree
    this.#files.add(edited.objects)
    return withPages(edited, this.#files, { rules, isTurn, seq, before })
  }

  /** A commit that is stored, or that this write makes. */
  async #commit(id: CommitId): Promise<CommitInfo> {
    const made = this.#remade.get(id) ?? this.#commits.find((commit) => commit.id === id)
    return made ?? this.#common.history.info(id)
  }

  /** Whether another tool, such as `git revert`, has taken back what a checkpoint brought. */
  async #isUndone(made: CommitInfo, tip: CommitInfo): Promise<boolean> {
    const { history } = this.#common
    const base = made.parents.at(-1)
    const before = base === undefined ? undefined : (await history.info(base)).tree
    return isTakenBack(history.objects, { before, made: made.tree, now: tip.tree })
  }

  /**
   * The plan of the change.
   *
   * @param tag to set at where the write ends, and what it points at now. Throws AlreadyExistsError when that is another
   * @param symbolic refs to set if the branch begins, or always
   */
  plan<T>(
    result: T,
    tag: { name: TagName; ref: RefName; at: CommitId | undefined } | undefined,
    symbolic: readonly { ref: RefName; to: RefName | null }[],
  ): Plan<T> {
    const { history, keys } = this.#common
    if (tag !== undefined && this.#last !== undefined && tag.at !== this.#last.id) {
      if (tag.at !== undefined) {
        throw new AlreadyExistsError({ kind: 'tag', id: tag.name, session: this.session })
      }
      this.#moves.set(tag.ref, this.#last.id)
    }
    return {
      objects: this.#objects,
      moves: this.#moves,
      ...(symbolic.length > 0 && this.#moves.has(this.ref) && { symbolic }),
      result,
      placed: () => {
        let from = this.tip?.id
        for (const commit of this.#commits) {
          history.learn(commit)
          keys.advance(this.ref, from, commit.id, commit.key)
          from = commit.id
        }
        for (const call of this.#placed) call()
      },
    }
  }
}

/**
 * Whether a checkpoint of the session is still there. Without a purge in between, what could be resolved is; to make sure
 * otherwise takes longer.
 *
 * @param mark `Checkpoints.mark` from before it was resolved
 */
export async function stillStands(
  history: History,
  session: SessionId,
  id: CommitId,
  mark?: string,
): Promise<boolean> {
  const { repository } = history
  if (mark !== undefined && purgeMark(repository) === mark) return repository.objects.has(id)
  return history.has(session, id)
}
