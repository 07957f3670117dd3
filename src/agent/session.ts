/** One conversation of an agent. */
import { SessionBusyError, SessionClosedError, UnsupportedError } from '../errors.ts'
import type { Message, RunEvent } from '../state/index.ts'
import type { Checkpoint, SessionStore, StateDiff } from '../store/session-store.ts'
import { NotLoadedError } from './errors.ts'
import { type ForkRequest, forkOf, rewindTo } from './run/branching.ts'
import { infoOf } from './run/draft.ts'
import type { StreamEvent } from './run/events.ts'
import type { Host } from './run/host.ts'
import type { Decisions } from './run/judge.ts'
import { type OpenSession, openSession, type SessionRequest } from './run/open-session.ts'
import { EventQueue } from './run/queue.ts'
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
 * A session does one operation at a time: a second one gets SessionBusyError at once. It is loaded by its first
 * awaited call. What reads only memory (`history`, `currentRun`, `runs`, `runEvents`) works at any time after that.
 */
export class AgentSession {
  readonly id: string
  readonly #request: SessionRequest
  readonly #host: Host
  #opening: Promise<OpenSession> | undefined
  #open: OpenSession | undefined
  #operation: Promise<unknown> | undefined
  #abort: AbortController | undefined
  #run: string | undefined
  #closed = false

  /** @internal Sessions come from an agent. */
  constructor(request: SessionRequest, host: Host) {
    this.id = request.id
    this.#request = request
    this.#host = host
  }

  /** Loads the session, as every awaited call does. Throws AlreadyExistsError, NotFoundError. */
  async load(): Promise<this> {
    await this.#load()
    return this
  }

  /**
   * A turn. Resolves when it is over and saved: completed, cancelled or waiting. Throws ModelError, StepLimitError, or
   * what the store throws; `turnOf(error)` is what the turn had come to. Throws SessionBusyError at once.
   */
  send(prompt: string, options: SendOptions = {}): Promise<TurnResult> {
    return this.#turn({ prompt: parsePrompt(prompt) }, options)
  }

  /**
   * A turn as it happens; its last event has the result. Throws as `send` does. Whoever stops listening cancels the
   * turn.
   */
  async *stream(prompt: string, options: SendOptions = {}): AsyncGenerator<StreamEvent, void, undefined> {
    yield* this.#stream({ prompt: parsePrompt(prompt) }, options)
  }

  /**
   * Goes on with a run that is interrupted, waiting or failed, from its last step; what has ended is not done again.
   * Throws NotResumableError, and as `send` does.
   */
  resumeRun(run: string, { decisions = {}, ...options }: ResumeRunOptions = {}): Promise<TurnResult> {
    return this.#turn({ resume: run, decisions }, options)
  }

  /** As `resumeRun`, as it happens. */
  async *streamRun(
    run: string,
    { decisions = {}, ...options }: ResumeRunOptions = {},
  ): AsyncGenerator<StreamEvent, void, undefined> {
    yield* this.#stream({ resume: run, decisions }, options)
  }

  /** Saves what is not saved yet. Throws ConflictError when somebody else has moved the branch; name another then. */
  save(options: SaveOptions = {}): Promise<Checkpoint> {
    return this.#exclusive(async () => {
      const open = await this.#load()
      this.#store('save')
      const { draft } = open
      const subject = draft.hasUnsaved && draft.lastRun ? { subject: subjectOf(draft.lastRun.prompt) } : {}
      return (await saveTurn(open, { ...subject, ...options }, this.#host))!
    })
  }

