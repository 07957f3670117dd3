/** One conversation of an agent. */
import { SessionClosedError, UnsupportedError } from '../errors.ts'
import type { Message, RunEvent } from '../state/index.ts'
import type { Checkpoint, SessionStore, StateDiff } from '../store/session-store.ts'
import type { WorkspaceFiles, WorkspaceState } from '../workspace/workspace-files.ts'
import { NotLoadedError } from './errors.ts'
import { Operation } from './operation.ts'
import type { Decisions } from './permissions/asking.ts'
import { type PromptInput, parsePrompt } from './prompt.ts'
import {
  type ForkRequest,
  filesInto,
  forkOf,
  type RewindOptions,
  type Rewound,
  rewindTo,
} from './run/branching.ts'
import { infoOf } from './run/draft.ts'
import type { StreamEvent } from './run/events.ts'
import type { Host } from './run/host.ts'
import { type OpenSession, openSession, type SessionRequest } from './run/open-session.ts'
import { eventsOf } from './run/queue.ts'
import type { RunInfo, TurnResult } from './run/result.ts'
import type { SaveOptions } from './run/saver.ts'
import { runEventsOf, saveTurn, subjectOf, type TurnStart, takeTurn } from './run/turn.ts'

export interface SendOptions {
  /** Cancels the turn when aborted. */
  signal?: AbortSignal
}

export interface ResumeRunOptions extends SendOptions {
  /** For calls that wait: by id of the call, as in `run.pending`. */
  decisions?: Decisions
}

/**
 * A session does one operation at a time: a second one throws SessionBusyError at once. The first awaited call loads
 * the session. After that, `history`, `currentRun`, `runs` and `runEvents` work at any time: they read only memory.
 */
export class AgentSession {
  readonly id: string
  readonly #request: SessionRequest
  readonly #host: Host
  #opening: Promise<OpenSession> | undefined
  #open: OpenSession | undefined
  readonly #operation: Operation
  #run: string | undefined
  #closed = false

  /** @internal Sessions come from an agent. */
  constructor(request: SessionRequest, host: Host) {
    this.id = request.id
    this.#request = request
    this.#host = host
    this.#operation = new Operation(this.id)
  }

  /** Loads the session, as every awaited call does. Throws AlreadyExistsError, NotFoundError. */
  async load(): Promise<this> {
    await this.#load()
    return this
  }

  /**
   * Runs a turn with a prompt: a text, or parts such as pictures and files. Resolves when the turn is saved: completed, cancelled or waiting. Throws ModelError, StepLimitError,
   * or an error of the store; `turnOf(error)` is the part of the turn that has run. Throws SessionBusyError at once.
   */
  send(prompt: PromptInput, options: SendOptions = {}): Promise<TurnResult> {
    return this.#turn(parsePrompt(prompt), options)
  }

  /**
   * Runs a turn and yields its events; the last event has the result. Throws as `send` does. If the caller stops
   * reading, the turn is cancelled.
   */
  async *stream(
    prompt: PromptInput,
    options: SendOptions = {},
  ): AsyncGenerator<StreamEvent, void, undefined> {
    yield* this.#stream(parsePrompt(prompt), options)
  }

  /**
   * Continues an interrupted, waiting or failed run from its last step. A finished tool call does not run again.
   * Throws NotResumableError, and as `send` does.
   */
  resumeRun(run: string, { decisions = {}, ...options }: ResumeRunOptions = {}): Promise<TurnResult> {
    return this.#turn({ resume: run, decisions }, options)
  }

  /** As `resumeRun`, but yields the events. */
  async *streamRun(
    run: string,
    { decisions = {}, ...options }: ResumeRunOptions = {},
  ): AsyncGenerator<StreamEvent, void, undefined> {
    yield* this.#stream({ resume: run, decisions }, options)
  }

