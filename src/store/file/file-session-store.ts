/** Sessions as plain files: one JSON file each, and no history. */

import { Lifetime } from '../../checkpoints/lifetime.ts'
import { AlreadyExistsError, UnsupportedError } from '../../errors.ts'
import { MAIN, parseBranchName, parseSessionId, parseTagName } from '../../ids.ts'
import { deepCopy, type JsonObject } from '../../json-value.ts'
import type { Session } from '../../state/index.ts'
import { copyAddition, parseAddition } from '../addition/addition.ts'
import { checkSchema, checkShape, type DocumentRules, documentRules, redactDocument } from '../document.ts'
import { parseDeleteOptions, parseForkOptions } from '../options/call-options.ts'
import { parseCount, parseWriteOptions } from '../options/write-options.ts'
import { eventsOf, isPartial, partOf } from '../partial-state.ts'
import { type Position, Positions } from '../positions.ts'
import { createHandle } from '../session-handle.ts'
import type {
  Addition,
  Branch,
  Checkpoint,
  ForkOptions,
  ListOptions,
  LoadOptions,
  LogOptions,
  MaintainOptions,
  MaintainReport,
  Place,
  SessionHandle,
  SessionStore,
  SessionSummary,
  StateDiff,
  StoredDocument,
  StoreOptions,
  StoreStats,
  Supports,
  Tag,
  VerifyReport,
  WriteOptions,
} from '../session-store.ts'
import { diffStates, parsePlaces } from '../state-diff.ts'
import { checkListOptions, pageOf } from '../summary.ts'
import { FileReader, positionAt, resolveIn } from './reader.ts'
import type { SessionFile } from './session-file.ts'
import { SessionFolder, type SessionFolderOptions } from './session-folder.ts'
import { type FileWrite, FileWriter } from './writer.ts'

export interface FileStoreOptions<S extends StoredDocument = Session> extends StoreOptions<S> {
  /** How long another process's lock is waited for, in milliseconds. Default 10,000. */
  lockTimeout?: number
  /** @internal The disk and who is using it; for tests. */
  folder?: SessionFolderOptions
}

/**
 * Keeps each session in one JSON file of a folder, replaced atomically and synced by every save. There is no history:
 * a session is at one checkpoint, whose id is a fingerprint of the file, and steps, turns and forks are of that one.
 * Branches, tags and keys throw UnsupportedError. Saving costs what the session costs; for long sessions, and to go
 * back, there is `GitSessionStore`.
 *
 *     const store = new FileSessionStore('./sessions')
 *     await store.save(state)                               // ./sessions/<id>.json
 */
export class FileSessionStore<S extends StoredDocument = Session> implements SessionStore<S> {
  readonly supports: Supports = {
    history: false,
    branches: false,
    patch: false,
    persistent: true,
    keys: false,
  }
  readonly type: string
  /** The folder, as an absolute path. */
  readonly folder: string
  readonly #rules: DocumentRules
  readonly #files: SessionFolder
  readonly #reader: FileReader
  readonly #writer: FileWriter
  readonly #positions = new Positions()
  readonly #lifetime = new Lifetime()

