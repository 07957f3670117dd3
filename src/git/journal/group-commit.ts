/**
 * Group commit: changes of refs, with the objects they need, made durable together by one sync.
 *
 * Changes of one ref are made one after another; changes of different refs that are ready at the same time share a
 * group. A change is visible to every git tool when its promise resolves. `docs/architecture.md`, "Saving".
 */
import { StorageError } from '../../errors.ts'
import type { LockName, ObjectId } from '../../ids.ts'
import type { OpenedFolder } from '../disk/opened-folder.ts'
import type { LockWait } from '../disk/store-folder.ts'
import type { MergedInMemory } from '../merging/chapter-packs.ts'
import { asBuffer } from '../objects/object.ts'
import type { StagedPack } from '../packs/placement.ts'
import { type BuiltPack, buildPack, buildPackAsync } from '../packs/writer.ts'
import type { Change, Plan } from '../refs/change.ts'
import { type RefMove, RefMoves, type SymbolicMove } from '../refs/moves.ts'
import type { Contents } from './contents.ts'
import type { GroupEntry } from './entry.ts'
import type { Chapter, Journals } from './journals.ts'
import { LockQueue, type Waiting } from './lock-queue.ts'

interface Ready {
  waiting: Waiting
  plan: Plan<unknown>
  moves: readonly RefMove[]
  symbolic: readonly SymbolicMove[]
}

/** What a group commit needs from its repository. */
export interface CommitHost {
  /** Finishes what dead processes left, and breaks their locks. */
  breakLock(file: string): Promise<void>
  /** Syncs what was saved where it is, and begins a new chapter. Throws StorageError. */
  settle(): Promise<void>
  /** Called after each group, also after one that failed. */
  written(chapter: Chapter): void
}

const GROUP_BYTES = 16 * 1024 * 1024

export class GroupCommit {
  readonly #contents: Contents
  readonly #journals: Journals
  readonly #opened: OpenedFolder
  readonly #host: CommitHost
  readonly #wait: Required<LockWait>
  readonly #queue: LockQueue
  #running: Promise<void> | undefined
  #underWay: Promise<void> = Promise.resolve()

  constructor(contents: Contents, journals: Journals, opened: OpenedFolder, host: CommitHost) {
    this.#contents = contents
    this.#journals = journals
    this.#opened = opened
    this.#host = host
    const { locks, lockTimeout } = contents.folder
    this.#wait = { locks, lockTimeout, breakLock: (file) => host.breakLock(file) }
    this.#queue = new LockQueue(contents.refs, this.#wait)
  }

