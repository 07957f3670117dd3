/** What a check works with: a repository of its own, new refs at the server, and small commits. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FORKPOINT } from '../../checkpoints/commits/author.ts'
import { RemoteError } from '../../errors.ts'
import { encodeCommit } from '../../git/objects/commit.ts'
import { type NewObject, newObject } from '../../git/objects/object.ts'
import { changeTree, NO_ENTRIES } from '../../git/objects/tree.ts'
import { Repository } from '../../git/repository.ts'
import type { MoveAnswer, Remote, RemoteMove, RemoteOptions } from '../../git/wire/remote.ts'
import type { ObjectId, RefName } from '../../ids.ts'
import { type ConnectOptions, connect } from '../connect.ts'
import { NEUTRAL_BRANCH, neutralCommit } from '../neutral-branch.ts'

export class Scratch {
  readonly remote: Remote
  readonly options: RemoteOptions
  /** Never the name of a session, because such a name does not begin with `_`. */
  readonly name = `_check-${randomBytes(4).toString('hex')}`
  /** Whether branches are below `refs/forkpoint/heads/`. */
  isMapped = false
  readonly #url: string
  readonly #connect: ConnectOptions
  readonly #folder = mkdtempSync(join(tmpdir(), 'forkpoint-check-'))
  readonly #repository: Repository
  readonly #open: Repository[] = []
  #commits = 0
  /** Whether the neutral branch was pushed to an empty server. */
  #hasBegun = false

  /** Prepares a check. Throws UnsupportedError, TypeError for a wrong address. */
  constructor(url: string, options: ConnectOptions & RemoteOptions) {
    const { auth, headers, ...rest } = options
    this.#url = url
    this.#connect = { auth, headers }
    this.options = rest
    this.#repository = this.#newRepository('ours')
    this.remote = this.#connected(this.#repository)
  }

  /** Creates the repository. */
  async open(): Promise<void> {
    await this.#repository.create()
  }

  branch(name: string): RefName {
    return `refs/${this.isMapped ? 'forkpoint/' : ''}heads/${this.name}/${name}`
  }

  tag(name: string): RefName {
    return `refs/${this.isMapped ? 'forkpoint/' : ''}tags/${this.name}/${name}`
  }

  /** A ref in a folder next to that of the tombstones. */
  get hidden(): RefName {
    return `refs/forkpoint/${this.name}/hidden`
  }

  /** Prefixes of all refs of the check. */
  get prefixes(): string[] {
    return [this.branch(''), this.tag(''), this.hidden]
  }

  /** Makes a commit, on top of another one, with a file of `size` random bytes, which cannot be compressed. */
  async commit(parent?: ObjectId, size = 16): Promise<ObjectId> {
    const blob = newObject('blob', randomBytes(size))
    const file = { name: 'file', entry: { mode: '100644', id: blob.id } } as const
    const tree = newObject('tree', changeTree(NO_ENTRIES, [file]).data)
    const person = { ...FORKPOINT, at: Date.now() }
    const message = `forkpoint remote check ${++this.#commits}\n`
    const parents = parent === undefined ? [] : [parent]
    const commit = newObject(
      'commit',
      encodeCommit({ tree: tree.id, parents, author: person, committer: person, message }),
    )
    await this.#save([blob, tree, commit])
    return commit.id
  }

  /**
   * Pushes the neutral branch to an empty server, as a first push does: many servers make the first branch their
   * default, and then refuse to delete it. Throws RemoteError.
   */
  async begin(): Promise<void> {
    const [commit, ...others] = neutralCommit()
    await this.#save([...others, commit])
    this.#hasBegun = true
    await this.push([{ ref: NEUTRAL_REF, from: undefined, to: commit.id }])
  }

  /** Pushes moves of refs. Throws RemoteError. */
  push(moves: readonly RemoteMove[], has: readonly ObjectId[] = []): Promise<readonly MoveAnswer[]> {
    return this.remote.push({ moves, has, atomic: moves.length > 1 }, this.options)
  }

  /** Returns the value of a ref at the server. Throws RemoteError. */
  async at(ref: string): Promise<ObjectId | undefined> {
    return (await this.remote.refs([ref], this.options)).refs.get(ref)
  }

  /**
   * Fetches into an empty repository; returns for each of these objects whether it arrived. Throws RemoteError,
   * CorruptError.
   */
  async fetched(want: ObjectId, ids: readonly ObjectId[], depth?: number): Promise<boolean[]> {
    const repository = this.#newRepository(`fetched-${this.#open.length}`)
    await repository.create()
    const request = { wants: [want], haves: [], ...(depth !== undefined && { depth }) }
    const { release } = await this.#connected(repository).fetch(request, this.options)
    release()
    return Promise.all(ids.map((id) => repository.objects.has(id)))
  }

  /** Deletes the refs of the check at the server; returns those that are left. */
  async cleanUp(): Promise<string[]> {
    // Without the signal, because this also runs after the caller has stopped the check.
    const options = { ...this.options, signal: undefined }
    const ours = this.#hasBegun ? [...this.prefixes, NEUTRAL_REF] : this.prefixes
    let left: [string, ObjectId][] = []
    const look = async (): Promise<void> => {
      left = [...(await this.remote.refs(ours, options)).refs]
    }
    try {
      await look()
      const moves = left.map(([ref, from]) => ({ ref, from, to: undefined }))
      await this.remote.push({ moves, has: [], atomic: false }, options)
      await look()
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error
      // The refs found before are returned.
    }
    return left.map(([ref]) => ref)
  }

  async close(): Promise<void> {
    for (const repository of this.#open) await repository.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #save(objects: readonly NewObject[]): Promise<void> {
    const [ref, tip] = [`refs/heads/made/${this.#commits}` as const, objects.at(-1)!.id]
    await this.#repository.setRefs(new Map([[ref, tip]]), objects)
  }

  #newRepository(name: string): Repository {
    const repository = new Repository(join(this.#folder, name))
    this.#open.push(repository)
    return repository
  }

  #connected(repository: Repository): Remote {
    return connect(repository, this.#url, this.#connect)
  }
}

const NEUTRAL_REF = `refs/${NEUTRAL_BRANCH}` as const
