/** Moves the refs of one group together; if one move fails, all are undone. */
import { StorageError } from '../../errors.ts'
import { isObjectId, type ObjectId, type RefName } from '../../ids.ts'
import type { LockWait } from '../disk/store-folder.ts'
import type { Staged } from './files.ts'
import type { Refs, RefValue } from './refs.ts'
import { prepareRemoval, removeRefs } from './removal.ts'

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
  /** Moves that may have happened; `isNew`: the ref had no file of its own. */
  #touched: { move: Move; isNew: boolean }[] = []

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

  /** The refs that the moves remove. */
  get removed(): RefName[] {
    return [...this.#moves, ...this.#symbolic].flatMap(({ ref, to }) => (to === null ? ref : []))
  }

  /**
   * Everything that needs room on the disk is written before the first ref moves. What follows can fail only while refs are
   * created, and to undo that needs no room. Throws LockedError, StorageError; then `undo` restores the refs that have moved.
   */
  async run(): Promise<void> {
    const gone = this.#moves.flatMap(({ ref, to }) => (to === null ? ref : []))
    const removal = gone.length === 0 ? undefined : await prepareRemoval(this.#values, this.#wait, gone)
    try {
      this.#write()
      for (const move of [...this.#moves, ...this.#symbolic])
        if (move.to === null) this.#touched.push({ move, isNew: false })
      this.#values.removeLoose(this.#symbolic.flatMap(({ ref, to }) => (to === null ? ref : [])))
      removal?.run()
    } finally {
      removal?.end()
    }
  }

  /** A symbolic ref always has a target: the target is created before it and removed after it. */
  #write(): void {
    const writes: { move: Move; isNew: boolean; staged: Staged }[] = []
    const isAlone = this.#moves.length + this.#symbolic.length === 1
    try {
      for (const move of [...this.#moves, ...this.#symbolic]) {
        if (move.to === null) continue
        const from = this.#forward.has(move) ? (move.from ?? undefined) : undefined
        const isNew = move.from === null || (!isAlone && !this.#values.isLoose(move.ref))
        writes.push({ move, isNew, staged: this.#values.stage(move.ref, refValue(move.to), from) })
      }
      // The names of new files may need room.
      writes.sort((a, b) => Number(b.isNew) - Number(a.isNew)).reverse()
      for (let next = writes.pop(); next !== undefined; next = writes.pop()) {
        next.staged.place()
        this.#touched.push(next)
      }
    } finally {
      for (const { staged } of writes) staged.discard()
    }
  }

  async undo(): Promise<void> {
    const touched = this.#touched.reverse()
    this.#touched = []
    for (const { move, isNew } of touched) {
      const { ref, from } = move
      try {
        if (from !== null && isNew && this.#values.packedValue(ref) === from) this.#values.removeLoose([ref])
        else if (from !== null) this.#values.write(ref, refValue(from))
        else if ((this.#symbolic as readonly Move[]).includes(move)) this.#values.removeLoose([ref])
        else await this.#remove(ref)
      } catch {
        // The ref keeps the value of the failed save: the commit is whole, but the save is reported as failed.
      }
    }
  }

  /** Removes a ref that was just created. */
  async #remove(ref: RefName): Promise<void> {
    try {
      await removeRefs(this.#values, this.#wait, [ref])
    } catch (error) {
      // Without room, nobody can lock or rewrite packed-refs.
      if (!(error instanceof StorageError)) throw error
      this.#values.removeLoose([ref])
    }
  }
}

const refValue = (to: RefName | ObjectId): RefValue => (isObjectId(to) ? { id: to } : { symbolic: to })
