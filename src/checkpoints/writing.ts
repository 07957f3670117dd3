/** Collects what a write makes under the locks: checkpoints, each on top of the one before, and moves of refs. */

import { AlreadyExistsError, type SigningError } from '../errors.ts'
import type { AnyRepository } from '../git/any-repository.ts'
import { editCommit } from '../git/objects/commit-edit.ts'
import { type NewObject, newCommitObject } from '../git/objects/object.ts'
import { type EditedTree, editTree, type TreeStore } from '../git/objects/tree-edit.ts'
import type { Plan } from '../git/refs/change.ts'
import type { CommitId, ObjectId, RefName, SessionId, TagName } from '../ids.ts'
import { TimeSlice } from '../time-slice.ts'
import { authorOf } from './commits/author.ts'
import type { Author } from './commits/checkpoint.ts'
import { newCommit } from './commits/commit.ts'
import type { CommitInfo, History } from './commits/history.ts'
import type { Keys } from './commits/keys.ts'
import { parentsOn, seqOn } from './commits/lineage.ts'
import { stillStands } from './commits/still-stands.ts'
import type { NewCheckpoint, RemadeCheckpoint } from './new-checkpoint.ts'
import { NewFiles } from './new-files.ts'
import { endsTurn, type PageRules, removesItems, withPages, withPagesOfNew } from './pages/pages.ts'
import type { Signing } from './signing.ts'
import type { Edits } from './trees/edits.ts'
import { isTakenBack, type ObjectReader } from './trees/files.ts'

export type { Edits }

/** What all writes to a repository have in common. */
export interface WritingCommon {
  readonly history: History<AnyRepository>
  readonly keys: Keys
  readonly rules: {
    readonly type: string
    readonly author: Author | undefined
    readonly now: () => number
    readonly pages: PageRules | undefined
    readonly nonce?: (() => string) | undefined
  }
  readonly signing: Signing | undefined
}

/** Where a write starts. */
export interface WritingBase {
  session: SessionId
  /** Name of the branch or line. */
  branch: string
  ref: RefName
  /** The checkpoint that the ref names. */
  tip: CommitInfo | undefined
  isNew: boolean
  /** The session's newest tombstone, if this write creates the line. */
  grave?: ObjectId | undefined
}

/** Objects that are added without a pause. */
const MANY = 256

export class Writing {
  readonly session: SessionId
  /** Name of the written branch or reserved line. */
  readonly branch: string
  readonly ref: RefName
  /** Its tip before the write; `undefined`: the write creates it. */
  readonly tip: CommitInfo | undefined
  /** Whether the write creates the session. */
  readonly isNew: boolean
  readonly #grave: ObjectId | undefined
  readonly #common: WritingCommon
  readonly #files: NewFiles
  #objects: NewObject[] = []
  /** Bytes of these objects. */
  #size = 0
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

  /** Whether the write makes a new checkpoint on its branch. */
  get goesOn(): boolean {
    return this.#commits.length > 0
  }

  /** The last checkpoint on the branch so far: of this write, else its tip before. */
  get end(): CommitInfo | undefined {
    return this.#commits.at(-1) ?? this.tip
  }

  /** Stored trees and files, and those that this write has made. */
  get files(): TreeStore & ObjectReader {
    return this.#files
  }

