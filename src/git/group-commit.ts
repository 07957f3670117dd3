/**
 * Group commit: changes of refs, with the objects they need, made durable together by one sync.
 *
 * Changes of one ref go one after another; changes of different refs that are ready at the same time share a
 * group. A change is visible to every git tool when its promise resolves. `docs/architecture.md`, "Saving".
 */
import { LockedError } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import type { MergedInMemory } from './chapter-packs.ts'
import type { GroupEntry, RefMove, SymbolicMove } from './journal.ts'
import type { Chapter, Journals } from './journals.ts'
import type { Locks } from './lock.ts'
import type { NewObject } from './object.ts'
import type { ObjectStore } from './object-store.ts'
import { type BuiltPack, buildPack, buildPackAsync } from './pack-writer.ts'
import type { Placement } from './placement.ts'
import { removeRefs } from './ref-removal.ts'
import type { Refs } from './refs.ts'

/** What a change of refs is, once their values are known. */
export interface Plan<T> {
  objects: readonly NewObject[]
  /** Refs to move, each one of the change's `refs`; `null` deletes. */
  moves: ReadonlyMap<string, ObjectId | null>
  symbolic?: readonly SymbolicMove[]
  result: T
  /** Called when everything is in place, before the promise resolves. */
  placed?: () => void
}

export interface Change<T> {
  /** Refs (or other files of the store, relative to it) to lock. */
  refs: readonly string[]
  /**
   * Called under the locks with the refs' values. What it throws rejects this change alone. It may be called
   * again, with newer values, if the attempt before could not be finished.
   */
  prepare(current: ReadonlyMap<string, ObjectId | undefined>): Plan<T> | Promise<Plan<T>>
}

interface Waiting {
  change: Change<unknown>
  refs: readonly string[]
  resolve(value: unknown): void
  reject(error: unknown): void
  /** Set once a lock was found taken. */
  busySince?: number
  notBefore?: number
}

interface Ready {
  waiting: Waiting
  plan: Plan<unknown>
  moves: RefMove[]
}

export interface GroupCommitParts {
  refs: Refs
  locks: Locks
  journals: Journals
  placement: Placement
  objects: ObjectStore
  now: () => number
  /** How long a lock that somebody else holds is waited for, in milliseconds. */
  lockTimeout: number
  /** Finishes or undoes what dead processes left, their locks included. */
  recover(): Promise<void>
  /** Places a pack merged from small ones of this chapter. */
  placeMerged(chapter: Chapter, merged: MergedInMemory): Promise<void>
  /** Called after each group, failed ones too. */
  written(chapter: Chapter): void
}

const GROUP_LIMIT = 256
const GROUP_BYTES = 16 * 1024 * 1024

export class GroupCommit {
  private readonly parts: GroupCommitParts
  private queue: Waiting[] = []
  private running: Promise<void> | undefined
  private writing: Promise<unknown> = Promise.resolve()

  constructor(parts: GroupCommitParts) {
    this.parts = parts
  }

