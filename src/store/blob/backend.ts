/** The backend of a store without history: each session is one blob. */
import { authorOf } from '../../checkpoints/commits/author.ts'
import { checkpointFacts } from '../../checkpoints/commits/facts.ts'
import { seqOfFork } from '../../checkpoints/commits/lineage.ts'
import { resolveRevision } from '../../checkpoints/commits/revision.ts'
import { forkSubject, oneLine } from '../../checkpoints/commits/text.ts'
import { Exclusive } from '../../checkpoints/lifetime.ts'
import { wrongType } from '../../checkpoints/wrong-type.ts'
import { writeJson } from '../../codec/index.ts'
import {
  AlreadyExistsError,
  ConflictError,
  CorruptError,
  NotFoundError,
  UnsupportedError,
} from '../../errors.ts'
import { type CommitId, MAIN, type SessionId } from '../../ids.ts'
import { deepCopy, type JsonObject } from '../../json-value.ts'
import { decodeName, encodeName } from '../../ref-part.ts'
import type { Backend, Base, Content, ItemCheck, Look, NewSession } from '../backend.ts'
import { type DocumentRules, upToDate } from '../document.ts'
import type {
  Checkpoint,
  ListOptions,
  MaintainOptions,
  MaintainReport,
  Problem,
  SessionSummary,
  StoreStats,
  Supports,
  VerifyReport,
} from '../session-store.ts'
import { pageOf, summarize, unreadable } from '../summary.ts'
import { checkItems, wholeContent } from '../whole.ts'
import { BlobBase, comparingBy, type Held, heldIn } from './base.ts'
import type { Blobs } from './blobs.ts'
import {
  decodeFileHead,
  decodeSessionFile,
  encodeSessionFile,
  type FileHead,
  isIntact,
  type SessionFile,
} from './session-file.ts'

/** The most attempts at one write while other processes write first. */
const ATTEMPTS = 100

export class BlobBackend implements Backend<Held> {
  readonly supports: Supports
  readonly #blobs: Blobs
  readonly #rules: DocumentRules
  readonly #queues = new Map<string, { turns: Exclusive; waiting: number }>()

  constructor(blobs: Blobs, rules: DocumentRules) {
    this.#blobs = blobs
    this.#rules = rules
    const { persistent } = blobs
    this.supports = {
      history: false,
      branches: false,
      patch: false,
      persistent,
      keys: false,
      files: false,
      switch: false,
    }
  }

  async exists(session: SessionId): Promise<boolean> {
    return this.#has(encodeName(session))
  }

  nameOf(session: SessionId): SessionId {
    return session
  }

