/**
 * What appending has to know of the end of a transcript without reading it: its fields, how many entries it has and
 * their uuids. It moves along with the tip, so it is read once and kept.
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
  /** What `session.json` holds. */
  fields: JsonObject
  /** How many entries there are. */
  count: number
  uuids: UuidIndex
}

const LINES = 128
/** Of all indexes together. */
const UUIDS = 1_000_000

/** The lines that were used last, by ref. */
export class TranscriptLines {
  readonly #history: History
  readonly #kept = new Map<RefName, TranscriptLine>()

  constructor(history: History) {
    this.#history = history
  }

  /** The line as it is at this tip; the one that is kept moves along. */
  async at(ref: RefName, tip: CommitId | undefined): Promise<TranscriptLine> {
    const kept = this.#kept.get(ref)
    if (kept !== undefined && kept.tip?.id === tip) return kept
    this.#kept.delete(ref)
    if (tip === undefined) return this.#keep(ref, emptyLine())
    const line = await this.#read(await this.#history.info(tip), kept)
    return this.#keep(ref, line)
  }

  /** What was appended is in place. */
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

  /** What was kept may be of another branch, or of something that is gone: then all is read again. */
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
