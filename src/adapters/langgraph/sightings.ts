/**
 * Records what the callers of this saver have read of a thread, to distinguish an intended branch from two conflicting
 * runs.
 */
import type { Entry } from './thread-commit.ts'
import type { ThreadIndex } from './thread-index.ts'

const MOST = 10_000

export class Sightings {
  readonly #old = new Set<string>()
  #empty = false

  /**
   * Records a read of the root namespace.
   *
   * @param asked the requested id; `undefined` for the newest checkpoint
   * @param found the checkpoint that was returned
   */
  look(index: ThreadIndex, asked: string | undefined, found: Entry | undefined): void {
    if (asked === undefined) this.#empty = found === undefined
    else if (found !== undefined && index.branchesAt(found.id).length === 0) {
      if (this.#old.size >= MOST) this.#old.delete(this.#old.values().next().value!)
      this.#old.add(found.id)
    }
  }

  /** Whether the checkpoint was requested by its id when it was not a tip any more: its successor starts a branch. */
  isOld(checkpoint: string): boolean {
    return this.#old.has(checkpoint)
  }

  /** Whether the last request for the newest checkpoint found none. */
  get isEmpty(): boolean {
    return this.#empty
  }
}
