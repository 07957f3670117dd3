/** Settles the chapters of a repository's journals: when they are full, after some time, and on request. */
import type { OpenedFolder } from '../disk/opened-folder.ts'
import { ChapterEnd } from './chapter-end.ts'
import type { Contents } from './contents.ts'
import type { Chapter, Journals } from './journals.ts'
import { settle } from './settle.ts'

/** Bytes in a journal after which it is settled. */
const MOST = 16 << 20
/** Milliseconds without a save after which surplus packs are removed. */
const QUIET = 5000
/** New refs in one chapter, from which on they are packed. */
const MANY_REFS = 1000

export interface SettlingOptions {
  /** Waits for the group of saves in progress. */
  groupEnd(): Promise<void>
  /** Bytes in a journal after which it is settled. */
  bytes?: number | undefined
  /** Milliseconds from the first save to the end of the chapter, on any disk. */
  after?: number | undefined
  /** New refs in one chapter, from which on they are packed. */
  packFrom?: number | undefined
}

export class Settling {
  readonly #contents: Contents
  readonly #journals: Journals
  readonly #openedFolder: OpenedFolder
  readonly #options: SettlingOptions
  readonly #end: ChapterEnd
  #unsettled: Chapter[] = []
  #running: Promise<void> = Promise.resolve()
  #quiet: NodeJS.Timeout | undefined
  #stopped = false

  constructor(contents: Contents, journals: Journals, openedFolder: OpenedFolder, options: SettlingOptions) {
    this.#contents = contents
    this.#journals = journals
    this.#openedFolder = openedFolder
    this.#options = options
    this.#end = new ChapterEnd(contents.folder, () => this.#start(), options.after)
  }

  /** Chapters that have ended and are not settled yet. */
  get unsettled(): readonly Chapter[] {
    return this.#unsettled
  }

  /** To be called after each save. */
  written(chapter: Chapter): void {
    if (chapter.broken || chapter.journal.used > (this.#options.bytes ?? MOST)) this.#start()
    else this.#end.plan()
  }

  /** Syncs in place what only the journal keeps safe so far. Throws StorageError. */
  async settle(): Promise<void> {
    this.#endChapter()
    const due = [...this.#unsettled]
    // These have every move that other processes have made so far of refs in our journals.
    const notes = this.#journals.notes()
    const run = this.#running.then(async () => {
      await this.#settleAll(due)
      this.#journals.removeNotes(notes)
    })
    this.#running = run.catch(() => undefined)
    return run
  }

  /** To be called when the repository closes, before it settles for the last time. */
  stop(): void {
    this.#stopped = true
  }

  /** Stops the timers. */
  clear(): void {
    this.#end.clear()
    clearTimeout(this.#quiet)
  }

  /** What fails stays unsettled, and is tried again. */
  #start(): void {
    void this.settle().catch(() => undefined)
  }

  #endChapter(): void {
    this.#end.clear()
    const chapter = this.#journals.endChapter()
    if (chapter !== undefined) this.#unsettled.push(chapter)
  }

  async #settleAll(due: readonly Chapter[]): Promise<void> {
    const { placement, merger } = this.#contents
    // A group in progress may have begun in one of these chapters.
    await this.#options.groupEnd()
    const left = due.filter((chapter) => this.#unsettled.includes(chapter))
    if (left.length === 0 && this.#openedFolder.isMoved) return
    for (const chapter of left) {
      this.#openedFolder.check()
      const { names: packs, replaced } = chapter.packs
      const { packFrom = MANY_REFS } = this.#options
      await settle(this.#contents, { packs, replaced, refs: chapter.refs, packFrom })
      // Otherwise another folder may have been synced.
      this.#openedFolder.check()
      this.#unsettled = this.#unsettled.filter((other) => other !== chapter)
      await this.#journals.release(chapter)
    }
    placement.unkeep()
    await merger.compact()
    merger.sweep()
    this.#quiet ??= setTimeout(() => this.#comeToRest(), QUIET).unref()
    this.#quiet.refresh()
  }

  #comeToRest(): void {
    try {
      if (!this.#stopped && !this.#openedFolder.isMoved) this.#contents.merger.rest()
    } catch {
      // Surplus packs stay until the next settling.
    }
  }
}
