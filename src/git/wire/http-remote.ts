/** A git server over HTTP, together with the repository that pushes to it and fetches from it. */
import { Buffer } from 'node:buffer'
import type { ObjectId } from '../../ids.ts'
import { outgoingObjects } from '../database/outgoing.ts'
import type { GitObject } from '../objects/object.ts'
import { streamPack } from '../packs/stream.ts'
import type { Repository } from '../repository.ts'
import { shallowCommits } from '../upkeep/roots.ts'
import { type Auth, type CredentialSource, credentialSource } from './credentials.ts'
import { Http, type HttpOptions } from './http.ts'
import { takeIncoming } from './incoming.ts'
import type { Fetched, MoveAnswer, Remote, RemoteMove, RemoteOptions, RemoteRefs } from './remote.ts'
import { type CallOptions, GitServer, type PackBody, type ServerLimits } from './server.ts'
import { textProgress } from './text-progress.ts'

export interface HttpRemoteOptions
  extends Pick<HttpOptions, 'fetch' | 'timeout' | 'retries' | 'headers' | 'pause'>,
    ServerLimits {
  /** Credentials. Default: the user name and password in the address, if there are any. */
  auth?: Auth | undefined
  /** Asked if `auth` has no credentials; see `gitCredential`. */
  gitCredential?: CredentialSource | undefined
}

export class HttpRemote implements Remote {
  readonly #repository: Repository
  readonly #server: GitServer

  /**
   * Sends nothing before the first call. Throws TypeError unless `url` is an http or https address.
   *
   *     const remote = new HttpRemote(repository, 'https://host/team/sessions.git', { auth: { token } })
   */
  constructor(repository: Repository, url: string, options: HttpRemoteOptions = {}) {
    const { auth, gitCredential, maxRefs, maxPackSize, ...http } = options
    const sources = { credentials: credentialSource(auth), anywhere: gitCredential }
    this.#repository = repository
    this.#server = new GitServer(new Http(url, { ...http, ...sources }), { maxRefs, maxPackSize })
  }

  /** The address without user name and password. */
  get url(): string {
    return this.#server.url
  }

  refs(prefixes: readonly string[], options: RemoteOptions = {}): Promise<RemoteRefs> {
    return this.#server.refs(prefixes, callOptions(options))
  }

  async fetch(
    { wants, haves, depth }: { wants: readonly ObjectId[]; haves: readonly ObjectId[]; depth?: number },
    options: RemoteOptions = {},
  ): Promise<Fetched> {
    if (wants.length === 0) return { release() {} }
    const shallow = [...shallowCommits(this.#repository.folder)]
    await this.#repository.create()
    const receiving = { repository: this.#repository, url: this.url, options }
    return this.#server.fetch(
      { wants, haves, shallow, depth },
      (answer) => takeIncoming(receiving, answer, wants),
      callOptions(options),
    )
  }

  async push(
    { moves, has, atomic }: { moves: readonly RemoteMove[]; has: readonly ObjectId[]; atomic: boolean },
    options: RemoteOptions = {},
  ): Promise<readonly MoveAnswer[]> {
    if (moves.length === 0) return []
    const { folder } = this.#repository
    const wants = moves.flatMap(({ to }) => to ?? [])
    const shallow = wants.length === 0 ? [] : [...shallowCommits(folder)]
    const pack = wants.length === 0 ? undefined : await this.#pack(wants, has, options)
    options.signal?.throwIfAborted()

    return this.#server.push({ moves, atomic, shallow }, pack, callOptions(options))
  }

  /** Makes the pack: a small one in memory, so that its length is known, a larger one while it is sent. */
  async #pack(
    wants: readonly ObjectId[],
    has: readonly ObjectId[],
    { onProgress }: RemoteOptions,
  ): Promise<PackBody> {
    const { objects } = this.#repository
    const ids = await outgoingObjects(objects, { wants, has })
    async function* read(): AsyncGenerator<GitObject> {
      for (const [n, id] of ids.entries()) {
        yield await objects.read(id)
        onProgress?.({ phase: 'sending objects', done: n + 1, total: ids.length })
      }
    }
    const pieces: Buffer[] = []
    let size = 0
    const stream = streamPack(ids.length, read())
    for await (const piece of stream) {
      pieces.push(piece)
      size += piece.length
      if (size > IN_MEMORY) break
    }
    if (size > IN_MEMORY) return () => streamPack(ids.length, read())
    const whole = Buffer.concat(pieces)
    return () => whole
  }
}

/** Most bytes of a pack that is made in memory. */
const IN_MEMORY = 8 << 20

const callOptions = ({ signal, onProgress }: RemoteOptions): CallOptions => ({
  signal,
  onText: onProgress && textProgress(onProgress),
})
