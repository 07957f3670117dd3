/**
 * What an append needs to know about a transcript without reading its entries: fields, number of entries, and their
 * uuids. It is read once, kept, and updated with each append.
 */

import type { CommitInfo, History } from '../../checkpoints/commits/history.ts'
import { readFields } from '../../checkpoints/trees/documents.ts'
import type { CommitId, ObjectId, RefName } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { countEntries } from './entry-files.ts'
import { UuidIndex } from './uuid-index.ts'

/** The end of a transcript. */
export interface TranscriptLine {
  /** `undefined` before the first entry. */
  tip: CommitInfo | undefined
  /** The newest checkpoint that ends a turn; `undefined` when there is none. */
  turn: CommitId | undefined
  /** The content of `session.json`. */
  fields: JsonObject
  /** Number of entries. */
  count: number
  uuids: UuidIndex
}

const LINES = 128
/** Most uuids of all indexes together. */
const UUIDS = 1_000_000

/** The most recently used lines, by ref. */
export class TranscriptLines {
  readonly #history: History
  readonly #kept = new Map<RefName, TranscriptLine>()

  constructor(history: History) {
    this.#history = history
  }

  /** The line at this tip; updates the kept one. */
  async at(ref: RefName, tip: CommitId | undefined): Promise<TranscriptLine> {
    const kept = this.#kept.get(ref)
    if (kept !== undefined && kept.tip?.id === tip) return kept
    this.#kept.delete(ref)
    if (tip === undefined) return this.#keep(ref, emptyLine())
    const line = await this.#read(await this.#history.info(tip), kept)
    return this.#keep(ref, line)
  }

  /** Notes that an append is in place. */
  advance(ref: RefName, line: TranscriptLine): void {
    this.#kept.delete(ref)
    this.#keep(ref, line)
  }

  async #read(tip: CommitInfo, kept: TranscriptLine | undefined): Promise<TranscriptLine> {
    const { objects } = this.#history
    const turn = tip.kind === 'step' ? await this.#history.turnParent(tip.id) : tip.id
    const fields = await readFields(objects, tip.tree)
    const count = await countEntries(objects, tip.tree)
    return { tip, turn, fields, count, uuids: await this.#uuids(tip.tree, kept) }
  }

  /** The kept line may belong to another branch, or to a deleted one: then it is read again. */
  async #uuids(tree: ObjectId, kept: TranscriptLine | undefined): Promise<UuidIndex> {
    const { objects } = this.#history
    if (kept?.tip === undefined || !(await objects.has(kept.tip.tree))) return UuidIndex.of(objects, tree)
    try {
      await kept.uuids.follow(objects, kept.tip.tree, tree)
      return kept.uuids
    } catch {
      return UuidIndex.of(objects, tree)
    }
  }

  #keep(ref: RefName, line: TranscriptLine): TranscriptLine {
    this.#kept.set(ref, line)
    let uuids = 0
    for (const { uuids: index } of this.#kept.values()) uuids += index.size
    for (const [other, { uuids: index }] of this.#kept) {
      if ((this.#kept.size <= LINES && uuids <= UUIDS) || other === ref) break
      this.#kept.delete(other)
      uuids -= index.size
    }
    return line
  }
}

const emptyLine = (): TranscriptLine => ({
  tip: undefined,
  turn: undefined,
  fields: {},
  count: 0,
  uuids: new UuidIndex(),
})
