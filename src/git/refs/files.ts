/**
 * Replaces the files of refs without creating or deleting files: the ref's old file gets a second name, and a later
 * save writes into it and renames it over the ref. Why: `docs/decisions/0005-inodes.md`.
 */
import { dirname } from 'node:path'
import { StorageError } from '../../errors.ts'
import type { FileSystem } from '../disk/file-system.ts'
import type { Temporaries } from '../disk/temporaries.ts'

/** Former files of a ref, oldest first, and the ref's current text. */
interface Spares {
  files: string[]
  text: string
}

/** A file that is written, but not in its place yet. Exactly one of the two has to be called. */
export interface Staged {
  place(): void
  discard(): void
}

/** A file is reused only after this many saves: a process that opened it as the ref has read it by then. */
const ROTATION = 3
const REFS = 256

export class RefFiles {
  readonly #fs: FileSystem
  readonly #temporaries: Temporaries
  readonly #spares = new Map<string, Spares>()
  #hardLinks = true

  constructor(fs: FileSystem, temporaries: Temporaries) {
    this.#fs = fs
    this.#temporaries = temporaries
  }

  /** As `stage`, and puts the file in place. */
  write(path: string, text: string, from?: string): void {
    this.stage(path, text, from).place()
  }

  /**
   * Writes what will replace the file at `path`, atomically. Throws StorageError.
   *
   * @param from the file's current text, if known. Only then is an older file reused: after a power loss it may have
   * its old text again, which must be an earlier value than `text`.
   */
  stage(path: string, text: string, from?: string): Staged {
    const own = this.#spares.get(path)
    const follows =
      own !== undefined && from !== undefined && own.text === from && from.length === text.length
    if (!follows) this.forget(path)
    const bytes = Buffer.from(text)
    const file = (follows ? this.#again(own, bytes) : undefined) ?? this.#temporaries.write(bytes)
    let older: string | undefined
    const discard = (): void => {
      this.#temporaries.discard(file)
      if (older !== undefined) this.#temporaries.discard(older)
    }
    const orDiscard = (work: () => void): void => {
      try {
        work()
      } catch (error) {
        discard()
        throw error
      }
    }
    orDiscard(() => {
      if (from !== undefined) older = this.#keep(path)
    })
    return {
      discard,
      place: () => {
        orDiscard(() => this.#replace(file, path))
        if (older === undefined) this.forget(path)
        else this.#remember(path, older, text, follows ? own : undefined)
      },
    }
  }

  /** Forgets the files, because the ref was removed or another program changed it. */
  forget(path: string): void {
    for (const file of this.#spares.get(path)?.files ?? []) this.#temporaries.discard(file)
    this.#spares.delete(path)
  }

  close(): void {
    for (const path of [...this.#spares.keys()]) this.forget(path)
  }

  /**
   * Writes `text` to the oldest spare file; `undefined` while there are too few, or if the file has another hard link.
   */
  #again(own: Spares, bytes: Uint8Array): string | undefined {
    if (own.files.length < ROTATION) return undefined
    const path = own.files.shift()!
    const stat = this.#fs.stat(path)
    if (stat?.kind === 'file' && stat.links === 1 && stat.size === bytes.length) {
      const file = this.#fs.open(path, 'r+')
      try {
        if (file?.write(bytes, 0) === bytes.length) return path
      } finally {
        file?.close()
      }
    }
    this.#temporaries.discard(path)
    return undefined
  }

  /** Gives the ref's current file a second name. */
  #keep(path: string): string | undefined {
    if (!this.#hardLinks) return undefined
    const spare = this.#temporaries.path()
    const result = this.#fs.link(path, spare)
    if (result === 'unsupported') this.#hardLinks = false
    return result === 'done' ? spare : undefined
  }

  #replace(file: string, path: string): void {
    // Git removes empty folders of refs.
    for (let round = 0; !this.#fs.rename(file, path); round++) {
      if (round === 5)
        throw new StorageError(
          `The folder of '${path}' is removed again and again by another process. Try again.`,
          { file: path },
        )
      this.#fs.makeDir(dirname(path))
    }
  }

  #remember(path: string, older: string, text: string, own: Spares | undefined): void {
    this.#spares.delete(path)
    if (this.#spares.size >= REFS) this.forget(this.#spares.keys().next().value!)
    this.#spares.set(path, { files: [...(own?.files ?? []), older], text })
  }
}
