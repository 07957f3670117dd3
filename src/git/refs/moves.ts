/** Moves the refs of one group together; if one move fails, all are undone. */
import { isObjectId, type ObjectId, type RefName } from '../../ids.ts'
import type { LockWait } from '../disk/store-folder.ts'
import type { Refs, RefValue } from './refs.ts'
import { removeRefs } from './removal.ts'

/** A ref that goes from one object to another; `null`: it does not exist. */
export interface RefMove {
  ref: RefName
  from: ObjectId | null
  to: ObjectId | null
}

/** A symbolic ref that goes from the name of one ref (or, detached, from an object id) to another. */
export interface SymbolicMove {
  ref: RefName
  from: RefName | ObjectId | null
  to: RefName | null
}

type Move = RefMove | SymbolicMove

export class RefMoves {
  readonly #values: Refs
  readonly #wait: LockWait
  readonly #moves: readonly RefMove[]
  readonly #symbolic: readonly SymbolicMove[]
  readonly #forward: ReadonlySet<Move>
  #touched: Move[] = []

  /**
   * The caller holds the locks of all refs.
   *
   * @param forward those of `moves` that certainly lead to a child of the earlier commit
   */
  constructor(
    values: Refs,
    wait: LockWait,
    moves: readonly RefMove[],
    symbolic: readonly SymbolicMove[],
    forward: ReadonlySet<Move> = new Set(),
  ) {
    this.#values = values
    this.#wait = wait
    this.#moves = moves
    this.#symbolic = symbolic
    this.#forward = forward
  }

  get refs(): RefName[] {
    return [...this.#moves, ...this.#symbolic].map(({ ref }) => ref)
  }

  /** Throws LockedError, StorageError; then `undo` restores the refs that have moved. */
  async run(): Promise<void> {
    // A symbolic ref always has a target: the target is created before it and removed after it.
    for (const move of [...this.#moves, ...this.#symbolic]) {
      if (move.to === null) continue
      const from = this.#forward.has(move) ? (move.from ?? undefined) : undefined
      this.#values.write(move.ref, refValue(move.to), from)
      this.#touched.push(move)
    }
    const gone = this.#moves.filter(({ to }) => to === null)
    const goneSymbolic = this.#symbolic.filter(({ to }) => to === null)
    this.#touched.push(...gone, ...goneSymbolic)
    this.#values.removeLoose(goneSymbolic.map(({ ref }) => ref))
    if (gone.length === 0) return
    await removeRefs(
      this.#values,
      this.#wait,
      gone.map(({ ref }) => ref),
    )
  }

  async undo(): Promise<void> {
    const touched = this.#touched.reverse()
    this.#touched = []
    for (const move of touched) {
      const { ref, from } = move
      try {
        if (from !== null) this.#values.write(ref, refValue(from))
        else if ((this.#symbolic as readonly Move[]).includes(move)) this.#values.removeLoose([ref])
        else await removeRefs(this.#values, this.#wait, [ref])
      } catch {
        // The ref keeps the value of the failed save: the commit is whole, but the save is reported as failed.
      }
    }
  }
}

const refValue = (to: RefName | ObjectId): RefValue => (isObjectId(to) ? { id: to } : { symbolic: to })
