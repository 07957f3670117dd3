/** The findings of a verification, and the objects that it has read. */
import { CorruptError, ForkpointError } from '../../errors.ts'
import type { ObjectStore } from '../../git/database/object-store.ts'
import type { GitObject } from '../../git/objects/object.ts'
import type { ObjectId } from '../../ids.ts'
import type { Problem } from '../session-store.ts'

/** The session and checkpoint through which an object was reached. */
export interface Reached {
  session?: string
  checkpoint?: ObjectId
}

export class Findings {
  readonly problems: Problem[] = []
  /** What other tools have added: files next to the documents, and merges. These are not problems. */
  readonly foreign: Problem[] = []
  /** Checkpoints with a problem. */
  readonly broken = new Set<ObjectId>()
  readonly #objects: ObjectStore
  readonly #sound = new Set<ObjectId>()
  readonly #told = new Set<string>()

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  /** How many objects were read and match their id. */
  get objects(): number {
    return this.#sound.size
  }

  /** Whether history is cut off at the commit, as in a shallow clone. Then its missing parents are not a problem. */
  isCutOff(id: ObjectId): boolean {
    return this.#objects.isCutOff(id)
  }

  isSound(id: ObjectId): boolean {
    return this.#sound.has(id)
  }

  /** Adds a problem, once: a problem of a shared object is reported for the first checkpoint that needs it. */
  add(reached: Reached, where: string, message: string): void {
    if (reached.checkpoint !== undefined) this.broken.add(reached.checkpoint)
    const key = `${where}\n${message}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.problems.push({ ...reached, where, message })
  }

  /** Adds a foreign file, once. */
  addForeign(reached: Reached, path: string): void {
    this.#note(reached, path, `'${path}' was not written by forkpoint. Forkpoint does not change it.`)
  }

  /** Adds a merge of two conversations that another tool has made. */
  addMerge(reached: Reached, id: ObjectId): void {
    this.#note(
      reached,
      id,
      `Commit ${id} merges two lines and was not made by forkpoint. What it holds may be of both; the lines themselves are its parents.`,
    )
  }

  #note(reached: Reached, where: string, message: string): void {
    const key = `${reached.session}\n${where}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.foreign.push({ ...reached, where, message })
  }

  /** Adds an error as a problem. Throws it again if it is not a forkpoint error. */
  addError(reached: Reached, where: string, error: unknown): void {
    if (!(error instanceof ForkpointError)) throw error
    const named = error instanceof CorruptError ? (error.object ?? error.file) : undefined
    this.add(reached, named ?? where, error.message)
  }

  /**
   * Reads an object and checks it against its id. If it is missing, damaged or of another type, adds a problem and
   * returns `undefined`.
   */
  async read(reached: Reached, id: ObjectId, type?: GitObject['type']): Promise<GitObject | undefined> {
    try {
      const object = await this.#objects.read(id)
      this.#sound.add(id)
      if (type === undefined || object.type === type) return object
      this.add(reached, id, `Object ${id} should be a ${type}, but is a ${object.type}. ${WAY_OUT}`)
    } catch (error) {
      this.addError(reached, id, error)
    }
    return undefined
  }
}

export const WAY_OUT = 'Restore the store from a copy, or continue from an earlier checkpoint.'
