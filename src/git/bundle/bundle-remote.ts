/** A bundle file in place of a git server: fetching is possible, pushing is not. */
import { Buffer } from 'node:buffer'
import { CorruptError, NotFoundError, StorageError, UnsupportedError } from '../../errors.ts'
import type { ObjectId } from '../../ids.ts'
import type { OpenFile } from '../disk/file-system.ts'
import type { Repository } from '../repository.ts'
import { takeIncoming } from '../wire/incoming.ts'
import type { Fetched, MoveAnswer, Remote, RemoteOptions, RemoteRefs } from '../wire/remote.ts'
import { type BundleHeader, readHeader } from './header.ts'

export class BundleRemote implements Remote {
  readonly #repository: Repository
  readonly #path: string

  /** Reads nothing before the first call. */
  constructor(repository: Repository, path: string) {
    this.#repository = repository
    this.#path = path
  }

  async refs(prefixes: readonly string[]): Promise<RemoteRefs> {
    const { refs } = await this.#opened((file) => readHeader(file, this.#path))
    const wanted = [...refs].filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix)))
    return { refs: new Map(wanted), head: undefined }
  }

  /**
   * Takes the whole pack, and checks that the repository then has everything that `wants` reach. Throws NotFoundError
   * if the bundle continues an earlier one that was not restored, CorruptError, StorageError.
   */
  async fetch({ wants }: { wants: readonly ObjectId[] }, options: RemoteOptions = {}): Promise<Fetched> {
    if (wants.length === 0) return { release() {} }
    await this.#repository.create()
    const receiving = { repository: this.#repository, url: `'${this.#path}'`, options }
    return this.#opened(async (file) => {
      const { packStart, ...header } = await readHeader(file, this.#path)
      try {
        const answer = { pack: pieces(file, packStart), shallow: [], unshallow: [] }
        return await takeIncoming(receiving, answer, wants)
      } catch (error) {
        if (error instanceof CorruptError) await this.#checkPrerequisites(header)
        throw error
      }
    })
  }

  push(): Promise<readonly MoveAnswer[]> {
    return Promise.reject(
      new UnsupportedError('push', `'${this.#path}' is a bundle, which can only be read. Make a new one.`),
    )
  }

  async #checkPrerequisites({ prerequisites }: BundleHeader): Promise<void> {
    for (const id of prerequisites) {
      if (await this.#repository.objects.has(id)) continue
      throw new NotFoundError(
        { kind: 'checkpoint', id },
        `'${this.#path}' has only what is new since an earlier bundle, and builds on the checkpoint ${id}, which is not in this store. Restore the earlier bundle first.`,
      )
    }
  }

  async #opened<T>(use: (file: OpenFile) => Promise<T>): Promise<T> {
    const file = this.#repository.fs.open(this.#path, 'r')
    if (file === undefined) throw new StorageError(`There is no file '${this.#path}'.`, { file: this.#path })
    try {
      return await use(file)
    } finally {
      file.close()
    }
  }
}

async function* pieces(file: OpenFile, start: number): AsyncGenerator<Buffer> {
  for (let at = start; ; ) {
    const piece = Buffer.allocUnsafe(PIECE)
    const length = await file.readAsync(piece, at)
    if (length === 0) return
    yield piece.subarray(0, length)
    at += length
  }
}

const PIECE = 512 * 1024
