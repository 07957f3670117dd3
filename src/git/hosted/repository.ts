/**
 * A repository that exists only on a server: refs are as last seen, objects are fetched when needed, and a change is a
 * push. The server compares the old values of refs; if what was seen is out of date, the change is decided again.
 */
import { setTimeout } from 'node:timers/promises'
import { RemoteError } from '../../errors.ts'
import {
  type CommitId,
  type LockName,
  type ObjectId,
  type RefFolder,
  type RefName,
  trustedCommit,
} from '../../ids.ts'
import type { AnyRepository } from '../any-repository.ts'
import type { Config } from '../config/parser.ts'
import type { KeptCopies } from '../database/kept-copies.ts'
import type { NewObject } from '../objects/object.ts'
import type { Change, Plan } from '../refs/change.ts'
import type { RemoteMove } from '../wire/remote.ts'
import type { GitServer } from '../wire/server.ts'
import { HostedObjects } from './objects.ts'
import { outgoingPack } from './outgoing-pack.ts'
import { HostedRefs } from './refs.ts'

export class HostedRepository implements AnyRepository {
  readonly paths = { own: '/forkpoint' }
  /** Others may have what is deleted on a server. */
  readonly hasRemote = true
  readonly refs = new HostedRefs()
  readonly #server: GitServer
  readonly #objects: HostedObjects
  /** Running changes, by ref. */
  readonly #busy = new Map<LockName, Promise<unknown>>()

  /** `memory`: most bytes of objects to keep. */
  constructor(server: GitServer, memory: number) {
    this.#server = server
    this.#objects = new HostedObjects(server, memory)
  }

  get fs() {
    return this.#objects.files
  }

  get objects() {
    return this.#objects.store
  }

  config(): Config {
    return new Map()
  }

  /** Returns copies that keep nothing, because there is no disk. */
  copies(mark: () => string): KeptCopies {
    return { mark, read: () => undefined, write: () => undefined }
  }

  async open(): Promise<boolean> {
    return true
  }

  async recover(): Promise<void> {}

  /** Reads the refs in these folders from the server; returns whether anything has changed. Throws RemoteError. */
  async look(folders: readonly RefFolder[]): Promise<boolean> {
    const { refs } = await this.#server.refs(folders)
    return this.refs.learn(folders, refs)
  }

  /** Fetches commits with their trees. `near`: possible ancestors. Throws RemoteError, CorruptError. */
  bring(tips: readonly CommitId[], near?: readonly CommitId[]): Promise<void> {
    return this.#objects.bringTips(tips, near)
  }

  /**
   * Pushes what `prepare` decides. Throws what `prepare` throws; RemoteError if others keep moving the refs, if the
   * server refuses for another reason than an old value, or if it is unknown whether the push was made.
   */
  change<T>(change: Change<T>): Promise<T> {
    return this.#inTurn(change.refs, () => this.#change(change))
  }

