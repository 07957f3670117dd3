/** Makes the commits of a rewritten history. */
import { newObject } from '../../git/objects/object.ts'
import { type CommitId, type ObjectId, type SessionId, trustedCommit } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { History } from '../commits/history.ts'
import { FILES_TYPE, filesOf } from '../files-line.ts'
import type { PageRules } from '../pages/pages.ts'
import type { Rewrites } from '../tombstones/rewrites.ts'
import { blobAt } from '../trees/files.ts'
import type { Writing } from '../writing.ts'
import type { RedactedFiles } from './redacted-files.ts'
import { isTagOther, redactedMessage, redactedTag } from './redacted-message.ts'
import { RedactedTrees } from './redacted-trees.ts'
import type { ScopedRef } from './scope.ts'
import { belowOf, type LeftOut, saidOf } from './thinning.ts'

/** What copies need to know about a rewrite. */
export interface CopyRules {
  session: SessionId | undefined
  /**
   * Whether checkpoints whose replacement is not stored here are made again even if nothing is found in them, so that
   * refs can leave them.
   */
  replaces?: boolean
  pages: PageRules
  onProgress: ((checkpoints: number) => void) | undefined
}

/** Where copies are made. */
export interface Making {
  writing: Writing
  /** Called after each copy. */
  storeAhead: () => Promise<void>
}

/** Makes rewritten commits, parents first. Without a `writing`, only finds out which commits change. */
export class Copies {
  readonly ids = new Map<CommitId, CommitId>()
  /** Checkpoints that were made again only because the replacement they had is not stored here. */
  readonly again = new Set<CommitId>()
  /** New annotated tags by old ones, made by `target`. The map lists them among the commits. */
  readonly tags = new Map<CommitId, CommitId>()
  /** Earlier rewrites, here or on other machines; their checkpoints are not rewritten again. */
  readonly rewrites: Rewrites
  /** Commits that are left out. In the map, their ids lead to the copy of the next kept checkpoint. */
  readonly leftOut: LeftOut
  readonly #history: History
  readonly #files: RedactedFiles
  readonly #rewrite: CopyRules
  readonly #writing: Writing | undefined
  readonly #storeAhead: Making['storeAhead'] | undefined
  readonly #trees: RedactedTrees
  /** For trees of workspaces, whose files are never part of a document, whatever their names. */
  readonly #plainTrees: RedactedTrees
  readonly #seen = new Set<CommitId>()
  /** For commits without a copy, what stands in for them as a parent: the nearest kept ancestor, as it is now. */
  readonly #below = new Map<CommitId, CommitId>()
  readonly #newIdOf = (id: string): string | undefined => this.ids.get(trustedCommit(id))

  constructor(
    history: History,
    files: RedactedFiles,
    rewrite: CopyRules,
    { rewrites, leftOut }: { rewrites: Rewrites; leftOut: LeftOut },
    making?: Making,
  ) {
    this.#history = history
    this.leftOut = leftOut
    this.rewrites = rewrites
    this.#files = files
    this.#rewrite = rewrite
    this.#writing = making?.writing
    this.#storeAhead = making?.storeAhead
    this.#trees = new RedactedTrees(history.objects, files, this.#newIdOf)
    this.#plainTrees = new RedactedTrees(history.objects, files, this.#newIdOf, true)
  }

  get size(): number {
    return this.#seen.size
  }

