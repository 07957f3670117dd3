/** A session's state in memory, and what of it is not saved yet. */
import type { Message, Run, RunEvent, Session, Usage } from '../../state/index.ts'
import type { Addition } from '../../store/session-store.ts'
import type { Scrubber } from '../secrets/secrets.ts'
import type { RunInfo } from './result.ts'

/** What is new since the last save, with a call to mark it as saved. */
export interface Unsaved {
  addition: Addition
  /** Marks only what `addition` holds; later changes stay unsaved. */
  saved(): void
}

/** It only grows, so that new parts are known without a comparison. Secrets are masked in everything that enters. */
export class Draft {
  readonly #state: Session
  readonly #scrubber: Scrubber
  readonly #runs = new Map<string, Run>()
  #savedMessages: number
  /** By run: how many of its events are saved. Only runs that changed. */
  readonly #touched = new Map<string, number>()
  readonly #fields = new Set<string>()

  /** @param saved whether the state came from a store; else all of it is new */
  constructor(state: Session, scrubber: Scrubber, saved: boolean) {
    const own = saved ? state : scrubber.value(state)
    this.#state = { ...own, messages: [...own.messages], runs: [] }
    this.#scrubber = scrubber
    this.#savedMessages = saved ? own.messages.length : 0
    for (const run of own.runs) {
      const own = { ...run, events: [...run.events] }
      this.#state.runs.push(own)
      this.#runs.set(run.id, own)
      if (!saved) this.#touched.set(run.id, 0)
    }
  }

  /** For reading only; changes go through the methods below. */
  get state(): Readonly<Session> {
    return this.#state
  }

  get messages(): readonly Message[] {
    return this.#state.messages
  }

  run(id: string): Readonly<Run> | undefined {
    return this.#runs.get(id)
  }

  get lastRun(): Readonly<Run> | undefined {
    return this.#state.runs.at(-1)
  }

  addMessage(message: Message): void {
    this.#state.messages.push(this.#scrubber.value(message))
  }

  addRun(run: Run): void {
    const own = { ...this.#scrubber.value(run), events: [] }
    this.#state.runs.push(own)
    this.#runs.set(run.id, own)
    this.#touched.set(run.id, 0)
  }

  /** Sets fields of a run. */
  patchRun(id: string, fields: Partial<Run>): void {
    const run = this.#touch(id)
    Object.assign(run, this.#scrubber.value(fields))
  }

  addEvent(id: string, event: RunEvent): RunEvent {
    const clean = this.#scrubber.value(event)
    this.#touch(id).events.push(clean)
    return clean
  }

  /** Sets top-level fields; equal values do not count as changes. */
  set(fields: Partial<Omit<Session, 'id' | 'type' | 'schemaVersion' | 'messages' | 'runs'>>): void {
    for (const [key, value] of Object.entries(this.#scrubber.value(fields))) {
      const before = this.#state[key]
      if (before === value || JSON.stringify(before) === JSON.stringify(value)) continue
      this.#state[key] = value
      this.#fields.add(key)
    }
  }

  addUsage(usage: Usage): void {
    this.set({ usage: addUsage(this.#state.usage, usage) })
  }

  get hasUnsaved(): boolean {
    return (
      this.#savedMessages < this.#state.messages.length || this.#touched.size > 0 || this.#fields.size > 0
    )
  }

  /** `undefined` when there is nothing new. */
  unsaved(): Unsaved | undefined {
    if (!this.hasUnsaved) return undefined
    const { messages } = this.#state
    const count = messages.length
    const runs = [...this.#touched].map(([id, from]) => {
      const run = this.#runs.get(id)!
      return { run: { ...run, events: run.events.slice(from) }, id, to: run.events.length }
    })
    const fields = [...this.#fields].map((key) => [key, this.#state[key]] as const)
    return {
      addition: {
        messages: messages.slice(this.#savedMessages),
        runs: runs.map(({ run }) => run),
        set: Object.fromEntries(fields),
      },
      saved: () => {
        this.#savedMessages = count
        for (const { run, id, to } of runs) {
          if (this.#isAt(id, run, to)) this.#touched.delete(id)
          else this.#touched.set(id, to)
        }
        for (const [key, value] of fields) if (this.#state[key] === value) this.#fields.delete(key)
      },
    }
  }

  /** Marks the whole state as saved. */
  snapshot(): { state: Session; saved(): void } {
    const unsaved = this.unsaved()
    return { state: this.#copy(), saved: () => unsaved?.saved() }
  }

  #copy(): Session {
    const { messages, runs } = this.#state
    return {
      ...this.#state,
      messages: [...messages],
      runs: runs.map((run) => ({ ...run, events: [...run.events] })),
    }
  }

  #touch(id: string): Run {
    const run = this.#runs.get(id)!
    if (!this.#touched.has(id)) this.#touched.set(id, run.events.length)
    return run
  }

  #isAt(id: string, before: Run, events: number): boolean {
    const run = this.#runs.get(id)!
    if (run.events.length !== events) return false
    return Object.entries(run).every(([key, value]) => key === 'events' || before[key] === value)
  }
}

/** A run without its events. */
export function infoOf({ events: _, ...run }: Readonly<Run>): RunInfo {
  return run as RunInfo
}

/** The sum of both, key by key. */
export function addUsage(a: Usage, b: Usage): Usage {
  const sum: Record<string, unknown> = { ...a }
  for (const [key, value] of Object.entries(b)) {
    if (typeof value === 'number') sum[key] = (typeof sum[key] === 'number' ? sum[key] : 0) + value
  }
  return sum as Usage
}
