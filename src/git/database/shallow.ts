/** Where the history of a shallow clone is cut off: commits whose parents are elsewhere. Source: gitrepository-layout(5). */
import { isObjectId, type ObjectId } from '../../ids.ts'
import type { FileReader } from '../disk/file-system.ts'

/** The commits that the file `shallow` of a repository names. */
export function readShallow(fs: FileReader, file: string): Set<ObjectId> {
  const text = fs.readFile(file)?.toString('latin1') ?? ''
  return new Set(text.split('\n').filter(isObjectId))
}

export class Shallow {
  readonly #fs: FileReader
  readonly #file: string
  #commits: ReadonlySet<ObjectId> | undefined

  /** The file is read when it is first needed. */
  constructor(fs: FileReader, file: string) {
    this.#fs = fs
    this.#file = file
  }

  /** Whether history is cut off anywhere. */
  get isAnywhere(): boolean {
    this.#commits = readShallow(this.#fs, this.#file)
    return this.#commits.size > 0
  }

  /** Whether the commit's parents are not in this repository. */
  has(id: ObjectId): boolean {
    this.#commits ??= readShallow(this.#fs, this.#file)
    if (!this.#commits.has(id)) return false
    // More history may have been fetched since.
    this.#commits = readShallow(this.#fs, this.#file)
    return this.#commits.has(id)
  }
}