  /** Makes a change. Throws what `prepare` throws, LockedError, StorageError. */
  submit<T>(change: Change<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const refs = [...new Set(change.refs)].sort()
      this.queue.push({ change, refs, resolve: resolve as (value: unknown) => void, reject })
      this.running ??= Promise.resolve().then(() => this.run())
    })
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running
  }

  /** Resolves when the group that is being written now, if any, is in place. */
  async groupEnd(): Promise<void> {
    await this.writing
  }

  private async run(): Promise<void> {
    try {
      while (this.queue.length > 0) {
        const chapter = await this.parts.journals.open()
        const group = this.takeLocks(chapter)
        if (group.length > 0) await this.commit(group)
        if (this.queue.some(({ busySince }) => busySince !== undefined))
          await this.attendToBusy(group.length === 0)
      }
    } catch (error) {
      // Not even a journal could be opened: all who wait are told.
      for (const waiting of this.queue.splice(0)) waiting.reject(error)
    } finally {
      this.running = undefined
      if (this.queue.length > 0) this.running = this.run()
    }
  }

  /** The changes whose locks could be taken, at most one a ref, in order of arrival. */
  private takeLocks(chapter: Chapter): Waiting[] {
    const claimed = new Set<string>()
    const group: Waiting[] = []
    const now = performance.now()
    for (const waiting of this.queue) {
      if (group.length >= GROUP_LIMIT) break
      const free = !waiting.refs.some((ref) => claimed.has(ref))
      for (const ref of waiting.refs) claimed.add(ref)
      if (!free || (waiting.notBefore ?? 0) > now) continue
      try {
        this.parts.journals.announce(chapter, waiting.refs)
        if (this.takeAll(waiting)) group.push(waiting)
        else this.postpone(waiting, now)
      } catch (error) {
        this.fail(waiting, error)
      }
    }
    const taken = new Set(group)
    this.queue = this.queue.filter((waiting) => !taken.has(waiting))
    return group
  }

  private takeAll(waiting: Waiting): boolean {
    const taken: string[] = []
    try {
      for (const ref of waiting.refs) {
        if (!this.parts.locks.take(this.parts.refs.path(ref))) {
          this.release(taken)
          return false
        }
        taken.push(ref)
      }
      return true
    } catch (error) {
      this.release(taken)
      throw error
    }
  }

  private postpone(waiting: Waiting, now: number): void {
    waiting.busySince ??= now
    const waited = now - waiting.busySince
    waiting.notBefore = now + Math.min(1 + waited / 4, 40) * (0.5 + Math.random())
  }

  /** Recovers what a dead process left locked, gives up what waits too long; waits if there is nothing else to do. */
  private async attendToBusy(wait: boolean): Promise<void> {
    const { locks, refs, lockTimeout, recover } = this.parts
    const now = performance.now()
    let next = now + 50
    for (const waiting of [...this.queue]) {
      if (waiting.busySince === undefined) continue
      const held = waiting.refs.map((ref) => refs.path(ref)).find((path) => locks.holder(path) !== undefined)
      if (held === undefined) waiting.notBefore = 0
      else if (locks.isStale(held)) {
        await recover()
        waiting.notBefore = now + 1
      }
      if (now - waiting.busySince > lockTimeout) {
        this.fail(waiting, new LockedError(`${held ?? refs.path(waiting.refs[0] ?? '')}.lock`))
      }
      next = Math.min(next, waiting.notBefore ?? 0)
    }
    if (wait && next > now) await new Promise((resolve) => setTimeout(resolve, next - now))
  }

  private fail(waiting: Waiting, error: unknown): void {
    this.queue = this.queue.filter((other) => other !== waiting)
    waiting.reject(error)
  }

  private async commit(group: readonly Waiting[]): Promise<void> {
    const prepared = await Promise.all(group.map((waiting) => this.prepare(waiting)))
    const ready = prepared.filter((one) => one !== undefined)
    for (const batch of batches(ready)) {
      const failure = await this.begin(batch)
      if (failure === undefined) continue
      // One that is too big for the disk must not take the others with it.
      for (const one of batch) {
        const error = batch.length === 1 ? failure : await this.begin([one])
        if (error !== undefined) this.answer(one, () => one.waiting.reject(error))
      }
    }
  }

  private begin(batch: readonly Ready[]): Promise<unknown> {
    const writing = this.write(batch)
    this.writing = writing
    return writing
  }

  private async prepare(waiting: Waiting): Promise<Ready | undefined> {
    try {
      const current = new Map(waiting.refs.map((ref) => [ref, this.valueOf(ref)]))
      const plan = await waiting.change.prepare(current)
      const moves: RefMove[] = []
      for (const [ref, to] of plan.moves) {
        const from = current.get(ref) ?? null
        if (from !== to) moves.push({ ref, from, to })
      }
      const ready = { waiting, plan, moves }
      if (moves.length > 0 || (plan.symbolic?.length ?? 0) > 0) return ready
      this.answer(ready, () => this.finish(ready))
    } catch (error) {
      this.release(waiting.refs)
      waiting.reject(error)
    }
    return undefined
  }

  private valueOf(ref: string): ObjectId | undefined {
    if (!ref.startsWith('refs/')) return undefined
    const value = this.parts.refs.readValue(ref)
    return value !== undefined && 'id' in value ? value.id : undefined
  }

  /** Makes a batch durable, places it and answers. Returns the error when nothing of it counts. */
  private async write(batch: readonly Ready[]): Promise<unknown> {
    const { journals, now } = this.parts
    const undo = new Undo(this.parts.refs)
    let chapter: Chapter | undefined
    let pack: BuiltPack | undefined
    let sequence: number | undefined
    try {
      pack = await packOf(batch)
      chapter = await journals.open()
      // It may be a new one since the locks were taken.
      journals.announce(
        chapter,
        batch.flatMap(({ waiting }) => waiting.refs),
      )
      const merged = await chapter.packs.mergeDue()
      const entry = groupEntry(batch, now(), pack?.name ?? null, merged?.name)
      sequence = await journals.record(chapter, entry, pack?.pack)
      // Durable. From here on it is put where git looks for it: packs first, refs last.
      if (merged !== undefined) await this.parts.placeMerged(chapter, merged)
      if (pack !== undefined) await this.placePack(chapter, pack)
      await this.moveRefs(batch, undo)
    } catch (error) {
      undo.run()
      if (pack !== undefined) this.unkeep(pack.name)
      if (chapter !== undefined && sequence !== undefined) journals.done(chapter, sequence)
      if (chapter !== undefined) this.parts.written(chapter)
      return error
    }
    if (pack !== undefined) this.unkeep(pack.name)
    for (const { ref } of [...entryMoves(batch)]) chapter.refs.add(ref)
    for (const one of batch) this.release(one.waiting.refs)
    journals.done(chapter, sequence)
    for (const one of batch) this.finish(one)
    this.parts.written(chapter)
    return undefined
  }

  private async placePack(chapter: Chapter, pack: BuiltPack): Promise<void> {
    const { placement, objects } = this.parts
    placement.keep(pack.name)
    await placement.place(pack.name, pack.pack, pack.index)
    objects.addPack(pack.name, pack.index)
    chapter.packs.add(pack)
  }

  private unkeep(pack: string): void {
    try {
      this.parts.placement.unkeep(pack)
    } catch {
      // It keeps a pack from being repacked, no more; the next recovery removes it.
    }
  }

  private async moveRefs(batch: readonly Ready[], undo: Undo): Promise<void> {
    const { refs } = this.parts
    const moves = batch.flatMap((one) => one.moves)
    const symbolic = batch.flatMap(({ plan }) => plan.symbolic ?? [])
    const gone = entryMoves(batch)
      .filter(({ to }) => to === null)
      .map(({ ref }) => ref)
    if (gone.length > 0) await removeRefs(this.parts, gone)
    for (const move of moves) {
      if (move.to !== null) refs.write(move.ref, { id: move.to })
      undo.add(move)
    }
    for (const { ref, to } of symbolic) {
      if (to !== null) refs.write(ref, { symbolic: to })
    }
  }

  private finish({ waiting, plan }: Ready): void {
    try {
      plan.placed?.()
      waiting.resolve(plan.result)
    } catch (error) {
      waiting.reject(error)
    }
  }

  private answer(one: Ready, answer: () => void): void {
    this.release(one.waiting.refs)
    answer()
  }

  private release(refs: readonly string[]): void {
    for (const ref of refs) this.parts.locks.release(this.parts.refs.path(ref))
  }
}

