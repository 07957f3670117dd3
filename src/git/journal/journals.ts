/**
 * The journals of one store object: the one that records go to, and the one whose groups are being settled.
 * They live in a folder of their own, `forkpoint/journals/<owner>/`, which recovery adopts by renaming it.
 */

import { join } from 'node:path'
import type { LockName, RefName } from '../../ids.ts'
import { closeAll, type FileSystem } from '../disk/file-system.ts'
import type { Locks } from '../disk/locks.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import { ChapterPacks } from '../merging/chapter-packs.ts'
import type { GroupEntry, JournalEntry } from './entry.ts'
import { Journal } from './journal.ts'
import { MoveClock } from './move-clock.ts'
import { noteNames } from './settled-notes.ts'

/** Bytes of a pack that are written in slices. */
const LARGE = 1024 * 1024

/** A journal, and what depends on it until it is synced in place. */
export interface Chapter {
  journal: Journal
  /** Packs that were placed and not synced. */
  packs: ChapterPacks
  /** Refs that were written or removed, or may have been, with the number of each ref's last move. */
  refs: Map<RefName, number>
  /** Refs whose locks were announced. */
  announced: Set<string>
  /** Set after a failed sync; nothing more is written to the journal then. */
  broken: boolean
}

export class Journals {
  /** Gives each recorded group its number. */
  readonly clock: MoveClock
  readonly #fs: FileSystem
  readonly #locks: Locks
  readonly #folder: string
  #sequence = 0
  #files = 0
  #isPrepared = false
  #chapter: Chapter | undefined
  #spare: Journal | undefined
  #unsyncedFolder = false

  constructor({ fs, paths, locks }: StoreFolder) {
    this.clock = new MoveClock(fs, paths)
    this.#fs = fs
    this.#locks = locks
    this.#folder = join(paths.journals, locks.owner.id)
  }

  /** The chapter that records go to, if one was begun. */
  get current(): Chapter | undefined {
    return this.#chapter
  }

  /** Begins a chapter if there is none; the first time it creates the folder and makes its names durable. */
  async open(): Promise<Chapter> {
    if (this.#chapter !== undefined) return this.#chapter
    if (!this.#isPrepared) {
      await this.#locks.prepareToken()
      this.#isPrepared = true
    }
    this.#chapter ??= this.#newChapter()
    return this.#chapter
  }

  /**
   * Records which locks will be taken, so that recovery knows where to look. Cheap for locks that were announced
   * before.
   */
  announce(chapter: Chapter, refs: readonly LockName[]): void {
    const fresh = refs.filter((ref) => !chapter.announced.has(ref))
    if (fresh.length === 0) return
    this.#append(chapter, { kind: 'locks', refs: fresh })
    for (const ref of fresh) chapter.announced.add(ref)
  }

  /** Makes a group durable. Returns its sequence. Throws StorageError; then the group does not count. */
  async record(chapter: Chapter, entry: GroupEntry, pack?: Uint8Array): Promise<number> {
    const sequence = await this.#appendAny(chapter, entry, pack)
    try {
      await chapter.journal.sync()
      if (this.#unsyncedFolder) {
        await this.#fs.syncDir(this.#folder)
        this.#unsyncedFolder = false
      }
    } catch (error) {
      // The kernel may have dropped the pages, and a second sync would not report it.
      chapter.broken = true
      throw error
    }
    return sequence
  }

  /**
   * Whether recovery would find the journal. If not, nothing that is written to it from now on counts; the next `open`
   * makes a new folder and a new journal.
   */
  isInPlace({ journal }: Chapter): boolean {
    if (journal.isInPlace()) return true
    this.#isPrepared = false
    return false
  }

  /** Notes that a group is in place, or was given up. A lost note does no harm. */
  done(chapter: Chapter, group: number, undone = false): void {
    try {
      this.#append(chapter, { kind: 'done', group, ...(undone && { undone }) })
    } catch {
      // The disk is full. A replay of the group would find everything in place.
    }
  }

  /** Ends the current chapter, so that it can be settled; the next `open` begins another. */
  endChapter(): Chapter | undefined {
    const chapter = this.#chapter
    this.#chapter = undefined
    return chapter
  }

  /** To be called when the chapter is settled and nothing depends on its journal. Throws StorageError. */
  async release({ journal, broken }: Chapter): Promise<void> {
    if (!broken && this.#spare === undefined) {
      try {
        journal.restart()
        await journal.sync()
        // Tells a process that looks for old moves here (`settled-notes.ts`) that they cannot come back.
        journal.append(this.#sequence++, { kind: 'locks', refs: [] })
        this.#spare = journal
        return
      } catch {
        // The file cannot be used again.
      }
    }
    const gone = journal.path.replace(/journal$/, 'gone')
    try {
      journal.close()
    } finally {
      this.#fs.rename(journal.path, gone)
    }
    // If the file came back after a power loss, it would list old moves without the later ones. Until this sync, others
    // can still read it.
    await this.#fs.syncDir(this.#folder)
    this.#fs.unlink(gone)
  }

  /** What other processes have noted here so far: moves of our refs that they have settled. */
  notes(): string[] {
    return noteNames(this.#fs, this.#folder)
  }

  /** All of our moves that these notes were about are settled now. */
  removeNotes(names: readonly string[]): void {
    for (const name of names) this.#fs.unlink(join(this.#folder, name))
  }

  /** Removes the journal that is kept for reuse: it still has the bytes of settled saves. */
  dropSpare(): void {
    const spare = this.#spare
    this.#spare = undefined
    if (spare !== undefined) this.#remove(spare)
  }

  /** Removes the folder; `open` makes it anew. Everything was settled before. */
  close(): void {
    const journals = this.#giveUp()
    closeAll(journals)
    for (const { path } of journals) this.#fs.unlink(path)
    this.removeNotes(this.notes())
    this.#files = 0
    this.#isPrepared = false
    this.#locks.close()
    this.#fs.removeDir(this.#folder)
  }

  /** Closes the files and leaves them to recovery, because not everything could be settled. */
  abandon(unsettled: readonly Chapter[]): void {
    try {
      closeAll([...unsettled.map(({ journal }) => journal), ...this.#giveUp()])
    } finally {
      this.#locks.abandon()
    }
  }

  #remove(journal: Journal): void {
    try {
      journal.close()
    } finally {
      this.#fs.unlink(journal.path)
    }
  }

  /** The caller has to close the returned journal. */
  #giveUp(): Journal[] {
    const journals = [this.#chapter?.journal, this.#spare].filter((journal) => journal !== undefined)
    this.#chapter = undefined
    this.#spare = undefined
    return journals
  }

  #append(chapter: Chapter, entry: JournalEntry, pack?: Uint8Array): number {
    const sequence = this.#sequence
    chapter.journal.append(sequence, entry, pack)
    this.#sequence++
    return sequence
  }

  async #appendAny(chapter: Chapter, entry: GroupEntry, pack?: Uint8Array): Promise<number> {
    if (pack === undefined || pack.length <= LARGE) return this.#append(chapter, entry, pack)
    const sequence = this.#sequence++
    await chapter.journal.appendLarge(sequence, entry, pack)
    return sequence
  }

  #newChapter(): Chapter {
    let journal = this.#spare
    this.#spare = undefined
    if (journal === undefined) {
      journal = Journal.create(this.#fs, join(this.#folder, `${this.#files++}.journal`), this.#locks.owner)
      this.#unsyncedFolder = true
    }
    return { journal, packs: new ChapterPacks(), refs: new Map(), announced: new Set(), broken: false }
  }
}
