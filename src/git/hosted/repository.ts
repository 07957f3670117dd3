/**
 * A repository that is only a server's: refs as they were last seen, objects fetched when they are needed, and a change is a
 * push. The server compares old values, so what was seen may be old: then the change is decided once more.
 */
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
import { type Config, parseConfig } from '../config/parser.ts'
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
  /** What is deleted on a server, others may have. */
  readonly hasRemote = true
  readonly refs = new HostedRefs()
  readonly #server: GitServer
  readonly #objects: HostedObjects
  /** Changes under way, by ref. */
  readonly #busy = new Map<LockName, Promise<unknown>>()

  /** `memory`: bytes of objects that are kept. */
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
    return parseConfig('', this.#server.url)
  }

  /** Nothing is kept: there is no place for it. */
  copies(mark: () => string): KeptCopies {
    return { mark, read: () => undefined, write: () => undefined }
  }

  async open(): Promise<boolean> {
    return true
  }

  async recover(): Promise<void> {}

  /** Asks the server for the refs in these folders; returns whether anything is another than before. Throws RemoteError. */
  async look(folders: readonly RefFolder[]): Promise<boolean> {
    const { refs } = await this.#server.refs(folders)
    return this.refs.learn(folders, refs)
  }

  /** Brings commits with all that is in them. `near`: commits that they may stand on. Throws RemoteError, CorruptError. */
  bring(tips: readonly CommitId[], near?: readonly CommitId[]): Promise<void> {
    return this.#objects.bringTips(tips, near)
  }

  /**
   * Pushes what `prepare` decides. Throws what that throws; RemoteError when the server refuses for another reason than an old
   * value, or when it cannot be told whether it did what it was told.
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
        // Perhaps only what was seen of the refs is old.
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

  /** Whether the refs are where they should be. `false`: they were elsewhere before. Throws RemoteError. */
  async #push(
    moves: readonly (RemoteMove & { ref: RefName })[],
    objects: readonly NewObject[],
    folders: readonly RefFolder[],
  ): Promise<boolean> {
    const needsPack = moves.some(({ to }) => to !== undefined)
    const pack = needsPack ? await outgoingPack(this.objects, objects) : undefined
    for (let tries = 1; ; tries++) {
      let refused: string | undefined
      try {
        const answers = await this.#server.push(
          { moves, atomic: moves.length > 1, shallow: [] },
          pack && (() => pack),
        )
        refused = answers.find((answer) => answer.refused !== undefined)?.refused
        if (refused === undefined) return true
      } catch (error) {
        // The answer may be lost and the push made, or still under way.
        if (!(error instanceof RemoteError) || !MAY_BE_MADE.includes(error.failure)) throw error
        await this.look(folders)
        if (this.#areMade(moves)) return true
        if (!this.#areOld(moves)) return false
        if (tries === TRIES) throw error
        continue
      }
      await this.look(folders)
      if (this.#areMade(moves)) return true
      if (!this.#areOld(moves)) return false
      // Refused, and not since somebody was faster; or somebody has the lock for now.
      if (tries === TRIES)
        throw this.#error('refused', `${this.#server.url} refused to move '${moves[0]!.ref}'.`, refused)
      await new Promise((resolve) => setTimeout(resolve, tries * PAUSE * (0.5 + Math.random())))
    }
  }

  #areMade(moves: readonly (RemoteMove & { ref: RefName })[]): boolean {
    return moves.every(({ ref, to }) => this.refs.read(ref) === to)
  }

  #areOld(moves: readonly (RemoteMove & { ref: RefName })[]): boolean {
    return moves.every(({ ref, from }) => this.refs.read(ref) === from)
  }

  #error(failure: 'busy' | 'refused', message: string, said?: string): RemoteError {
    return new RemoteError({ url: this.#server.url, failure, said }, message)
  }

  #valueOf(ref: LockName): ObjectId | undefined {
    if (!ref.startsWith('refs/')) return undefined
    const value = this.refs.readValue(ref as RefName)
    return value !== undefined && 'id' in value ? value.id : undefined
  }

  /** Runs the work when all earlier work on any of the refs has ended. */
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

const ROUNDS = 50
const TRIES = 3
/** Milliseconds. */
const PAUSE = 50
const MAY_BE_MADE = ['unreachable', 'busy', 'invalid']

/** The folders of sessions that the refs are in. */
function foldersOf(refs: readonly LockName[]): RefFolder[] {
  const folders = refs.flatMap(
    (ref) => /^refs\/(?:(?:heads|tags)\/[^/]+\/|forkpoint\/gone\/.+)/.exec(ref)?.[0] ?? [],
  )
  return [...new Set(folders)] as RefFolder[]
}
