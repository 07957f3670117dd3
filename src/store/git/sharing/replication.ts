/** Pushes saves to a remote automatically: soon after the save, in batches, or before the save resolves. */
import { ReplicationError } from '../../../sync/error.ts'
import { parseKey } from '../../../sync/planning/names.ts'
import type { PushReport } from '../../../sync/report.ts'

/** A save that is durable in this store. */
export interface Saved {
  session: string
  checkpoint: string
}

/** Pushes these sessions. */
type Push = (sessions: readonly string[], signal?: AbortSignal) => Promise<PushReport>

/**
 * With `later`, a save never waits, and a failed push is tried again. No queue is stored: refs tell what has to be
 * pushed.
 */
export class LaterReplication {
  readonly #push: Push
  readonly #waiting = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #last = 0
  #failures = 0

  constructor(push: Push) {
    this.#push = push
  }

  after({ session }: Saved): void {
    this.#waiting.add(session)
    this.#plan()
  }

  /** Pushes the waiting sessions; gives up after `PATIENCE`. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#running
    if (this.#waiting.size > 0) await this.#run(AbortSignal.timeout(PATIENCE))
    clearTimeout(this.#timer)
  }

  #plan(): void {
    if (this.#timer !== undefined) return
    const wait = Math.min(APART * 2 ** this.#failures, LONGEST)
    const delay = Math.max(BATCH, this.#last + wait - Date.now())
    this.#timer = setTimeout(() => {
      this.#running = this.#running.then(() => this.#run())
    }, delay).unref()
  }

  async #run(signal?: AbortSignal): Promise<void> {
    this.#timer = undefined
    this.#last = Date.now()
    const sessions = [...this.#waiting]
    this.#waiting.clear()
    try {
      await this.#push(sessions, signal)
      this.#failures = 0
    } catch {
      // Listeners got the error; the sessions are pushed again later.
      this.#failures++
      for (const session of sessions) this.#waiting.add(session)
      this.#plan()
    }
  }
}

/** With `now`, a save resolves when the remote has it too. Saves that wait at the same time share one push. */
export class NowReplication {
  readonly #push: Push
  readonly #remote: string
  #running: Promise<unknown> = Promise.resolve()
  #next: { sessions: Set<string>; result: Promise<PushReport> } | undefined

  constructor(push: Push, remote: string) {
    this.#push = push
    this.#remote = remote
  }

  /** Throws ReplicationError if the push fails; the save remains in this store. */
  async after({ session, checkpoint }: Saved): Promise<void> {
    const failed = (reason: string, cause?: unknown) =>
      new ReplicationError({ session, checkpoint, remote: this.#remote }, reason, { cause })
    let report: PushReport
    try {
      report = await this.#together(session)
    } catch (error) {
      throw failed((error as Error).message, error)
    }
    const refused = report.refused.find((one) => one.session === session)
    if (refused !== undefined) throw failed(refused.reason, refused.error)
    const isOf = (key: string): boolean => parseKey(key)?.session === session
    if (report.behind.some(isOf)) throw failed('the remote has moved on. Fetch first.')
    if (report.kept.some(isOf)) throw failed('the session was deleted at the remote. Restore it first.')
  }

  async close(): Promise<void> {
    await this.#running
  }

  #together(session: string): Promise<PushReport> {
    if (this.#next === undefined) {
      const sessions = new Set<string>()
      const result = this.#running.then(() => {
        this.#next = undefined
        return this.#push([...sessions])
      })
      this.#next = { sessions, result }
      this.#running = result.catch(() => undefined)
    }
    this.#next.sessions.add(session)
    return this.#next.result
  }
}

/** Milliseconds. */
const APART = 10_000
const BATCH = 250
const LONGEST = 5 * 60_000
const PATIENCE = 5000
