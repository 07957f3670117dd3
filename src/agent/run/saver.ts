/** Saves what is new in a draft, through a handle that holds the session's own position. */
import { ConflictError } from '../../errors.ts'
import { MAIN } from '../../ids.ts'
import { refuseSecrets } from '../../redaction/names.ts'
import type { Session } from '../../state/index.ts'
import { redactSaid } from '../../store/options/said.ts'
import { redactAddition, redactWhole } from '../../store/redaction/whole.ts'
import type {
  Addition,
  Checkpoint,
  Redact,
  SessionHandle,
  SessionStore,
  WriteOptions,
} from '../../store/session-store.ts'
import type { Draft } from './draft.ts'
import type { FileSnapshots } from './file-snapshots.ts'
import type { TurnResult } from './result.ts'

export type OnConflict = 'error' | 'branch'

/** Options of a save's checkpoint. */
export type SaveOptions = Pick<WriteOptions, 'branch' | 'subject' | 'body' | 'tag' | 'author' | 'key'>

export interface SaverOptions {
  store: SessionStore
  draft: Draft
  /** Applied to everything that is saved; the draft does not change. */
  redact: Redact | undefined
  /** `undefined` for a session that was never saved. */
  handle: SessionHandle | undefined
  /** Branch that a session begins with. */
  branch: string | undefined
  onConflict: OnConflict
  /** Makes snapshots of the workspace with checkpoints. */
  snapshots: FileSnapshots
  /** A name for the branch of a turn that lost a race. */
  branchName(branch: string): string
  /** Default options of turns' checkpoints. */
  trailers(): Promise<Readonly<Record<string, string>>>
}

export class Saver {
  readonly #options: SaverOptions
  #handle: SessionHandle | undefined
  /** The last write; each waits for the one before. */
  #last: Promise<unknown> = Promise.resolve()
  #step: Promise<unknown> | undefined
  /** Options of the step that waits to be written. */
  #about: string[] = []
  #branched: TurnResult['branched']

  constructor(options: SaverOptions) {
    this.#options = options
    this.#handle = options.handle
  }

  /** The position; `undefined` before the first save. */
  get checkpoint(): Checkpoint | undefined {
    return this.#handle?.checkpoint
  }

  get branch(): string | undefined {
    return this.#handle?.branch
  }

  /** Whether a save had to make a branch since the last call. */
  takeBranched(): TurnResult['branched'] {
    const branched = this.#branched
    this.#branched = undefined
    return branched
  }

  /** Saves a step; steps that are requested while one is written share the next save. */
  step(about: string): Promise<unknown> {
    this.#about.push(about)
    this.#step ??= this.#after(() => {
      const subject = `step: ${[...new Set(this.#about)].join(', ')}`
      this.#step = undefined
      this.#about = []
      return this.#write({ kind: 'step', subject })
    })
    return this.#step
  }

  /** Saves a whole turn. */
  async turn(options: SaveOptions): Promise<Checkpoint | undefined> {
    const trailers = await this.#options.trailers()
    return this.#after(() => this.#write({ ...options, trailers }))
  }

  #after<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work, work)
    this.#last = done.catch(() => {})
    return done
  }

  async #write(given: WriteOptions): Promise<Checkpoint | undefined> {
    const { draft, redact } = this.#options
    const { branch, key, tag } = given
    const said = redact === undefined ? given : await redactSaid(given, { branch, key, tag }, redact)
    const options = { ...said, ...this.#options.snapshots.of(said.kind === 'step' ? 'step' : 'turn') }
    if (this.#handle === undefined) return this.#first(options)
    const unsaved = draft.unsaved()
    // A turn gets a checkpoint even if its last step saved everything.
    if (unsaved === undefined && (options.kind === 'step' || this.#handle.checkpoint.kind !== 'step')) {
      if (options.branch === undefined && options.tag === undefined) return this.#handle.checkpoint
    }
    const addition: Addition = unsaved?.addition ?? {}
    const clean = redact === undefined ? addition : await redactAddition(addition, redact)
    const checkpoint = await this.#append(this.#handle, clean, options)
    unsaved?.saved()
    return checkpoint
  }

  #append(handle: SessionHandle, addition: Addition, options: WriteOptions): Promise<Checkpoint> {
    const more = handle.checkpoint.kind === 'step' && options.kind !== 'step' ? { allowEmpty: true } : {}
    const append = (where: Where) => handle.append(addition, { ...options, ...more, ...where })
    return this.#orBranch(append, options, handle.branch)
  }

  /** Writes; if someone else wrote first and `onConflict` is `'branch'`, writes to a new branch. */
  async #orBranch(
    write: (where: Where) => Promise<Checkpoint>,
    options: WriteOptions,
    from: string,
  ): Promise<Checkpoint> {
    const { branchName, onConflict, snapshots, store } = this.#options
    try {
      return await write({})
    } catch (error) {
      if (options.files !== undefined && snapshots.forgives(error)) {
        const { files: _, ...others } = options
        return this.#orBranch((where) => write({ ...where, files: undefined }), others, from)
      }
      const wanted = onConflict === 'branch' && options.branch === undefined
      if (!(error instanceof ConflictError) || !wanted || !store.supports.branches) throw error
      const to = branchName(from)
      const checkpoint = await write({ branch: to })
      this.#branched = { from, to, expected: error.expected, actual: error.actual }
      return checkpoint
    }
  }

  async #first(options: WriteOptions): Promise<Checkpoint> {
    const { branch: start, draft, redact, store } = this.#options
    const { state: draftState, saved } = draft.snapshot()
    await refuseSecrets({ session: draftState.id, branch: start }, redact)
    const state = redact === undefined ? draftState : ((await redactWhole(draftState, redact)) as Session)
    const where = start === undefined ? {} : { branch: start }
    const save = (other: Where) => store.save(state, { ...where, ...options, ...other, expected: null })
    const checkpoint = await this.#orBranch(save, options, start ?? MAIN)
    saved()
    this.#handle = await store.open(state.id, { at: checkpoint.id, branch: checkpoint.branch })
    return checkpoint
  }
}

/** How a write differs from the request. */
interface Where {
  branch?: string
  /** Without the files. */
  files?: undefined
}