  async #change<T>(change: Change<T>): Promise<T> {
    const folders = foldersOf(change.refs)
    let isFresh = folders.length === 0
    for (let round = 0; ; round++) {
      const current = new Map(change.refs.map((ref) => [ref, this.#valueOf(ref)]))
      let plan: Plan<T>
      try {
        plan = await change.prepare(current)
      } catch (error) {
        // The refs may be out of date, so they are read again before the error counts.
        if (isFresh || !(await this.look(folders))) throw error
        isFresh = true
        continue
      }
      const moves = [...plan.moves].flatMap(([ref, to]) => {
        const from = current.get(ref)
        return from === (to ?? undefined) ? [] : [{ ref, from, to: to ?? undefined }]
      })
      if (moves.length > 0) {
        const isDone = await this.#push(moves, plan.objects, folders)
        isFresh = true
        if (!isDone && round < ROUNDS) continue
        if (!isDone)
          throw this.#error('busy', `Others keep moving refs at ${this.#server.url}. Try again later.`)
      } else if (!isFresh && (await this.look(folders))) {
        isFresh = true
        continue
      }
      for (const { ref, from, to } of moves) {
        this.refs.move(ref, to ?? null)
        const commit = (id: ObjectId | undefined) => id && trustedCommit(id)
        if (plan.objects.some(({ id }) => id === to))
          await this.#objects.add(plan.objects, commit(to), commit(from))
      }
      for (const { ref, to } of plan.symbolic ?? []) this.refs.point(ref, to)
      plan.placed?.()
      return plan.result
    }
  }

  /**
   * Pushes moves. Returns whether the refs have the new values; `false` if they did not have the old ones. Throws
   * RemoteError.
   */
  async #push(
    moves: readonly HostedMove[],
    objects: readonly NewObject[],
    folders: readonly RefFolder[],
  ): Promise<boolean> {
    const needsPack = moves.some(({ to }) => to !== undefined)
    const pack = needsPack ? await outgoingPack(this.objects, objects) : undefined
    for (let tries = 1; ; tries++) {
      const failed = await this.#send(moves, pack)
      if (failed === undefined) return true
      await this.look(folders)
      if (moves.every(({ ref, to }) => this.refs.read(ref) === to)) return true
      if (!moves.every(({ ref, from }) => this.refs.read(ref) === from)) return false
      // The refs have their old values: either someone holds a lock for the moment, or the server refuses for another
      // reason.
      if (tries === TRIES) throw failed
      if (failed.failure === 'refused') await setTimeout(tries * PAUSE * (0.5 + Math.random()))
    }
  }

  /** Sends one request. Returns why the moves were not made, or may not have been made. Throws RemoteError. */
  async #send(moves: readonly HostedMove[], pack: Uint8Array | undefined): Promise<RemoteError | undefined> {
    try {
      const request = { moves, atomic: moves.length > 1, shallow: [] }
      const answers = await this.#server.push(request, pack && (() => pack))
      const refused = answers.find((answer) => answer.refused !== undefined)?.refused
      if (refused === undefined) return undefined
      return this.#error('refused', `${this.#server.url} refused to move '${moves[0]!.ref}'.`, refused)
    } catch (error) {
      // The push may have been made although its answer was lost, or may still be running.
      if (!(error instanceof RemoteError) || !MAY_BE_MADE.includes(error.failure)) throw error
      return error
    }
  }

  #error(failure: 'busy' | 'refused', message: string, said?: string): RemoteError {
    return new RemoteError({ url: this.#server.url, failure, said }, message)
  }

  #valueOf(ref: LockName): ObjectId | undefined {
    if (!ref.startsWith('refs/')) return undefined
    const value = this.refs.readValue(ref as RefName)
    return value !== undefined && 'id' in value ? value.id : undefined
  }

  /** Runs work when all earlier work on any of these refs has ended. */
  async #inTurn<T>(refs: readonly LockName[], work: () => Promise<T>): Promise<T> {
    const own = refs.filter((ref) => ref.startsWith('refs/'))
    const before = own.flatMap((ref) => this.#busy.get(ref) ?? [])
    const run = Promise.allSettled(before).then(work)
    const ended = run.catch(() => undefined)
    for (const ref of own) this.#busy.set(ref, ended)
    try {
      return await run
    } finally {
      for (const ref of own) if (this.#busy.get(ref) === ended) this.#busy.delete(ref)
    }
  }
}

type HostedMove = RemoteMove & { ref: RefName }

const ROUNDS = 50
const TRIES = 3
/** Average pause after the first try, in milliseconds; later pauses are longer. */
const PAUSE = 50
const MAY_BE_MADE = ['unreachable', 'busy', 'invalid']

/** Returns the session folders of these refs. */
function foldersOf(refs: readonly LockName[]): RefFolder[] {
  const folders = refs.flatMap(
    (ref) => /^refs\/(?:(?:heads|tags)\/[^/]+\/|forkpoint\/gone\/.+)/.exec(ref)?.[0] ?? [],
  )
  return [...new Set(folders)] as RefFolder[]
}
