/** Saves, appends and forks of a file store: what the file of a session becomes. */

import { checkpointFacts } from '../../checkpoints/commits/facts.ts'
import { type Ancestor, commitsUnchanged, seqOfFork, seqOn } from '../../checkpoints/commits/lineage.ts'
import { forkSubject, oneLine } from '../../checkpoints/commits/text.ts'
import { writeJson } from '../../codec/index.ts'
import { NotFoundError } from '../../errors.ts'
import { type CommitId, MAIN, type SessionId } from '../../ids.ts'
import { deepCopy, type JsonObject, without } from '../../json-value.ts'
import {
  applyPlan,
  existingIn,
  idOf,
  isEmptyPlan,
  type ParsedAddition,
  planAddition,
  touch,
} from '../addition/plan.ts'
import { changesBetween } from '../changes.ts'
import { checkAddition, type DocumentRules } from '../document.ts'
import type { WriteRequest } from '../options/write-options.ts'
import { decideAppendParent, decideParent, type Position, unseenReplacement } from '../positions.ts'
import type { Author, Checkpoint } from '../session-store.ts'
import { defaultSubject } from '../subject.ts'
import { type Draft, encodeSessionFile, type FileHead, type SessionFile } from './session-file.ts'

export interface FileWrite {
  session: SessionId
  options: WriteRequest
  /** The caller's position, if it is known. */
  known: Position | undefined
}

/** The file after a write; `bytes` are missing when it stays as it is. */
export interface FileResult {
  file: SessionFile
  bytes?: Uint8Array
}

export class FileWriter {
  readonly #rules: DocumentRules

  constructor(rules: DocumentRules) {
    this.#rules = rules
  }

  /** A copy that shares nothing. Throws InvalidStateError for what JSON cannot express. */
  copyOf(document: JsonObject): JsonObject {
    writeJson(document)
    return deepCopy(document)
  }

  save(current: SessionFile | undefined, write: FileWrite, document: JsonObject): FileResult {
    decideParent(requestOf(current, write))
    return this.#write(current, write, document)
  }

  async append(
    current: SessionFile | undefined,
    write: FileWrite,
    addition: ParsedAddition,
  ): Promise<FileResult> {
    const { session, options, known } = write
    const { collections, redact, type } = this.#rules
    if (current === undefined && known === undefined)
      throw new NotFoundError({ kind: 'session', id: session })
    const request = requestOf(current, write)
    decideAppendParent(request)
    const before = current!.state
    const plan = planAddition(addition, existingIn(before, collections), redact)
    const replaced = plan.items.find(({ replaces }) => replaces)
    if (replaced !== undefined && options.expected === undefined && known === undefined) {
      throw unseenReplacement(request, { collection: replaced.collection, id: idOf(replaced.item) })
    }
    if (isEmptyPlan(plan) && !commitsUnchanged(ancestorOf(current), options)) return { file: current! }
    const at = new Date(this.#time(options.at)).toISOString()
    const after = this.copyOf(applyPlan(before, type === 'session' ? touch(plan, at) : plan))
    await checkAddition(without(after, new Set(collections)), plan, this.#rules)
    return this.#write(current, write, after)
  }

  fork(
    source: SessionFile,
    session: SessionId,
    {
      subject = '',
      author = this.#rules.author,
    }: { subject: string | undefined; author: Author | undefined },
  ): { bytes: Uint8Array; checkpoint: Checkpoint } {
    const parent = {
      session: source.checkpoint.session as string,
      checkpoint: source.checkpoint.id as string,
    }
    const state: JsonObject = { ...source.state, id: session, parent }
    return encodeSessionFile({
      type: source.type,
      summary: source.summary,
      state,
      checkpoint: {
        session,
        branch: MAIN,
        parents: [],
        createdAt: new Date(this.#time(undefined)).toISOString(),
        subject: oneLine(subject) || forkSubject(parent.session, parent.checkpoint),
        body: '',
        kind: 'fork',
        seq: seqOfFork(source.checkpoint),
        ...checkpointFacts({ added: [], from: 0, run: undefined }, state),
        forkedFrom: parent,
        author,
      },
    })
  }

  #write(current: SessionFile | undefined, { session, options }: FileWrite, state: JsonObject): FileResult {
    const { collections, type, author } = this.#rules
    const tip = ancestorOf(current)
    if (current !== undefined && isSame(current.state, state) && !commitsUnchanged(tip, options)) {
      return { file: current }
    }
    const changes = changesBetween(current?.state, state, collections)
    const seq = seqOn(tip)
    const draft: Draft = {
      type,
      state,
      summary: this.#summaryOf(state),
      ...(Object.keys(options.trailers).length > 0 && { trailers: options.trailers }),
      checkpoint: {
        session,
        branch: MAIN,
        parents: [],
        createdAt: new Date(this.#time(options.at)).toISOString(),
        subject: options.subject ?? defaultSubject({ kind: options.kind, seq }, changes, state),
        body: options.body,
        kind: options.kind,
        seq,
        ...checkpointFacts(changes, state),
        author: options.author ?? author,
      },
    }
    const { bytes, checkpoint } = encodeSessionFile(draft)
    return { bytes, file: { ...draft, checkpoint: checkpoint as FileHead['checkpoint'] } }
  }

  #summaryOf(state: JsonObject): FileHead['summary'] {
    const messages = state[this.#rules.collections[0] ?? '']
    const texts = ['title', 'status', 'createdAt'].filter((key) => typeof state[key] === 'string')
    return {
      messages: Array.isArray(messages) ? messages.length : 0,
      ...Object.fromEntries(texts.map((key) => [key, state[key]])),
    }
  }

  #time(at: number | undefined): number {
    return at ?? Math.floor(this.#rules.now())
  }
}

/** Whether the states are written the same, apart from `updatedAt`. */
const isSame = (a: JsonObject, b: JsonObject): boolean =>
  writeJson({ ...a, updatedAt: undefined }) === writeJson({ ...b, updatedAt: undefined })

const ancestorOf = (current: FileHead | undefined): Ancestor | undefined => current?.checkpoint

function requestOf(current: FileHead | undefined, { session, options, known }: FileWrite) {
  const tip: CommitId | undefined = current?.checkpoint.id
  return { session, branch: MAIN, tip, known, expected: options.expected, stands: tip !== undefined }
}