  /**
   * Returns the checkpoint with this key among the last 1,000 of the branch, unless another tool has reverted it since.
   */
  async madeWith(key: string | undefined): Promise<CommitInfo | undefined> {
    const { keys, history } = this.#common
    if (key === undefined) return undefined
    const own = this.#commits.find((commit) => commit.key === key)
    if (own !== undefined || this.tip === undefined) return own
    const found = await keys.find(this.ref, this.tip.id, key)
    if (found === undefined) return undefined
    const made = await history.info(found.id)
    return found.disturbed && (await this.#isUndone(made, this.tip)) ? undefined : made
  }

  /** Returns whether a checkpoint of the session still exists; see `stillStands`. */
  stands(id: CommitId, mark?: string): Promise<boolean> {
    return stillStands(this.#common.history, this.session, id, mark)
  }

  /** Adds a checkpoint and moves the branch to it. */
  async commit(made: NewCheckpoint): Promise<CommitInfo> {
    const { history, rules, signing } = this.#common
    const { parent, kind, trailers } = made
    const parents = made.parents ?? (await this.#parentsOn(parent, kind))
    const seq = made.seq ?? seqOn(parent)
    const branch = made.branch ?? this.branch
    const { tree, objects } = await this.#treeOf(made, { parents, seq, branch, rules: rules.pages })
    // The first commit after a deletion names the tombstone, and so gets another id than the deleted one.
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
        trailers: { ...trailers, ...goesOn, ...(rules.nonce && { Nonce: rules.nonce() }) },
      },
      signing && ((data) => signing.sign(data)),
    )
    await this.#add([...objects, object], commit.id, unsigned)
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

  /** Makes a rewritten copy of a checkpoint; what is not given stays unchanged. Does not move a ref. */
  async remake({ old, data, parents, files, pages, text, ...said }: RemadeCheckpoint): Promise<CommitInfo> {
    const { signing } = this.#common
    const { message } = said
    for (const one of files.objects) this.#files.add(one)
    const last = parents.at(-1)
    const parent = last === undefined ? undefined : await this.find(last)
    const branch = message.trailers?.get('Branch') ?? ''
    const at = { parents, seq: old.seq, branch, rules: pages }
    const { tree, objects } = await this.#treeOf({ parent, kind: old.kind, files }, at)
    const edited = editCommit(data, { tree, parents, author: said.author, message: text })
    const signed = signing === undefined ? { data: edited } : await signing.sign(edited)
    const object = newCommitObject(signed.data)
    const { id } = object
    await this.#add([...objects, object], id, 'unsigned' in signed ? signed.unsigned : undefined)
    const key = message.trailers?.get('Key')
    const commit: CommitInfo = { ...old, ...said, id, tree, parents, key }
    this.#remade.set(id, commit)
    return commit
  }

  /** Stores the objects that were made so far, if they have this many bytes, and forgets them. */
  async storeAhead(most: number, store: (objects: readonly NewObject[]) => Promise<void>): Promise<void> {
    if (this.#size < most) return
    await store(this.#objects)
    this.#objects = []
    this.#size = 0
    this.#files.clear()
    this.#remade.clear()
  }

  async #add(
    objects: readonly NewObject[],
    checkpoint: CommitId,
    unsigned: SigningError | undefined,
  ): Promise<void> {
    const slice = new TimeSlice()
    for (const [n, one] of objects.entries()) {
      this.bring(one)
      this.#files.add(one)
      // Only the files of a workspace are so many.
      if (n % MANY === MANY - 1 && slice.isOver()) await slice.next()
    }
    if (unsigned === undefined) return
    const { session } = this
    this.onPlaced(() => this.#common.signing?.tell({ session, checkpoint, error: unsigned }))
  }

  /**
   * Ends the write at an existing checkpoint: a new branch starts there, and an existing branch contains it already.
   */
  endAt(commit: CommitInfo): void {
    this.#last = commit
    if (this.tip === undefined) this.#moves.set(this.ref, commit.id)
  }

  /** Stores an object that belongs to no checkpoint of this write. */
  bring(object: NewObject): void {
    this.#objects.push(object)
    this.#size += object.data.length
  }

  /** Moves another locked ref; `null` deletes it. */
  move(ref: RefName, to: ObjectId | null): void {
    this.#moves.set(ref, to)
  }

  /** Registers a function to call when everything is stored, before the next write of the branch decides. */
  onPlaced(call: () => void): void {
    this.#placed.push(call)
  }

  /** Makes the tree of a checkpoint, with its pages. The pages of a turn with steps show the whole turn. */
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
    const turnBefore = endsSteps && parents.length > 1 ? parents[0] : undefined
    const before = endsSteps ? turnBefore && (await this.find(turnBefore)).tree : parent?.tree
    if (files instanceof Map) {
      if (!isTurn && !removesItems(files, rules)) return edit(files)
      const at = { rules, seq, before, parent: parent?.tree }
      const edits = isTurn ? await withPagesOfNew(files, this.#files, at) : undefined
      if (edits !== undefined) return edit(edits)
    }
    const edited = files instanceof Map ? await edit(files) : files
    for (const one of edited.objects) this.#files.add(one)
    return withPages(edited, this.#files, { rules, isTurn, seq, before })
  }

  /** Returns a commit, stored or made by this write. */
  async find(id: CommitId): Promise<CommitInfo> {
    const made = this.#remade.get(id) ?? this.#commits.find((commit) => commit.id === id)
    return made ?? this.#common.history.info(id)
  }

  /** As `History.turnParent`, also for commits of this write. */
  async turnParent(of: CommitInfo): Promise<CommitId | undefined> {
    let at = of
    while (this.#commits.includes(at)) {
      const [before] = at.parents
      if (before === undefined) return undefined
      at = await this.find(before)
      if (at.kind !== 'step') return before
    }
    return this.#common.history.turnParent(at.id)
  }

  async #parentsOn(tip: CommitInfo | undefined, kind: string): Promise<CommitId[]> {
    return parentsOn(tip, kind, tip?.kind === 'step' ? await this.turnParent(tip) : undefined)
  }

  /** Returns whether another tool, such as `git revert`, has reverted the changes of a checkpoint. */
  async #isUndone(made: CommitInfo, tip: CommitInfo): Promise<boolean> {
    const { history } = this.#common
    const base = made.parents.at(-1)
    const before = base === undefined ? undefined : (await history.info(base)).tree
    return isTakenBack(history.objects, { before, made: made.tree, now: tip.tree })
  }

  /**
   * Returns the plan of the change.
   *
   * @param tag the tag to set on the last checkpoint, and what it names now. Throws AlreadyExistsError if that is
   * another checkpoint
   * @param symbolic symbolic refs to set if the written ref moves
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