  /** Saves everything unsaved. Throws ConflictError if someone else wrote to the branch first; then name another branch. */
  save(options: SaveOptions = {}): Promise<Checkpoint> {
    return this.#exclusive(async () => {
      const open = await this.#load()
      this.#store('save')
      const { draft } = open
      const subject = draft.hasUnsaved && draft.lastRun ? { subject: subjectOf(draft.lastRun.prompt) } : {}
      return (await saveTurn(open, { ...subject, ...options }, this.#host))!
    })
  }

  /** Returns all messages, oldest first. Throws NotLoadedError before the session is loaded. */
  history(): Message[] {
    if (this.#open === undefined) throw new NotLoadedError(this.id, 'history()')
    return [...this.#open.draft.messages]
  }

  /** Returns all runs, oldest first, without their events. */
  async runs(): Promise<RunInfo[]> {
    return (await this.#load()).draft.state.runs.map(infoOf)
  }

  /** Returns the events of a run in order; with `after`, those with a greater sequence number. Throws NotFoundError. */
  async runEvents(run: string, options: { after?: number } = {}): Promise<RunEvent[]> {
    return runEventsOf(await this.#load(), run, options.after)
  }

  /** The run that is in progress. */
  currentRun(): RunInfo | undefined {
    const run = this.#run === undefined ? undefined : this.#open?.draft.run(this.#run)
    return run === undefined ? undefined : infoOf(run)
  }

  /** Cancels the running turn, and waits for its end. Returns `false` if no turn is running. */
  cancel(): Promise<boolean> {
    return this.#operation.cancel()
  }

  /** The checkpoint that the session is at; `undefined` before it is loaded or saved. */
  get checkpoint(): Checkpoint | undefined {
    return this.#open?.saver?.checkpoint
  }

  /** The branch that it saves to; `undefined` before it is loaded or saved. */
  get branch(): string | undefined {
    return this.#open?.saver?.branch
  }

  /** Lists the checkpoints up to the current one, newest first: turns, and with `steps` also those inside turns. */
  async checkpoints(options: { limit?: number; steps?: boolean } = {}): Promise<Checkpoint[]> {
    await this.#load()
    const store = this.#store('checkpoints')
    const { checkpoint } = this
    if (checkpoint === undefined) return []
    const all: Checkpoint[] = []
    for await (const one of store.log(this.id, { ...options, at: checkpoint.id })) all.push(one)
    return all
  }

  /**
   * Returns a session that starts at a checkpoint of this one (default: the current one): on a new branch, or as a new
   * session; with `into`, in a folder of its own with the files of the checkpoint. This session does not change. Throws
   * AlreadyExistsError, NotFoundError.
   */
  fork(request: ForkRequest): Promise<AgentSession> {
    return this.#exclusive(async () => {
      await this.#load()
      const [store, saved] = [this.#store('fork'), this.#saved('fork')]
      const { at = saved.id, into } = request
      if (into !== undefined) await filesInto(store, { session: this.id, at, into })
      const { id, branch } = await forkOf(store, saved, this.id, request)
      const { at: _, ...own } = this.#request
      const workspace = into ?? own.workspace
      return new AgentSession({ ...own, id, mode: 'resume', branch, workspace }, this.#host).load()
    })
  }

  /** Compares two checkpoints; without the second, compares the first with the current one. */
  async diff(from: string, to?: string): Promise<StateDiff> {
    await this.#load()
    const store = this.#store('diff')
    return store.diff(this.id, from, to ?? this.#saved('diff').id)
  }

  /**
   * Goes back to a checkpoint, on a new branch that becomes active. The old branch does not change. Unsaved changes are
   * lost. With `files`, the files of the workspace go back, too; what is there becomes a snapshot first, and going back to
   * `files.undo` brings it back. Throws NotFoundError, RestoreError, WorkspaceLimitError.
   *
   *     const { files } = await session.rewind('main~3', { files: true })
   *     await session.rewind(files.undo, { files: true, conversation: false })
   */
  rewind(revision: string, options: RewindOptions = {}): Promise<Rewound> {
    return this.#exclusive(async () => {
      const { snapshots } = await this.#load()
      const store = this.#store('rewind')
      const { conversation = true } = options
      if (conversation && !store.supports.branches) throw new UnsupportedError('branches')
      if (options.files === true && snapshots.files === undefined) throw new UnsupportedError('files')
      const at = conversation ? await store.resolve(this.id, revision) : revision
      const files =
        options.files === true
          ? await snapshots.files?.restore(this.id, at, { branch: this.branch })
          : undefined
      if (!conversation) return { ...this.#saved('rewind'), files }
      const branch = await rewindTo(store, this.id, at, options.branch)
      const { at: _, ...request } = this.#request
      this.#open = await openSession({ ...request, mode: 'resume', branch }, this.#host)
      this.#opening = Promise.resolve(this.#open)
      return { ...this.#saved('rewind'), files }
    })
  }

  /** The files of the workspace, to look at and to put back; `undefined` before it is loaded, and if the store has none. */
  get files(): WorkspaceFiles | undefined {
    return this.#open?.snapshots.files
  }

  /** Whether the files of the workspace are those of the current checkpoint: ask after a resume. */
  async workspaceState(): Promise<WorkspaceState> {
    const { snapshots } = await this.#load()
    const { checkpoint } = this
    if (checkpoint === undefined || snapshots.files === undefined) return 'unknown'
    return snapshots.files.state(this.id, checkpoint.id)
  }

  /** Cancels the running turn, and closes this object. The session in the store remains. */
  async close(): Promise<void> {
    this.#closed = true
    await this.cancel()
    await this.#operation.end()
  }

  get isClosed(): boolean {
    return this.#closed || this.#host.isClosed
  }

  #check(): void {
    if (this.#closed) throw new SessionClosedError()
    if (this.#host.isClosed) throw new SessionClosedError('agent')
  }

  #load(): Promise<OpenSession> {
    this.#opening ??= (async () => {
      try {
        this.#check()
        this.#open = await openSession(this.#request, this.#host)
        return this.#open
      } catch (error) {
        // The next call tries again.
        this.#opening = undefined
        throw error
      }
    })()
    return this.#opening
  }

  #store(what: string): SessionStore {
    const { sessionStore } = this.#request
    if (sessionStore !== undefined) return sessionStore
    throw new TypeError(`${what} needs a store: pass sessionStore to the session, or to Agent.create`)
  }

  #saved(what: string): Checkpoint {
    const { checkpoint } = this
    if (checkpoint !== undefined) return checkpoint
    throw new TypeError(`${what} needs a saved session: await session.save() first`)
  }

  async #exclusive<T>(work: () => Promise<T>): Promise<T> {
    this.#check()
    return this.#operation.run(() => this.#working(work))
  }

  async #turn(
    start: TurnStart,
    { signal }: SendOptions,
    listen: (event: StreamEvent) => void = () => {},
  ): Promise<TurnResult> {
    this.#check()
    return this.#operation.turn(signal, (abort) =>
      this.#working(async () => {
        const open = await this.#load()
        return takeTurn(start, {
          ...open,
          host: this.#host,
          request: this.#request,
          signal: abort,
          listen,
          begun: (run) => {
            this.#run = run
          },
        }).finally(() => {
          this.#run = undefined
        })
      }),
    )
  }

  /** Does the work while the agent knows of it, and so can end it. */
  async #working<T>(work: () => Promise<T>): Promise<T> {
    this.#host.working(this)
    try {
      return await work()
    } finally {
      this.#host.idle(this)
    }
  }

  async *#stream(start: TurnStart, { signal }: SendOptions): AsyncGenerator<StreamEvent, void, undefined> {
    yield* eventsOf<StreamEvent>(async (push, stopped) => {
      const signals = signal === undefined ? [stopped] : [signal, stopped]
      const result = await this.#turn(start, { signal: AbortSignal.any(signals) }, push)
      push({ type: 'result', at: new Date(this.#host.now()).toISOString(), result })
    })
  }
}
