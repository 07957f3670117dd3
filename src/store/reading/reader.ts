/** Reads sessions for every backend: whole states, parts of states, and lines of checkpoints. */
import { CorruptError, NotFoundError } from '../../errors.ts'
import type { BranchName, SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import type { Backend, Kept, Look } from '../backend.ts'
import { asDocument, asState, type DocumentRules, upToDate } from '../document.ts'
import { parseCount } from '../options/write-options.ts'
import { type Position, type Positions, positionAt } from '../positions.ts'
import type { Checkpoint, LoadOptions, LogOptions, StoredDocument } from '../session-store.ts'
import { eventsOf, isPartial, parseAfter, partOf } from './partial-state.ts'

/** Where to read: a branch (default: the active one), or a revision. */
export interface Where {
  branch?: BranchName | undefined
  at?: string | undefined
}

/** A session that was read, and where. */
export interface Opened<S> {
  id: SessionId
  found: Look<Kept>
  position: Position
  state: S
}

export class StoreReader<S extends StoredDocument> {
  readonly #backend: Backend
  readonly #rules: DocumentRules
  readonly #positions: Positions

  /** @param positions remembers the position of each state that may be saved */
  constructor(backend: Backend, rules: DocumentRules, positions: Positions) {
    this.#backend = backend
    this.#rules = rules
    this.#positions = positions
  }

  /** Returns the state, or a part of it; `undefined` if the session does not exist. */
  async load(given: SessionId, where: Where, options: LoadOptions): Promise<S | undefined> {
    const found = await this.#backend.look(given, where)
    if (found === undefined) return undefined
    const id = await this.#backend.nameOf(given)
    if (isPartial(options) && this.#backend.part !== undefined)
      return this.#state(await this.#backend.part(found.commit, id, options))
    const state = await this.state(found.commit, id)
    if (isPartial(options)) return asState(partOf(asDocument(state), options, this.#rules.collections))
    this.#positions.set(state, positionAt(id, found))
    return state
  }

  /** Throws NotFoundError if the session does not exist. */
  async open(given: SessionId, where: Where): Promise<Opened<S>> {
    const found = await this.#require(given, where)
    const id = await this.#backend.nameOf(given)
    const state = await this.state(found.commit, id)
    const position = positionAt(id, found)
    this.#positions.set(state, position)
    return { id, found, position, state }
  }

  /** Returns the state of a checkpoint. Throws InvalidStateError if only a newer forkpoint can read it. */
  async state(commit: Kept, id: SessionId): Promise<S> {
    return this.#state(await this.#backend.document(commit, id))
  }

  async *log(given: SessionId, options: LogOptions): AsyncGenerator<Checkpoint> {
    const { at = '', steps = false } = options
    const limit = parseCount('limit', options.limit) ?? Number.POSITIVE_INFINITY
    const from = await this.#backend.resolve(given, at)
    const id = await this.#backend.nameOf(given)
    let shown = 0
    for await (const commit of this.#backend.line(from)) {
      if (shown >= limit) return
      if (!steps && commit.kind === 'step') continue
      yield this.#backend.present(commit, id)
      shown++
    }
  }

  async events(
    id: SessionId,
    run: string,
    options: { after?: number | undefined; at?: string | undefined },
  ): Promise<unknown[]> {
    const after = parseAfter(options.after)
    const { commit } = await this.#require(id, { at: options.at ?? '' })
    if (this.#backend.events !== undefined) return [...(await this.#backend.events(commit, id, run, after))]
    return [...eventsOf(await this.#backend.document(commit, id), id, run, after)]
  }

  /** Whether the session exists, even if it cannot be read. */
  async existsEvenBroken(session: SessionId): Promise<boolean> {
    try {
      return await this.#backend.exists(session)
    } catch (error) {
      if (error instanceof CorruptError) return true
      throw error
    }
  }

  #state(document: JsonObject): S {
    return asState(upToDate(document, this.#rules))
  }

  async #require(session: SessionId, where: Where): Promise<Look<Kept>> {
    const found = await this.#backend.look(session, where)
    if (found === undefined) throw new NotFoundError({ kind: 'session', id: session })
    return found
  }
}
