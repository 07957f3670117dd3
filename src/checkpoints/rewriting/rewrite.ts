/**
 * Rewrites history to redact it. Every checkpoint of the refs in scope that contains something to redact, and all its
 * descendants, are made again; earlier checkpoints keep their ids. All refs move in one change, so a crash leaves the
 * old history or the new one. The old objects stay on the disk until a purge.
 */
import { InvalidIdError, NotFoundError } from '../../errors.ts'
import { type NewObject, newObject } from '../../git/objects/object.ts'
import { placeAhead } from '../../git/placed-ahead.ts'
import type { Repository } from '../../git/repository.ts'
import { changePurgeMark, PURGE_LOCK } from '../../git/upkeep/purge-mark.ts'
import {
  type CommitId,
  type LockName,
  type ObjectId,
  parseRef,
  type RefName,
  rewrittenRef,
  type SessionId,
  trustedCommit,
} from '../../ids.ts'
import type { Redact } from '../../redaction/redact.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { Checkpoints } from '../checkpoints.ts'
import type { History } from '../commits/history.ts'
import { FILES_TYPE, filesOf } from '../files-line.ts'
import type { PageRules } from '../pages/pages.ts'
import { type Rewrites, readRewrites } from '../tombstones/rewrites.ts'
import { blobAt } from '../trees/files.ts'
import type { Writing } from '../writing.ts'
import { RedactedFiles, type RedactPieces } from './redacted-files.ts'
import { isTagOther, redactedMessage, redactedTag } from './redacted-message.ts'
import { RedactedTrees } from './redacted-trees.ts'
import { type RewriteScope, refsInScope, type ScopedRef } from './scope.ts'
import { writeMap } from './written-map.ts'

export interface Rewrite {
  /** `undefined`, with scope `all`: every session. */
  session: SessionId | undefined
  scope: RewriteScope
  /** Commits that no ref reaches, each with the ref that is to name its rewritten copy. */
  besides?: ReadonlyMap<RefName, CommitId> | undefined
  /**
   * Whether checkpoints whose replacement is not stored here are made again even if nothing is found in them, so that
   * refs can leave them.
   */
  replaces?: boolean
  redact: Redact
  pieces: RedactPieces
  pages: PageRules
  /** Whether nothing is written. */
  isDry: boolean
  /** Bytes of new objects after which they are stored, ahead of the change. Default: 16 MiB. */
  mostHeld?: number
  onProgress: ((checkpoints: number) => void) | undefined
}

export interface Rewritten {
  /** Number of checkpoints that were checked. */
  checkpoints: number
  /** New ids by old ids; a dry run gives old ids in place of new ones. */
  ids: ReadonlyMap<CommitId, CommitId>
  /** Refs that move, with their old values. */
  refs: ReadonlyMap<RefName, ObjectId>
}

/**
 * Rewrites the history. Throws NotFoundError if there is no such session, InvalidIdError if the name of a session,
 * branch or tag contains something to redact, ConflictError if others keep changing the refs; CorruptError,
 * LockedError, StorageError.
 */
export async function rewriteHistory(
  repository: Repository,
  checkpoints: Checkpoints,
  rewrite: Rewrite,
): Promise<Rewritten> {
  const { history } = checkpoints
  if (!(await checkpoints.openFinished()))
    throw new NotFoundError({ kind: 'session', id: rewrite.session ?? '' })
  if (rewrite.session !== undefined && !history.exists(rewrite.session))
    throw new NotFoundError({ kind: 'session', id: rewrite.session })
  const files = new RedactedFiles(history.objects, rewrite.redact, rewrite.pieces)
  // The slow part, done before any lock is taken; its results are kept.
  let survey = new Copies(history, files, rewrite, await readRewrites(history))
  const look = async () => {
    const rewrites = await readRewrites(history)
    if (rewrites !== survey.rewrites) survey = new Copies(history, files, rewrite, rewrites)
    const besides = rewrite.besides ?? new Map<RefName, CommitId>()
    const found = await refsInScope(history, rewrite.session, rewrite.scope)
    const scoped = found.filter(({ ref }) => !besides.has(ref))
    for (const [ref, id] of besides) scoped.push({ ref, id, commit: id, tags: [] })
    const touched: ScopedRef[] = []
    for (const one of scoped) {
      await survey.of(one.commit)
      if (survey.ids.has(one.commit) || (await survey.hasOtherTag(one))) touched.push(one)
    }
    await checkNames(files, touched)
    return touched
  }
  let touched = await look()
  const report = (ids: ReadonlyMap<CommitId, CommitId>): Rewritten => ({
    checkpoints: survey.size,
    ids,
    refs: new Map(touched.map(({ ref, id }) => [ref, id])),
  })
  const sessionsOf = () => sessionsIn(touched, rewrite.session)
  const session = sessionsOf()[0]
  if (rewrite.isDry || touched.length === 0 || session === undefined) return report(survey.ids)
  for (const one of sessionsOf()) if (history.isArchived(one)) await checkpoints.refs.unarchive(one)
  const releases: (() => void)[] = []
  /** Stores what was made so far, so that it need not be held in memory. No ref leads to it before the change. */
  const storeAhead = async (objects: readonly NewObject[]) =>
    void releases.push(await placeAhead(repository, objects))
  const change = checkpoints.write({
    session,
    anyType: true,
    replicates: false,
    onto: async () => {
      touched = await look()
      const maps = sessionsOf().map(rewrittenRef)
      const also: LockName[] = [...touched.map(({ ref }) => ref), ...maps, PURGE_LOCK]
      // The active branch may have been deleted on another machine.
      const active = history.active(session)
      const branches = history.branches(session)
      const branch = branches.has(active) ? active : branches.keys().next().value
      return { branch, also, starts: false }
    },
    decide: async (writing) => {
      // Makes others check an old checkpoint again before they set a ref to it.
      changePurgeMark(repository)
      const making = {
        writing,
        storeAhead: () => writing.storeAhead(rewrite.mostHeld ?? MOST_HELD, storeAhead),
      }
      const copies = new Copies(history, files, rewrite, survey.rewrites, making)
      for (const { commit } of touched) await copies.of(commit)
      const targets = new Map<RefName, ObjectId>()
      for (const one of touched) targets.set(one.ref, await copies.target(one))
      const made = new Map([...copies.ids, ...copies.tags])
      for (const one of sessionsOf())
        await writeMap(history, writing, one, { made, again: copies.again, rewrites: survey.rewrites })
      const own = history.tip(writing.ref)
      if (own !== undefined) writing.move(writing.ref, own)
      for (const [ref, to] of targets) writing.move(ref, to)
      return report(copies.ids)
    },
  })
  return change.finally(() => {
    for (const release of releases) release()
  })
}

