/**
 * The journals of one store object: the one that records go to, and the one whose groups are being settled.
 * They live in a folder of their own, `forkpoint/journals/<owner>/`, which recovery adopts by renaming it.
 */
import { join } from 'node:path'
import { ChapterPacks } from './chapter-packs.ts'
import type { FileSystem } from './file-system.ts'
import { type GroupEntry, Journal, type JournalEntry } from './journal.ts'
import type { Locks } from './lock.ts'
import type { Paths } from './paths.ts'

/** A journal with what depends on it until that is synced in place. */
export interface Chapter {
  journal: Journal
  /** Packs that were placed and not synced. */
  packs: ChapterPacks
  /** Refs that were written or removed. */
  refs: Set<string>
  /** Refs whose locks were announced. */
  announced: Set<string>
  /** After a failed sync nothing more is written to it. */
  broken: boolean
}

export class Journals {
  private readonly fs: FileSystem
  private readonly paths: Paths
  private readonly locks: Locks
  private readonly folder: string
  private sequence = 0
  private files = 0
  private current: Chapter | undefined
  private spare: Journal | undefined
  private unsyncedFolder = false

  constructor(fs: FileSystem, paths: Paths, locks: Locks) {
    this.fs = fs
    this.paths = paths
    this.locks = locks
    this.folder = join(paths.journals, locks.owner.id)
  }

  /** The chapter that records go to; the first call creates the folder and makes its names durable. */
  async open(): Promise<Chapter> {
    if (this.current !== undefined) return this.current
    if (this.files === 0) {
      await this.locks.prepareToken()
      await this.fs.syncDir(this.paths.journals)
      this.unsyncedFolder = true
    }
    this.current = this.newChapter()
    return this.current
  }

  /** Says which locks will be taken, so that whoever recovers knows where to look. Cheap when said before. */
  announce(chapter: Chapter, refs: readonly string[]): void {
    const fresh = refs.filter((ref) => !chapter.announced.has(ref))
    if (fresh.length === 0) return
    this.append(chapter, { kind: 'locks', refs: fresh })
    for (const ref of fresh) chapter.announced.add(ref)
  }

  /** Makes a group durable. Returns its sequence. Throws StorageError; then the group counts as not there. */
  async record(chapter: Chapter, entry: GroupEntry, pack?: Uint8Array): Promise<number> {
    const sequence = this.append(chapter, entry, pack)
    try {
      await chapter.journal.sync()
      if (this.unsyncedFolder) {
        await this.fs.syncDir(this.folder)
        this.unsyncedFolder = false
      }
    } catch (error) {
      // What the kernel did with the pages is unknown, and a second sync would not tell.
      chapter.broken = true
      throw error
    }
    return sequence
  }

  /** Notes that a group is in place, or was given up. Losing the note is harmless. */
  done(chapter: Chapter, group: number): void {
    try {
      this.append(chapter, { kind: 'done', group })
    } catch {
      // A full disk. Replaying the group finds everything in place.
    }
  }

  /** Ends the current chapter, so that it can be settled; the next `open` begins another. */
  turn(): Chapter | undefined {
    const chapter = this.current
    this.current = undefined
    return chapter
  }

  /** The chapter is settled: nothing depends on its journal any more. */
  async release(chapter: Chapter): Promise<void> {
    if (chapter.broken || this.spare !== undefined) {
      chapter.journal.close()
      this.fs.unlink(chapter.journal.path)
      return
    }
    chapter.journal.restart()
    await chapter.journal.sync()
    this.spare = chapter.journal
  }

  /** Whether nothing was written since the last turn. */
  get isEmpty(): boolean {
    return this.current === undefined
  }

  /** Removes the folder; `open` makes it anew. Everything was settled before. */
  close(): void {
    for (const journal of [this.current?.journal, this.spare]) {
      if (journal === undefined) continue
      journal.close()
      this.fs.unlink(journal.path)
    }
    this.current = undefined
    this.spare = undefined
    if (this.files === 0) return
    this.files = 0
    this.locks.close()
    this.fs.removeDir(this.folder)
  }

  private append(chapter: Chapter, entry: JournalEntry, pack?: Uint8Array): number {
    const sequence = this.sequence
    chapter.journal.append(sequence, entry, pack)
    this.sequence++
    return sequence
  }

  private newChapter(): Chapter {
    let journal = this.spare
    this.spare = undefined
    if (journal === undefined) {
      journal = Journal.create(this.fs, join(this.folder, `${this.files++}.journal`), this.locks.owner)
      this.unsyncedFolder = true
    }
    return { journal, packs: new ChapterPacks(), refs: new Set(), announced: new Set(), broken: false }
  }
}