  constructor(folder: string, options: FileStoreOptions<S> = {}) {
    if (typeof folder !== 'string' || folder === '') {
      throw new TypeError('A file store needs the path of its folder')
    }
    const { lockTimeout } = options
    this.#rules = documentRules(options)
    this.type = this.#rules.type
    this.#files = new SessionFolder(folder, {
      ...(lockTimeout === undefined ? {} : { lockTimeout }),
      ...options.folder,
    })
    this.folder = this.#files.path
    this.#reader = new FileReader(this.#files, this.#rules)
    this.#writer = new FileWriter(this.#rules)
  }

  save(state: S, options?: WriteOptions): Promise<Checkpoint> {
    return this.#lifetime.use(
      async () => (await this.#save(state, options, () => this.#positions.of(state))).checkpoint,
    )
  }

  append(session: string, addition: Addition, options?: WriteOptions): Promise<Checkpoint> {
    return this.#lifetime.use(async () => (await this.#append(session, addition, options)).checkpoint)
  }

  load(session: string, options: LoadOptions = {}): Promise<S | undefined> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      parseCount('last', options.last)
      const file = this.#reader.read(id)
      if (file === undefined) return undefined
      onlyMain(options.branch)
      if (options.at !== undefined) await resolveIn(file, id, options.at)
      const own = this.#reader.own(file)
      const state = partOf(own.state, options, this.#rules.collections) as unknown as S
      if (!isPartial(options)) this.#positions.set(state, positionAt(file))
      return state
    })
  }

  open(session: string, options: { at?: string; branch?: string } = {}): Promise<SessionHandle<S>> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      onlyMain(options.branch)
      const file = this.#reader.require(id)
      if (options.at !== undefined) await resolveIn(file, id, options.at)
      const own = this.#reader.own(file)
      return createHandle<S>(
        {
          save: (state, all, at) =>
            this.#lifetime.use(async () => this.#written(await this.#save(state, all, () => at))),
          append: (addition, all, at) =>
            this.#lifetime.use(async () => this.#written(await this.#append(id, addition, all, at))),
        },
        this.#written(own),
        positionAt(own),
        MAIN,
      )
    })
  }

  resolve(session: string, revision: string): Promise<string> {
    return this.#lifetime.use(() => {
      const id = parseSessionId(session)
      return resolveIn(this.#reader.require(id), id, revision)
    })
  }

  checkpoint(session: string, revision = ''): Promise<Checkpoint> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      const { checkpoint } = this.#reader.require(id)
      await resolveIn({ checkpoint }, id, revision)
      return checkpoint
    })
  }

  /** The one checkpoint there is. */
  async *log(session: string, options: LogOptions = {}): AsyncGenerator<Checkpoint> {
    this.#lifetime.check()
    const limit = parseCount('limit', options.limit) ?? 1
    const checkpoint = await this.checkpoint(session, options.at)
    if (limit > 0 && (options.steps === true || checkpoint.kind !== 'step')) yield checkpoint
  }

  branches(session: string): Promise<Branch[]> {
    return this.#lifetime.use(async () => {
      const { checkpoint } = this.#reader.require(parseSessionId(session))
      return [{ name: MAIN, head: checkpoint.id, active: true }]
    })
  }

  tags(session: string): Promise<Tag[]> {
    return this.#lifetime.use(async () => {
      this.#reader.require(parseSessionId(session))
      return []
    })
  }

  switch(session: string, branch: string): Promise<void> {
    return this.#lifetime.use(async () => {
      onlyMain(branch)
      this.#reader.require(parseSessionId(session))
    })
  }

  fork(session: string, options: ForkOptions): Promise<Checkpoint> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      const { at, session: to, branch, ...rest } = parseForkOptions(options)
      onlyMain(branch)
      const source = this.#reader.require(id)
      await resolveIn(source, id, at)
      if (to === undefined) throw new AlreadyExistsError({ kind: 'branch', id: MAIN, session: id })
      return this.#files.change(to, async (file) => {
        if (this.#files.exists(file)) throw new AlreadyExistsError({ kind: 'session', id: to })
        const forked = this.#writer.fork(source, to, rest)
        await this.#files.replace(file, forked.bytes)
        return forked.checkpoint
      })
    })
  }

  tag(session: string, name: string): Promise<Tag> {
    return this.#lifetime.use(async () => {
      parseTagName(name)
      this.#reader.require(parseSessionId(session))
      throw new UnsupportedError('tags')
    })
  }

  diff(from: Place | string, to: Place | string, revision?: string): Promise<StateDiff> {
    return this.#lifetime.use(async () => {
      const places = parsePlaces(from, to, revision)
      const [before, after] = [await this.#placed(places[0]), await this.#placed(places[1])]
      return {
        from: before.name,
        to: after.name,
        ...diffStates(before.state, after.state, this.#rules.collections),
        patch: async () => {
          throw new UnsupportedError('patch', 'There is no git under a file store; use the data of the diff.')
        },
      }
    })
  }

  async *list(options: ListOptions = {}): AsyncGenerator<SessionSummary> {
    this.#lifetime.check()
    checkListOptions(options)
    yield* pageOf(this.#reader.summaries(), options)
  }

  runEvents(session: string, run: string, options: { after?: number; at?: string } = {}): Promise<unknown[]> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      const file = this.#reader.own(this.#reader.require(id))
      await resolveIn(file, id, options.at ?? '')
      return [...eventsOf(file.state, id, run, options.after)]
    })
  }

  exists(session: string): Promise<boolean> {
    return this.#lifetime.use(async () => this.#files.exists(this.#files.fileOf(parseSessionId(session))))
  }

  delete(session: string, options: { branch?: string; tag?: string } = {}): Promise<boolean> {
    return this.#lifetime.use(async () => {
      const id = parseSessionId(session)
      const { branch, tag } = parseDeleteOptions(options)
      if (tag !== undefined) throw new UnsupportedError('tags')
      if (branch !== undefined) throw new UnsupportedError('branches')
      if (!this.#files.exists(this.#files.fileOf(id))) return false
      return this.#files.change(id, (file) => this.#files.remove(file))
    })
  }

  verify(
    session?: string,
    { onProgress }: { onProgress?: MaintainOptions['onProgress'] } = {},
  ): Promise<VerifyReport> {
    return this.#lifetime.use(async () => {
      const only = session === undefined ? undefined : parseSessionId(session)
      return this.#reader.verify(only, (done, total) => onProgress?.({ phase: 'sessions', done, total }))
    })
  }

  /** Removes what processes that are gone have left behind. */
  maintain({ onProgress }: MaintainOptions = {}): Promise<MaintainReport> {
    return this.#lifetime.use(async () => {
      await this.#files.clean()
      onProgress?.({ phase: 'done', done: 1, total: 1 })
      const bytes = this.#files.size()
      return { native: false, packsBefore: 0, packsAfter: 0, bytesBefore: bytes, bytesAfter: bytes }
    })
  }

  stats(): Promise<StoreStats> {
    return this.#lifetime.use(async () => {
      const sessions = this.#files.names().length
      const bytes = this.#files.size()
      return { sessions, branches: sessions, tags: 0, objects: sessions, packs: 0, looseObjects: 0, bytes }
    })
  }

  async close(): Promise<void> {
    await this.#lifetime.close()
    this.#files.close()
  }

  async #save(
    state: S,
    options: WriteOptions | undefined,
    known: () => Position | undefined,
  ): Promise<SessionFile> {
    const write = parseFileOptions(options)
    const session = checkShape(state, this.#rules)
    // Copied before anything is awaited: what the caller changes from here on is not part of this save.
    const document = this.#writer.copyOf(redactDocument(state, this.#rules) as unknown as JsonObject)
    await checkSchema(document, this.#rules)
    const saved = await this.#change({ session, options: write, known }, (current, now) =>
      this.#writer.save(current, now, document),
    )
    this.#positions.set(state, positionAt(saved))
    return saved
  }

  async #append(
    session: string,
    addition: Addition,
    options: WriteOptions | undefined,
    known?: Position,
  ): Promise<SessionFile> {
    const write = parseFileOptions(options)
    const id = parseSessionId(session)
    const parsed = copyAddition(parseAddition(addition, this.#rules.collections))
    return this.#change({ session: id, options: write, known: () => known }, (current, now) =>
      this.#writer.append(current, now, parsed),
    )
  }

  /** Reads, decides and writes while nobody else can. */
  #change(
    { known, ...write }: Omit<FileWrite, 'known'> & { known: () => Position | undefined },
    decide: (
      current: SessionFile | undefined,
      write: FileWrite,
    ) => ReturnType<FileWriter['append']> | ReturnType<FileWriter['save']>,
  ): Promise<SessionFile> {
    return this.#files.change(write.session, async (path) => {
      const current = this.#reader.read(write.session)
      const next = await decide(current && this.#reader.own(current), { ...write, known: known() })
      if (next.bytes !== undefined) await this.#files.replace(path, next.bytes)
      return next.file
    })
  }

  async #placed({ session, at = '' }: Place) {
    const id = parseSessionId(session)
    const file = this.#reader.require(id)
    return { state: file.state, name: { session: id as string, checkpoint: await resolveIn(file, id, at) } }
  }

  /** What a handle holds: a copy of the state, whose position is known as well. */
  #written(file: SessionFile): { checkpoint: Checkpoint; state: S } {
    const state = deepCopy(file.state) as unknown as S
    this.#positions.set(state, positionAt(file))
    return { checkpoint: file.checkpoint, state }
  }
}

function parseFileOptions(options: WriteOptions | undefined) {
  const write = parseWriteOptions(options)
  onlyMain(write.branch)
  if (write.tag !== undefined) throw new UnsupportedError('tags')
  if (write.key !== undefined) throw new UnsupportedError('keys')
  return write
}

/** Throws UnsupportedError for any other branch. */
function onlyMain(branch: string | undefined): void {
  if (branch !== undefined && parseBranchName(branch) !== MAIN) throw new UnsupportedError('branches')
}