const MOST_HELD = 16 * 1024 * 1024

/** Where copies are made. */
interface Making {
  writing: Writing
  /** Called after each copy. */
  storeAhead: () => Promise<void>
}

/** Makes rewritten commits, parents first. Without a `writing`, only finds out which commits change. */
class Copies {
  readonly ids = new Map<CommitId, CommitId>()
  /** Checkpoints that were made again only because the replacement they had is not stored here. */
  readonly again = new Set<CommitId>()
  /** New annotated tags by old ones, made by `target`. The map lists them among the commits. */
  readonly tags = new Map<CommitId, CommitId>()
  /** Earlier rewrites, here or on other machines; their checkpoints are not rewritten again. */
  readonly rewrites: Rewrites
  readonly #history: History
  readonly #files: RedactedFiles
  readonly #rewrite: Rewrite
  readonly #writing: Writing | undefined
  readonly #storeAhead: Making['storeAhead'] | undefined
  readonly #trees: RedactedTrees
  /** For trees of workspaces, whose files are never part of a document, whatever their names. */
  readonly #plainTrees: RedactedTrees
  readonly #seen = new Set<CommitId>()
  readonly #newIdOf = (id: string): string | undefined => this.ids.get(trustedCommit(id))

  constructor(history: History, files: RedactedFiles, rewrite: Rewrite, rewrites: Rewrites, making?: Making) {
    this.#history = history
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
      if (made === undefined) await this.#copy(id, data, parents)
      else this.#follow(id, made)
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

  async #copy(id: CommitId, data: Uint8Array, oldParents: readonly CommitId[]): Promise<void> {
    const { objects } = this.#history
    const old = await this.#history.info(id)
    const type = old.type ?? (await this.#history.typeOf(id)) ?? ''
    const parents = oldParents.map((parent) => this.ids.get(parent) ?? parent)
    const said = await redactedMessage(this.#files, old, await objects.readCommit(id), this.#newIdOf)
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
    const made = await trees.of(old.tree, type, 'drop')
    const { isOther: _, ...changed } = said
    const pages = this.#pagesOf(made.newPages.keys())
    const commit = await this.#writing.remake({ old, data, parents, files: made, pages, ...changed })
    for (const [path, blob] of made.newPages)
      this.#trees.settle(path, blob, await blobAt(this.#writing.files, commit.tree, path))
    this.ids.set(id, commit.id)
  }

  /** Returns rules that make the pages of a turn again, for the same collections. */
  #pagesOf(paths: Iterable<string>): PageRules | undefined {
    const collections = new Set([...paths].map((path) => path.slice(0, path.indexOf('/'))))
    if (collections.size === 0) return undefined
    return { ...this.#rewrite.pages, isRead: (name) => collections.has(name) }
  }
}

/** Returns the sessions of the refs, the requested one first. */
const sessionsIn = (refs: readonly ScopedRef[], first: SessionId | undefined): SessionId[] => [
  ...new Set([
    ...(first === undefined ? [] : [first]),
    ...refs.flatMap(({ ref }) => parseRef(ref)?.session ?? []),
  ]),
]

/** Throws InvalidIdError if a name contains something to redact, because a rewrite cannot change names. */
async function checkNames(files: RedactedFiles, refs: readonly ScopedRef[]): Promise<void> {
  for (const { ref } of refs) {
    const parsed = parseRef(ref)
    if (parsed === undefined) continue
    for (const [kind, name] of [
      ['session', parsed.session],
      [parsed.kind, parsed.name],
    ] as const) {
      if ((await files.text(name, [kind])) === name) continue
      const reason = 'it contains a secret: fork what it names under another name, and delete it'
      throw new InvalidIdError(kind, '[redacted]', reason)
    }
  }
}