/** Puts refs back when a group could be made durable but not placed, say on a full disk. */
class Undo {
  private readonly refs: Refs
  private readonly moves: RefMove[] = []

  constructor(refs: Refs) {
    this.refs = refs
  }

  add(move: RefMove): void {
    this.moves.push(move)
  }

  run(): void {
    for (const { ref, from } of this.moves.reverse()) {
      try {
        if (from === null) this.refs.removeLoose([ref])
        else this.refs.write(ref, { id: from })
      } catch {
        // The ref stays where the save that failed put it: whole, and reported as failed.
      }
    }
  }
}

const entryMoves = (batch: readonly Ready[]): (RefMove | SymbolicMove)[] =>
  batch.flatMap(({ moves, plan }) => [...moves, ...(plan.symbolic ?? [])])

function groupEntry(batch: readonly Ready[], at: number, pack: string | null, merged?: string): GroupEntry {
  const moves = batch.flatMap((one) => one.moves)
  const symbolic = batch.flatMap(({ plan }) => plan.symbolic ?? [])
  return { kind: 'group', at, moves, symbolic, pack, ...(merged === undefined ? {} : { merged }) }
}

async function packOf(batch: readonly Ready[]): Promise<BuiltPack | undefined> {
  const objects = batch.flatMap(({ plan }) => plan.objects)
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
