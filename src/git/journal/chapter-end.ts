/** When a chapter of the journal ends, if it does not get too long before. */
import type { StoreFolder } from '../disk/store-folder.ts'

const LONGEST = 30_000

/** Milliseconds until we look whether somebody waits for our chapter to end; much less than anybody waits. */
const LOOK_AFTER = 1000

export class ChapterEnd {
  readonly #folder: StoreFolder
  readonly #settle: () => void
  readonly #after: number | undefined
  #timer: NodeJS.Timeout | undefined

  /** `after`: milliseconds from the first save, whatever the disk is. */
  constructor(folder: StoreFolder, settle: () => void, after?: number) {
    this.#folder = folder
    this.#settle = settle
    this.#after = after
  }

  /** Something was saved. */
  plan(): void {
    // Whoever can't tell whether we live has to wait until nothing of ours is unsettled.
    const isShared = this.#folder.locks.owner.disk === undefined
    this.#timer ??= this.#in(this.#after ?? (isShared ? LOOK_AFTER : LONGEST))
  }

  /** The chapter has ended. */
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

  /** Whether a process maintains the store: what it purges must be in no journal. */
  #isMaintained(): boolean {
    const { fs, paths } = this.#folder
    try {
      return fs.stat(`${paths.maintained}.lock`) !== undefined
    } catch {
      return true
    }
  }
}
