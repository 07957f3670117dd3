/** What the callers of this saver have seen of a thread: it tells a branch that is meant from two runs on one thread. */
import type { Entry } from './thread-commit.ts'
import type { ThreadIndex } from './thread-index.ts'

const MOST = 10_000

export class Sightings {
  readonly #old = new Set<string>()
  #empty = false

  /**
   * Notices a look at the root namespace.
   *
   * @param asked the id that was asked for; `undefined`: the newest
   * @param found what was there
   */
  look(index: ThreadIndex, asked: string | undefined, found: Entry | undefined): void {
    if (asked === undefined) this.#empty = found === undefined
    else if (found !== undefined && index.branchesAt(found.id).length === 0) {
      if (this.#old.size >= MOST) this.#old.delete(this.#old.values().next().value!)
      this.#old.add(found.id)
    }
  }

  /** Whether the checkpoint was asked for by its id when its line had moved on already: what follows it branches off. */
  isOld(checkpoint: string): boolean {
    return this.#old.has(checkpoint)
  }

  /** Whether there was no checkpoint when the newest was asked for last. */
  get isEmpty(): boolean {
    return this.#empty
  }
}