  /** Visits a commit and all its ancestors. */
  async of(tip: CommitId): Promise<void> {
    const { objects } = this.#history
    const slice = new TimeSlice()
    const path = [tip]
    for (let id = path.at(-1); id !== undefined; id = path.at(-1)) {
      const data = this.#seen.has(id) ? undefined : await objects.readCommitData(id)
      const made = data === undefined ? undefined : await this.#madeBefore(id)
      const parents = data === undefined ? [] : objects.parentsOf(id, data)
      const below = (made === undefined ? parents : [made]).filter((parent) => !this.#seen.has(parent))
      if (below.length > 0) {
        path.push(...below.reverse())
        continue
      }
      path.pop()
      if (data === undefined) continue
      if (made !== undefined) this.#follow(id, made)
      else if (this.leftOut.has(id)) await this.#leaveOut(id)
      else await this.#copy(id, data, parents)
      this.#seen.add(id)
      await this.#storeAhead?.()
      this.#rewrite.onProgress?.(this.#seen.size)
      if (slice.isOver()) await slice.next()
    }
  }

  /** Returns whether an annotated tag of the ref contains something to redact. */
  async hasOtherTag({ tags }: ScopedRef): Promise<boolean> {
    for (const { data } of tags) if (await isTagOther(this.#files, data)) return true
    return false
  }

  /** Returns what a ref names after the rewrite; makes annotated tags again. */
  async target({ commit, tags }: ScopedRef): Promise<ObjectId> {
    let at: ObjectId = this.ids.get(commit) ?? commit
    for (const { id, data } of tags.toReversed()) {
      const tag = newObject('tag', await redactedTag(this.#files, data, at))
      this.#writing?.bring(tag)
      at = tag.id
      this.tags.set(trustedCommit(id), trustedCommit(at))
    }
    return at
  }

  /** Returns what an earlier rewrite made of a commit. */
  async #madeBefore(id: CommitId): Promise<CommitId | undefined> {
    return (await this.rewrites.successor(id, this.#rewrite.session))?.id
  }

  #follow(id: CommitId, made: CommitId): void {
    const now = this.ids.get(made)
    this.ids.set(id, now ?? made)
    if (now === undefined && !this.rewrites.later(id, this.#rewrite.session).has(made)) this.again.add(id)
  }

  async #leaveOut(id: CommitId): Promise<void> {
    const below = belowOf(await this.#history.info(id))
    if (below !== undefined) this.#below.set(id, this.#parent(below))
    if (this.#writing === undefined) this.ids.set(id, id)
  }

  /** Returns what a parent has become. */
  #parent(id: CommitId): CommitId {
    return this.#below.get(id) ?? this.ids.get(id) ?? id
  }

  async #copy(id: CommitId, data: Uint8Array, oldParents: readonly CommitId[]): Promise<void> {
    const { objects } = this.#history
    const old = await this.#history.info(id)
    const type = old.type ?? (await this.#history.typeOf(id)) ?? ''
    const parents = [...new Set(oldParents.map((parent) => this.#parent(parent)))]
    const isThinned = oldParents.some((parent) => this.#below.has(parent))
    const plain = await redactedMessage(this.#files, old, await objects.readCommit(id), this.#newIdOf)
    const said = isThinned ? await saidOf(this.#history, old, plain, this.leftOut) : plain
    const trees = type === FILES_TYPE ? this.#plainTrees : this.#trees
    const kept = await trees.of(old.tree, type, 'keep')
    const files = filesOf(old)
    const movesFiles = files !== undefined && this.ids.has(files)
    const isOther = kept.tree !== old.tree || said.isOther || movesFiles
    // If it has a replacement, that is not stored here, or `#madeBefore` would have found it.
    const isLeft = this.#rewrite.replaces === true && this.rewrites.has(id)
    if (isLeft && !isOther) this.again.add(id)
    const stays = !isOther && !isLeft && !oldParents.some((parent) => this.ids.has(parent))
    if (this.#writing === undefined || stays) {
      for (const [path, blob] of kept.newPages) this.#trees.settle(path, blob, blob)
      if (!stays) this.ids.set(id, id)
      return
    }
    // The pages of a thinned checkpoint stay, as they tell of turns that began after its new parent.
    if (isThinned) for (const [path, blob] of kept.newPages) this.#trees.settle(path, blob, blob)
    const made = await trees.of(old.tree, type, 'drop')
    const { isOther: _, ...changed } = said
    const pages = this.#pagesOf(made.newPages.keys())
    const commit = await this.#writing.remake({ old, data, parents, files: made, pages, ...changed })
    for (const [path, blob] of made.newPages)
      this.#trees.settle(path, blob, await blobAt(this.#writing.files, commit.tree, path))
    this.ids.set(id, commit.id)
    for (const parent of oldParents) await this.#lead(parent, commit.id)
  }

  /** Makes commits without a copy lead to the copy of the next kept checkpoint. */
  async #lead(from: CommitId, to: CommitId): Promise<void> {
    const waiting = [from]
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (!this.#below.has(id) || this.ids.has(id)) continue
      this.ids.set(id, to)
      waiting.push(...(await this.#history.info(id)).parents)
    }
  }

  /** Returns rules that make the pages of a turn again, for the same collections. */
  #pagesOf(paths: Iterable<string>): PageRules | undefined {
    const collections = new Set([...paths].map((path) => path.slice(0, path.indexOf('/'))))
    if (collections.size === 0) return undefined
    return { ...this.#rewrite.pages, isRead: (name) => collections.has(name) }
  }
}