  /** Makes a change. Throws what `prepare` throws, LockedError, StorageError. */
  submit<T>(change: Change<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const refs = [...new Set(change.refs)].sort()
      this.#queue.add({ change, refs, resolve: resolve as (value: unknown) => void, reject })
      this.#running ??= Promise.resolve().then(() => this.#run())
    })
  }

  /** Resolves when no group is being written. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  /** Resolves when the group that is being written now, if any, is in place and its locks are released. */
  groupEnd(): Promise<void> {
    return this.#underWay
  }

  async #run(): Promise<void> {
    const opened = this.#opened
    const journals = this.#journals
    const queue = this.#queue
    try {
      while (!queue.isEmpty) {
        opened.check()
        if (journals.current === undefined) await journals.open()
        // A settling that starts at this moment ends the chapter again.
        const chapter = journals.current
        if (chapter === undefined) continue
        if (!journals.isInPlace(chapter)) {
          // Recovery would not find earlier saves: they have to be safe in their places before anything is added.
          chapter.broken = true
          await this.#host.settle()
          continue
        }
        const group = queue.takeLocks((refs) => journals.announce(chapter, refs))
        if (group.length > 0) {
          this.#underWay = this.#commit(group)
          await this.#underWay
        }
        if (queue.isBusy) await queue.attendToBusy(group.length === 0)
      }
    } catch (error) {
      // Not even a journal could be opened: every waiting save fails.
      queue.rejectAll(error)
    } finally {
      this.#running = undefined
      if (!queue.isEmpty) this.#running = this.#run()
    }
  }

  /** Never throws: every save of the group gets its answer, and its locks are released. */
  async #commit(group: readonly Waiting[]): Promise<void> {
    const prepared = await Promise.all(group.map((waiting) => this.#prepare(waiting)))
    const ready = prepared.filter((one) => one !== undefined)
    for (const batch of batches(ready)) {
      const failure = await this.#write(batch)
      if (failure === undefined) continue
      // A save that is too big for the disk must not make the others fail.
      for (const one of batch) {
        const error = batch.length === 1 ? failure : await this.#write([one])
        if (error !== undefined) this.#answer(one, () => one.waiting.reject(error.cause))
      }
    }
  }

  async #prepare(waiting: Waiting): Promise<Ready | undefined> {
    try {
      const current = new Map(waiting.refs.map((ref) => [ref, this.#valueOf(ref)]))
      const plan = await waiting.change.prepare(current)
      const moves: RefMove[] = []
      for (const [ref, to] of plan.moves) {
        const from = current.get(ref) ?? null
        if (from !== to) moves.push({ ref, from, to })
      }
      const symbolic = (plan.symbolic ?? []).flatMap(({ ref, to }) => {
        const value = this.#contents.refs.readValue(ref)
        const from = value === undefined ? null : 'id' in value ? value.id : value.symbolic
        return from === to ? [] : { ref, from, to }
      })
      const ready = { waiting, plan, moves, symbolic }
      if (moves.length > 0 || symbolic.length > 0) return ready
      this.#answer(ready, () => this.#finish(ready))
    } catch (error) {
      this.#queue.release(waiting.refs)
      waiting.reject(error)
    }
    return undefined
  }

  #valueOf(ref: LockName): ObjectId | undefined {
    if (!isPlainRef(ref)) return undefined
    const value = this.#contents.refs.readValue(ref)
    return value !== undefined && 'id' in value ? value.id : undefined
  }

  /**
   * Makes a batch durable, puts it in place and answers. Returns the error if nothing of the batch counts; then the
   * locks stay.
   */
  async #write(batch: readonly Ready[]): Promise<{ cause: unknown } | undefined> {
    const opened = this.#opened
    const journals = this.#journals
    const { refs, placement } = this.#contents
    const moves = new RefMoves(
      refs,
      this.#wait,
      batch.flatMap((one) => one.moves),
      batch.flatMap((one) => one.symbolic),
      new Set(batch.flatMap(forwardMoves)),
    )
    let chapter: Chapter | undefined
    let pack: BuiltPack | undefined
    let staged: StagedPack | undefined
    let sequence: number | undefined
    try {
      opened.check()
      pack = await packOf(batch)
      chapter = journals.current ?? (await journals.open())
      // The chapter may have changed since the locks were taken.
      journals.announce(
        chapter,
        batch.flatMap(({ waiting }) => waiting.refs),
      )
      const { unnamed, placeable } = chapter.packs
      const order = journals.clock.next()
      const entry = groupEntry(batch, order, pack?.name ?? null, unnamed?.name)
      const recording = journals.record(chapter, entry, pack?.pack)
      // While the disk syncs, two packs are written: this group's to a temporary file, and a merged one of earlier
      // groups to its place.
      const staging = pack && placement.stage(pack.name, pack.pack, pack.index)
      const placing = placeable && this.#placeMerged(chapter, placeable)
      const [recorded, written] = await Promise.allSettled([recording, staging, placing])
      if (written.status === 'fulfilled') staged = written.value
      if (recorded.status === 'rejected') throw recorded.reason
      sequence = recorded.value
      if (unnamed !== undefined) chapter.packs.named()
      if (written.status === 'rejected') throw written.reason
      // The group is durable now. What follows puts it where git looks for it: packs first, refs last.
      for (const ref of moves.refs) chapter.refs.set(ref, order)
      if (pack !== undefined && staged !== undefined) this.#placePack(chapter, pack, staged)
      await moves.run()
      opened.check()
      if (!journals.isInPlace(chapter)) throw journalGone(chapter)
    } catch (cause) {
      // If the folder now belongs to another store, there is nothing to undo.
      if (!opened.isMoved) await moves.undo()
      if (staged !== undefined) placement.drop(staged)
      if (pack !== undefined) placement.unkeep(pack.name)
      if (chapter !== undefined && sequence !== undefined) journals.done(chapter, sequence, true)
      if (chapter !== undefined) this.#host.written(chapter)
      return { cause }
    }
    if (pack !== undefined) placement.unkeep(pack.name)
    for (const one of batch) this.#queue.release(one.waiting.refs)
    refs.removeEmptyFolders(moves.removed)
    journals.done(chapter, sequence)
    for (const one of batch) this.#finish(one)
    this.#host.written(chapter)
    // Callers whose saves have just been answered run first.
    setImmediate(() => void chapter.packs.mergeDue())
    return undefined
  }

  async #placeMerged(chapter: Chapter, merged: MergedInMemory): Promise<void> {
    try {
      const { placement, objects, merger } = this.#contents
      await placement.place(merged.name, merged.pack, merged.index)
      objects.addPack(merged.name, merged.index)
      chapter.packs.replace(merged)
      merger.retire(merged.replaces, merged.name)
    } catch {
      chapter.packs.forget()
      // The small packs stay. If the disk's error matters, the save itself will meet it too.
    }
  }

  #placePack(chapter: Chapter, pack: BuiltPack, staged: StagedPack): void {
    const { placement, objects } = this.#contents
    placement.keep(pack.name)
    placement.placeStaged(staged)
    objects.addPack(pack.name, pack.index)
    chapter.packs.add(pack)
  }

  #finish({ waiting, plan }: Ready): void {
    try {
      plan.placed?.()
      waiting.resolve(plan.result)
    } catch (error) {
      waiting.reject(error)
    }
  }

  #answer(one: Ready, answer: () => void): void {
    this.#queue.release(one.waiting.refs)
    answer()
  }
}

