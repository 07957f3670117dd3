/**
 * Finds the checkpoint of a save's key among the last 1,000 checkpoints of a branch. Reads them once, then follows the
 * branch.
 */
import type { AnyRepository } from '../../git/any-repository.ts'
import type { CommitId, RefName } from '../../ids.ts'
import type { History } from './history.ts'

const LOOKED_AT = 1000
const BRANCHES = 256

interface Window {
  tip: CommitId
  /** Newest last. */
  line: { id: CommitId; key: string | undefined }[]
  /** The newest commit of another tool; it may have reverted earlier ones. */
  foreign: CommitId | undefined
  byKey: Map<string, CommitId>
}

export class Keys {
  readonly #history: History<AnyRepository>
  readonly #windows = new Map<RefName, Window>()

  constructor(history: History<AnyRepository>) {
    this.#history = history
  }

  /**
   * Returns the checkpoint with this key on the branch with this tip. `disturbed`: another tool has committed since,
   * and may have reverted the checkpoint.
   */
  async find(
    ref: RefName,
    tip: CommitId,
    key: string,
  ): Promise<{ id: CommitId; disturbed: boolean } | undefined> {
    let window = this.#windows.get(ref)
    if (window?.tip !== tip) {
      window = await this.#read(tip)
      if (this.#windows.size >= BRANCHES) this.#windows.delete(this.#windows.keys().next().value!)
      this.#windows.set(ref, window)
    }
    const id = window.byKey.get(key)
    if (id === undefined) return undefined
    const place = (of: CommitId) => window.line.findIndex((one) => one.id === of)
    const disturbed = window.foreign !== undefined && place(id) < place(window.foreign)
    return { id, disturbed }
  }

  /** Records that the branch moved from one checkpoint to the next. */
  advance(ref: RefName, from: CommitId | undefined, to: CommitId, key: string | undefined): void {
    const window = this.#windows.get(ref)
    if (window === undefined || window.tip !== from) return
    window.tip = to
    window.line.push({ id: to, key })
    if (key !== undefined) window.byKey.set(key, to)
    if (window.line.length <= LOOKED_AT) return
    const oldest = window.line.shift()!
    if (oldest.key !== undefined && window.byKey.get(oldest.key) === oldest.id)
      window.byKey.delete(oldest.key)
  }

  async #read(tip: CommitId): Promise<Window> {
    const line: Window['line'] = []
    let foreign: CommitId | undefined
    for await (const { id, key, kind } of this.#history.line(tip)) {
      line.push({ id, key })
      if (kind === 'foreign') foreign ??= id
      if (line.length === LOOKED_AT) break
    }
    line.reverse()
    const keyed = line.flatMap(({ id, key }) => (key === undefined ? [] : [[key, id] as const]))
    return { tip, line, foreign, byKey: new Map(keyed) }
  }
}
