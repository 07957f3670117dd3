/** Records the events of a run in strict sequence, and passes them on. */
import type { RunEvent, Usage } from '../../state/index.ts'
import type { Scrubber } from '../secrets/secrets.ts'
import { addUsage, type Draft, infoOf } from './draft.ts'
import type { AgentEvent, AgentEventBody, DeltaBody, EventError, StreamEvent } from './events.ts'
import type { PendingCall, RunInfo, RunStatus } from './result.ts'

export interface RecorderOptions {
  draft: Draft
  run: string
  scrubber: Scrubber
  now: () => number
  storeDeltas: boolean
  /** Called with every event, deltas included. */
  listen(event: StreamEvent): void
}

export class Recorder {
  readonly run: string
  readonly #options: RecorderOptions

  constructor(options: RecorderOptions) {
    this.#options = options
    this.run = options.run
  }

  get info(): RunInfo {
    return infoOf(this.#options.draft.run(this.run)!)
  }

  get usage(): Usage {
    return this.#options.draft.run(this.run)!.usage ?? {}
  }

  /** Steps that were begun so far. */
  get steps(): number {
    return this.#options.draft.run(this.run)!.events.filter(({ type }) => type === 'step-start').length
  }

  /** Stores an event. */
  add(body: AgentEventBody): void {
    const { draft, listen, now, run } = this.#options
    const sequence = (draft.run(run)!.events.at(-1)?.sequence ?? -1) + 1
    const { type, ...rest } = body
    const event = { sequence, at: new Date(now()).toISOString(), type, ...rest } as RunEvent
    listen(draft.addEvent(run, event) as unknown as AgentEvent)
  }

  /** Passes a delta on; stores it only if deltas are stored. */
  delta(body: DeltaBody): void {
    const { listen, now, scrubber, storeDeltas } = this.#options
    if (storeDeltas) this.add(body)
    else listen(scrubber.value({ ...body, at: new Date(now()).toISOString() }))
  }

  addUsage(step: number, usage: Usage): void {
    const { draft, run } = this.#options
    draft.patchRun(run, { usage: addUsage(this.usage, usage) })
    draft.addUsage(usage)
    this.add({ type: 'usage', step, usage })
  }

  resume(from: string): void {
    this.#options.draft.patchRun(this.run, { status: 'running', pending: [] })
    this.add({ type: 'run-resumed', from })
  }

  /** The process that ran it is probably gone; when it ended is unknown. */
  interrupt(): void {
    this.add({ type: 'run-end', status: 'interrupted', usage: this.usage })
    this.#options.draft.patchRun(this.run, { status: 'interrupted' })
  }

  /** It waited for a decision, and the conversation continued without one. */
  abandon(): void {
    this.#options.draft.patchRun(this.run, { pending: [] })
    this.end('cancelled')
  }

  wait(pending: readonly PendingCall[]): void {
    this.add({ type: 'waiting', pending })
    this.#options.draft.patchRun(this.run, { status: 'waiting', pending: [...pending] })
  }

  end(
    status: Exclude<RunStatus, 'running' | 'waiting'>,
    fields: { result?: unknown; error?: unknown } = {},
  ): void {
    const { draft, now, run } = this.#options
    if (fields.error !== undefined) this.add({ type: 'error', error: fields.error as EventError })
    this.add({ type: 'run-end', status, usage: this.usage })
    draft.patchRun(run, { status, endedAt: new Date(now()).toISOString(), ...fields })
  }
}

/** An error as shown in events, runs and logs. */
export function errorData(error: unknown, scrubber: Scrubber): EventError {
  if (!(error instanceof Error)) return { name: 'Error', message: scrubber.text(String(error)) }
  const { code } = error as { code?: unknown }
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: scrubber.text(error.message),
  }
}