function journalGone(chapter: Chapter): StorageError {
  const file = chapter.journal.path
  return new StorageError(`The journal '${file}' was removed. Save again.`, { file })
}

function groupEntry(
  batch: readonly Ready[],
  order: number,
  pack: string | null,
  merged?: string,
): GroupEntry {
  const moves = batch.flatMap((one) => one.moves)
  const symbolic = batch.flatMap((one) => one.symbolic)
  return { kind: 'group', order, moves, symbolic, pack, ...(merged === undefined ? {} : { merged }) }
}

const isPlainRef = (name: LockName): name is `refs/${string}` => name.startsWith('refs/')

/** The moves from a commit to a new one that continues it, over new commits alone. */
const forwardMoves = ({ moves, plan }: Ready): RefMove[] => {
  // A snapshot of a workspace has thousands of objects: no array is made for each.
  const commits = new Map(plan.objects.filter(({ type }) => type === 'commit').map((one) => [one.id, one]))
  return moves.filter(({ from, to }) => {
    for (let at = from === null ? undefined : commits.get(to!); at !== undefined; ) {
      const parents = [...asBuffer(at.data).toString('latin1', 0, 512).matchAll(PARENT)].map(([, id]) => id)
      if (parents.includes(from!)) return true
      at = commits.get(parents.at(-1) as ObjectId)
    }
    return false
  })
}

const PARENT = /^parent ([0-9a-f]{40})$/gm

async function packOf(batch: readonly Ready[]): Promise<BuiltPack | undefined> {
  const objects = batch.length === 1 ? batch[0]!.plan.objects : batch.flatMap(({ plan }) => plan.objects)
  if (objects.length === 0) return undefined
  const bytes = objects.reduce((sum, { data }) => sum + data.length, 0)
  return bytes > 256 * 1024 ? buildPackAsync(objects) : buildPack(objects)
}

function* batches(ready: readonly Ready[]): Iterable<Ready[]> {
  let batch: Ready[] = []
  let bytes = 0
  for (const one of ready) {
    const size = one.plan.objects.reduce((sum, { data }) => sum + data.length, 0)
    if (batch.length > 0 && bytes + size > GROUP_BYTES) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(one)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
