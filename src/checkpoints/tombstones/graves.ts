/** Combines the tombstones of a session. Pure; independent of their order. */
import type { CommitId, ObjectId } from '../../ids.ts'
import { EVERY_REF, type Tombstone } from './tombstone.ts'

/** An object that a tombstone names as deleted. */
export interface Grave {
  tombstone: CommitId
  id: ObjectId
}

export class Graves {
  readonly #tombstones: ReadonlyMap<CommitId, Tombstone>
  readonly #below = new Map<CommitId, ReadonlySet<CommitId>>()
  /** Tombstones that restore what earlier ones deleted. */
  readonly #restoring: readonly Tombstone[]

  constructor(tombstones: readonly Tombstone[]) {
    this.#tombstones = new Map(tombstones.map((one) => [one.id, one]))
    this.#restoring = tombstones.filter(({ kind }) => kind === 'restored')
  }

  get isEmpty(): boolean {
    return this.#tombstones.size === 0
  }

  /** Returns the ids of all named objects. */
  ids(): Set<ObjectId> {
    return new Set([...this.#tombstones.values()].flatMap(({ tips }) => tips.map(([, id]) => id)))
  }

  /**
   * Returns what is deleted of a ref (written without `refs/`) and was not restored. Ignores the tombstones in
   * `continued` and those before them, because a new line was begun after them.
   */
  of(ref: string, continued: ReadonlySet<CommitId> = new Set()): Grave[] {
    const found: Grave[] = []
    for (const { id: tombstone, kind, tips } of this.#tombstones.values()) {
      if (kind === 'restored' || kind === 'joined') continue
      const named = tips.filter(([name]) => WHOLE.has(kind) || name === ref)
      if (named.length === 0) continue
      // An `also` tombstone counts as long as one of the deletions before it counts.
      const causes = kind === 'also' ? this.#deletingBelow(tombstone, ref) : [tombstone]
      if (causes.every((cause) => this.#isRestored(cause, ref) || this.#isBelow(cause, continued))) continue
      for (const [, id] of named) found.push({ tombstone, id })
    }
    return found
  }

  /** Returns the tombstones that delete a ref whatever its value on other machines, and that were not taken back. */
  deleting(ref: string): CommitId[] {
    return this.#deletingBelow(undefined, ref).filter(
      (id) => this.#tombstones.get(id)?.kind !== 'pruned' && !this.#isRestored(id, ref),
    )
  }

  /** Returns whether the value of a ref at a remote is deleted, as far as that is known without its history. */
  isKnownDead(ref: string, id: ObjectId, newestThere: CommitId | undefined): boolean {
    if (this.isEmpty) return false
    if (this.of(ref).some((grave) => grave.id === id)) return true
    const there = newestThere === undefined ? undefined : this.below(newestThere)
    return this.deleting(ref).some((tombstone) => there?.has(tombstone) !== true)
  }

  /** Returns the tombstone at `tip` and all its ancestors. */
  below(tip: CommitId): ReadonlySet<CommitId> {
    const known = this.#below.get(tip)
    if (known !== undefined) return known
    const found = new Set<CommitId>()
    const waiting = [tip]
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (found.has(id)) continue
      found.add(id)
      waiting.push(...(this.#tombstones.get(id)?.parents ?? []))
    }
    this.#below.set(tip, found)
    return found
  }

  #deletingBelow(tip: CommitId | undefined, ref: string): CommitId[] {
    const below = tip === undefined ? undefined : this.below(tip)
    return [...this.#tombstones.values()]
      .filter(
        ({ kind, tips }) => WHOLE.has(kind) || (DELETES.has(kind) && tips.some(([name]) => name === ref)),
      )
      .flatMap(({ id }) => (below === undefined || below.has(id) ? [id] : []))
  }

  #isRestored(tombstone: CommitId, ref: string): boolean {
    return this.#restoring.some(
      ({ id, tips }) =>
        tips.some(([name]) => name === ref || name === EVERY_REF) && this.below(id).has(tombstone),
    )
  }

  #isBelow(tombstone: CommitId, continued: ReadonlySet<CommitId>): boolean {
    for (const id of continued) if (this.below(id).has(tombstone)) return true
    return false
  }
}

/** Kinds that delete the whole session, whichever refs they name. */
const WHOLE: ReadonlySet<string> = new Set(['session', 'pruned'])
const DELETES: ReadonlySet<string> = new Set(['branch', 'tag'])