  /** Every message, oldest first. Throws NotLoadedError before the session is loaded. */
  history(): Message[] {
    if (this.#open === undefined) throw new NotLoadedError(this.id, 'history()')
    return [...this.#open.draft.messages]
  }

  /** Every run, oldest first, without its events. */
  async runs(): Promise<RunInfo[]> {
    return (await this.#load()).draft.state.runs.map(infoOf)
  }

  /** The events of a run, in order; those with a sequence greater than `after`. Throws NotFoundError. */
  async runEvents(run: string, options: { after?: number } = {}): Promise<RunEvent[]> {
    return runEventsOf(await this.#load(), run, options.after)
  }

  /** The run that is under way. */
  currentRun(): RunInfo | undefined {
    const run = this.#run === undefined ? undefined : this.#open?.draft.run(this.#run)
    return run === undefined ? undefined : infoOf(run)
  }

  /** Cancels the turn under way, and waits for its end. `false` when there is none. */
  async cancel(): Promise<boolean> {
    if (this.#abort === undefined) return false
    this.#abort.abort()
    await this.#operation?.catch(() => {})
    return true
  }

  /** The checkpoint that the session stands on; `undefined` before it is loaded or saved. */
  get checkpoint(): Checkpoint | undefined {
    return this.#open?.saver?.checkpoint
  }

  /** The branch that it saves to; `undefined` before it is loaded or saved. */
  get branch(): string | undefined {
    return this.#open?.saver?.branch
  }

  /** The checkpoints that led here, newest first: turns, and with `steps` what is between them. */
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
   * A session that starts at a checkpoint of this one (default: the one it stands on): on a new branch, or as a new
   * session. This one stays where it is. Throws AlreadyExistsError, NotFoundError.
   */
  fork(request: ForkRequest): Promise<AgentSession> {
    return this.#exclusive(async () => {
      await this.#load()
      const { id, branch } = await forkOf(this.#store('fork'), this.#saved('fork'), this.id, request)
      const { at: _, branch: __, ...own } = this.#request
      const fork = { ...own, id, mode: 'resume' as const, ...(branch === undefined ? {} : { branch }) }
      return new AgentSession(fork, this.#host).load()
    })
  }

  /** What differs between two checkpoints; without the second, between the first and the one it stands on. */
  async diff(from: string, to?: string): Promise<StateDiff> {
    await this.#load()
    const store = this.#store('diff')
    return store.diff(this.id, from, to ?? this.#saved('diff').id)
  }

  /**
   * Goes back to a checkpoint, on a branch of its own that becomes the active one; the branch it was on stays as it
   * is. What was not saved is gone. Throws NotFoundError.
   */
  rewind(revision: string, options: { branch?: string } = {}): Promise<Checkpoint> {
    return this.#exclusive(async () => {
      await this.#load()
      const store = this.#store('rewind')
      if (!store.supports.branches) throw new UnsupportedError('branches')
      const branch = await rewindTo(store, this.id, revision, options.branch)
      const { at: _, ...request } = this.#request
      this.#open = await openSession({ ...request, mode: 'resume', branch }, this.#host)
      this.#opening = Promise.resolve(this.#open)
      return this.#saved('rewind')
    })
  }

  /** Cancels what is under way, and ends the session object; the session in the store stays. */
  async close(): Promise<void> {
    this.#closed = true
    await this.cancel()
    await this.#operation?.catch(() => {})
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
    if (this.#operation !== undefined) throw new SessionBusyError(this.id)
    this.#host.working(this)
    const operation = work()
    this.#operation = operation
    try {
      return await operation
    } finally {
      this.#operation = undefined
      this.#host.idle(this)
    }
  }

  #turn(
    start: TurnStart,
    { signal }: SendOptions,
    listen: (event: StreamEvent) => void = () => {},
  ): Promise<TurnResult> {
    return this.#exclusive(async () => {
      const abort = new AbortController()
      const cancel = () => abort.abort()
      this.#abort = abort
      signal?.addEventListener('abort', cancel, { once: true })
      if (signal?.aborted) cancel()
      try {
        const open = await this.#load()
        return await takeTurn(start, {
          ...open,
          host: this.#host,
          request: this.#request,
          signal: abort.signal,
          listen,
          begun: (run) => {
            this.#run = run
          },
        })
      } finally {
        signal?.removeEventListener('abort', cancel)
        this.#abort = undefined
        this.#run = undefined
      }
    })
  }

  async *#stream(start: TurnStart, options: SendOptions): AsyncGenerator<StreamEvent, void, undefined> {
    const queue = new EventQueue<StreamEvent>()
    const abort = new AbortController()
    const signals = options.signal === undefined ? [] : [options.signal]
    const turn = this.#turn(start, { signal: AbortSignal.any([...signals, abort.signal]) }, (event) =>
      queue.push(event),
    )
    const ended = turn.then(
      (result) => {
        queue.push({ type: 'result', at: new Date(this.#host.now()).toISOString(), result })
        queue.end()
      },
      (error) => queue.fail(error),
    )
    let over = false
    try {
      yield* queue
      over = true
    } finally {
      if (!over) abort.abort()
      await ended
    }
  }
}

function parsePrompt(prompt: unknown): string {
  if (typeof prompt === 'string' && prompt !== '') return prompt
  throw new TypeError('A prompt has to be a non-empty string')
}