  async look(session: SessionId, { at }: { at?: string | undefined }): Promise<Look<Held> | undefined> {
    const { file } = await this.#read(session)
    if (file === undefined) return undefined
    const commit = heldIn(file)
    if (at !== undefined) await resolveIn(commit.id, session, at)
    return { branch: MAIN, tip: commit.id, commit: this.#own(commit) }
  }

  async resolve(session: SessionId, revision: string): Promise<Held> {
    const { file } = await this.#read(session)
    if (file === undefined) throw new NotFoundError({ kind: 'session', id: session })
    await resolveIn(file.checkpoint.id, session, revision)
    return heldIn(file)
  }

  present({ file }: Held): Checkpoint {
    return file.checkpoint
  }

  line(from: Held): Held[] {
    return [from]
  }

  async document({ file }: Held): Promise<JsonObject> {
    return file.state
  }

  async prepare(document: JsonObject, check: ItemCheck): Promise<Content<Held>> {
    checkItems(document, this.#rules.collections, check)
    writeJson(document)
    return wholeContent(deepCopy(document), comparingBy(this.#rules))
  }

  write<T>(
    { session }: { session: SessionId },
    decide: (base: Base<Held>) => Promise<T>,
    landed: (result: T) => void,
  ): Promise<T> {
    return this.#exclusively(encodeName(session), async (key) => {
      for (let attempt = 1; ; attempt++) {
        const { bytes: seen, file } = await this.#read(session)
        const tip = file && this.#own(heldIn(file))
        const base = new BlobBase(session, tip, this.#rules)
        const result = await decide(base)
        if (base.made === undefined || (await this.#blobs.replace(key, base.made, seen))) {
          landed(result)
          return result
        }
        if (attempt < ATTEMPTS) continue
        const actual = (await this.#read(session)).file?.checkpoint.id ?? null
        throw new ConflictError({ session, branch: MAIN, expected: tip?.id ?? null, actual })
      }
    })
  }

  async fork(from: SessionId, at: string, to: NewSession): Promise<Held> {
    const source = await this.resolve(from, at)
    const { session, branch, subject = '', author } = to
    const parent = { session: source.file.checkpoint.session as string, checkpoint: source.id as string }
    const state: JsonObject = { ...source.file.state, id: session, parent }
    const draft = {
      type: source.file.type,
      summary: source.file.summary,
      state,
      checkpoint: {
        session,
        branch,
        parents: [],
        createdAt: new Date(Math.floor(this.#rules.now())).toISOString(),
        subject: oneLine(subject) || forkSubject(parent.session, parent.checkpoint),
        body: '',
        kind: 'fork' as const,
        seq: seqOfFork(source),
        ...checkpointFacts({ added: [], from: 0, run: undefined }, state),
        forkedFrom: parent,
        author: authorOf(author ?? this.#rules.author),
      },
    }
    const { bytes, checkpoint } = encodeSessionFile(draft)
    return this.#exclusively(encodeName(session), async (key) => {
      if ((await this.#has(key)) || !(await this.#blobs.replace(key, bytes, undefined)))
        throw new AlreadyExistsError({ kind: 'session', id: session })
      return heldIn({ ...draft, checkpoint: checkpoint as FileHead['checkpoint'] })
    })
  }

  delete(session: SessionId): Promise<boolean> {
    return this.#exclusively(encodeName(session), async (key) => this.#blobs.remove(key))
  }

  /** Reads only the head of each session, if that costs less. */
  async *list(options: ListOptions): AsyncGenerator<SessionSummary> {
    const summaries: SessionSummary[] = []
    for (const name of await this.#names()) {
      try {
        const head = await this.#head(name)
        if (head === undefined) continue
        const { type, checkpoint, summary } = head
        const session = { id: checkpoint.session, type, activeBranch: MAIN }
        summaries.push(summarize(session, checkpoint, summary, summary.messages))
      } catch (error) {
        summaries.push(unreadable({ id: name }, error))
      }
    }
    yield* pageOf(summaries, options)
  }

  async verify(
    session: SessionId | undefined,
    onProgress: MaintainOptions['onProgress'],
  ): Promise<VerifyReport> {
    const names = session === undefined ? await this.#names() : [session]
    const problems: Problem[] = []
    for (const [index, name] of names.entries()) {
      const problem = await this.#problemOf(name)
      if (problem !== undefined) problems.push(problem)
      onProgress?.({ phase: 'sessions', done: index + 1, total: names.length })
    }
    const sound = names.length - problems.length
    return { ok: problems.length === 0, checkpoints: sound, objects: sound, problems }
  }

  async maintain({ onProgress }: MaintainOptions): Promise<MaintainReport> {
    const bytesBefore = await this.#size()
    await this.#blobs.clean?.()
    onProgress?.({ phase: 'done', done: 1, total: 1 })
    return { bytesBefore, bytesAfter: await this.#size() }
  }

  async stats(): Promise<StoreStats> {
    const sessions = (await this.#names()).length
    return { sessions, branches: sessions, tags: 0, bytes: await this.#size() }
  }

  async close(): Promise<void> {
    await this.#blobs.close?.()
  }

  /** Returns the bytes and the parsed file, or `undefined` for both. Throws CorruptError. */
  async #read(session: SessionId): Promise<{ bytes: Uint8Array | undefined; file: SessionFile | undefined }> {
    const key = encodeName(session)
    const bytes = await this.#blobs.read(key)
    if (bytes === undefined) return { bytes, file: undefined }
    const place = this.#placeOf(key)
    return { bytes, file: checkName(place, session, decodeSessionFile(place, bytes)) }
  }

  async #head(session: SessionId): Promise<FileHead | undefined> {
    const key = encodeName(session)
    const place = this.#placeOf(key)
    const start = await this.#start(key)
    if (start === undefined) return undefined
    const head = decodeFileHead(place, start) ?? (await this.#read(session)).file
    return head && checkName(place, session, head)
  }

  /**
   * Returns the checkpoint with its state migrated. Throws InvalidStateError if the session's type is not the store's.
   */
  #own({ file }: Held): Held {
    const { type, checkpoint } = file
    if (type !== this.#rules.type) throw wrongType(checkpoint.session, type, this.#rules.type)
    return heldIn({ ...file, state: upToDate(file.state, this.#rules) })
  }

  async #problemOf(session: SessionId): Promise<Problem | undefined> {
    const where = this.#placeOf(encodeName(session))
    try {
      const { file } = await this.#read(session)
      if (file === undefined || isIntact(file)) return undefined
      return { session, checkpoint: file.checkpoint.id, where, message: 'is not what was saved' }
    } catch (error) {
      if (error instanceof CorruptError) return { session, where, message: error.message }
      throw error
    }
  }

  /** Names of all sessions as their keys tell them: long names are shortened. */
  async #names(): Promise<SessionId[]> {
    const names = [...(await this.#blobs.keys())].map(decodeName)
    return names.filter((name) => name !== undefined) as SessionId[]
  }

  async #has(key: string): Promise<boolean> {
    return (await this.#blobs.has?.(key)) ?? (await this.#start(key)) !== undefined
  }

  async #start(key: string): Promise<Uint8Array | undefined> {
    return this.#blobs.readStart === undefined ? this.#blobs.read(key) : this.#blobs.readStart(key)
  }

  async #size(): Promise<number> {
    return (await this.#blobs.size?.()) ?? 0
  }

  #placeOf(key: string): string {
    return this.#blobs.nameOf?.(key) ?? key
  }

  async #exclusively<T>(key: string, work: (key: string) => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? { turns: new Exclusive(), waiting: 0 }
    this.#queues.set(key, queue)
    queue.waiting++
    const one = () => work(key)
    try {
      return await queue.turns.run(() => this.#blobs.exclusively?.(key, one) ?? one())
    } finally {
      if (--queue.waiting === 0) this.#queues.delete(key)
    }
  }
}

/**
 * Throws unless the revision names the only checkpoint: UnsupportedError for an earlier one, NotFoundError otherwise.
 */
async function resolveIn(id: CommitId, session: SessionId, revision: string): Promise<void> {
  const earlier = () => {
    throw new UnsupportedError('history', `This store keeps no history, so '${revision}' no longer exists.`)
  }
  const lookup = {
    head: async (branch: string = MAIN) => (branch === MAIN ? id : undefined),
    tag: async () => undefined,
    has: async (other: CommitId) => other === id,
    prefix: async (digits: string) => (id.startsWith(digits) ? [id] : []),
    parents: earlier,
    turnParent: earlier,
  }
  await resolveRevision(revision, lookup, session)
}

/** Throws CorruptError if the blob holds another session, for example because a file was copied by hand. */
function checkName<H extends FileHead>(place: string, session: SessionId, head: H): H {
  if (encodeName(head.checkpoint.session) === encodeName(session)) return head
  throw new CorruptError(
    `'${place}' holds session '${head.checkpoint.session}'. Give it back its name, or fork the session to copy it.`,
    { file: place },
  )
}
