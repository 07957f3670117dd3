/** The base of a write to a blob, and the blob that the write makes. */
import { seqOn } from '../../checkpoints/commits/lineage.ts'
import { writeJson } from '../../codec/index.ts'
import { type BranchName, type CommitId, MAIN, type SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import type { Base, Kept, NewCheckpoint, Tail } from '../backend.ts'
import type { DocumentRules } from '../document.ts'
import { type Comparing, type WholeContent, wholeTail } from '../whole.ts'
import { type Draft, encodeSessionFile, type FileHead, type SessionFile } from './session-file.ts'

/** The one checkpoint of a session, and its state. */
export interface Held extends Kept {
  readonly file: SessionFile
}

export const heldIn = (file: SessionFile): Held => {
  const { id, kind, seq } = file.checkpoint
  return { id, kind, seq, parents: [], file }
}

/** Documents are the same if they have the same JSON text. */
export const comparingBy = ({ collections }: DocumentRules): Comparing<Held> => ({
  collections,
  documentAt: ({ file }) => file.state,
  holds: ({ file }, _, document) => withoutTime(file.state) === withoutTime(document),
})

export class BlobBase implements Base<Held> {
  readonly session: SessionId
  readonly branch: BranchName = MAIN
  readonly #rules: DocumentRules
  #tip: Held | undefined
  #made: Uint8Array | undefined

  constructor(session: SessionId, tip: Held | undefined, rules: DocumentRules) {
    this.session = session
    this.#tip = tip
    this.#rules = rules
  }

  get tip(): Held | undefined {
    return this.#tip
  }

  get isNew(): boolean {
    return this.tip === undefined
  }

  /** The new blob; `undefined` if the existing one stays. */
  get made(): Uint8Array | undefined {
    return this.#made
  }

  stands(): boolean {
    return false
  }

  find(_: CommitId): Held {
    return this.tip!
  }

  /** Earlier checkpoints are not kept, so a turn is compared with its last step. */
  turnBefore(commit: Held): Held {
    return commit
  }

  tail({ file }: Held): Tail<Held> {
    return wholeTail(file.state, comparingBy(this.#rules))
  }

  add(made: NewCheckpoint<Held>): Held {
    const { parent, content, kind, subject, body, author, trailers, facts } = made
    const { session, branch } = this
    const createdAt = new Date(made.at ?? Math.floor(this.#rules.now())).toISOString()
    const seq = seqOn(parent)
    const state = (content as WholeContent<Held>).document
    const draft: Draft = {
      type: this.#rules.type,
      state,
      summary: summaryOf(state, this.#rules.collections[0]),
      ...(Object.keys(trailers).length > 0 && { trailers }),
      checkpoint: { session, branch, parents: [], createdAt, subject, body, kind, seq, ...facts, author },
    }
    const { bytes, checkpoint } = encodeSessionFile(draft)
    this.#made = bytes
    this.#tip = heldIn({ ...draft, checkpoint: checkpoint as FileHead['checkpoint'] })
    return this.#tip
  }

  endAt(): void {}
}

function summaryOf(state: JsonObject, first = ''): FileHead['summary'] {
  const messages = state[first]
  const texts = ['title', 'status', 'createdAt'].filter((key) => typeof state[key] === 'string')
  return {
    messages: Array.isArray(messages) ? messages.length : 0,
    ...Object.fromEntries(texts.map((key) => [key, state[key]])),
  }
}

const withoutTime = (state: JsonObject): string => writeJson({ ...state, updatedAt: undefined })
