/** Ends a chapter of the journal after some time, if its size has not ended it before. */
import type { StoreFolder } from '../disk/store-folder.ts'

const LONGEST = 30_000

/**
 * Milliseconds between looks at whether another process waits for our chapter to end; much less than any of them waits.
 */
const LOOK_AFTER = 1000

export class ChapterEnd {
  readonly #folder: StoreFolder
  readonly #settle: () => void
  readonly #after: number | undefined
  #timer: NodeJS.Timeout | undefined

  /** `after`: milliseconds from the first save to the end of the chapter, on any disk. */
  constructor(folder: StoreFolder, settle: () => void, after?: number) {
    this.#folder = folder
    this.#settle = settle
    this.#after = after
  }

  /** To be called after each save. */
  plan(): void {
    // A process that cannot tell whether we live has to wait until everything of ours is settled.
    const isShared = this.#folder.locks.owner.disk === undefined
    this.#timer ??= this.#in(this.#after ?? (isShared ? LOOK_AFTER : LONGEST))
  }

  /** To be called when the chapter has ended. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #in(milliseconds: number): NodeJS.Timeout {
    const left = milliseconds - LOOK_AFTER
    const due = (): void => {
      if (left > 0 && !this.#isMaintained()) this.#timer = this.#in(left)
      else this.#settle()
    }
    return setTimeout(due, Math.min(milliseconds, LOOK_AFTER)).unref()
  }

  /** Whether a process maintains the store: what it purges must not remain in any journal. */
  #isMaintained(): boolean {
    const { fs, paths } = this.#folder
    try {
      return fs.stat(`${paths.maintained}.lock`) !== undefined
    } catch {
      return true
    }
  }
}
