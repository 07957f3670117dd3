/** What sessions need from their agent. */
import type { Environment } from '../config/parser.ts'
import type { ModelLimits } from '../model/guard.ts'
import type { ReadyModel } from '../model/model.ts'
import type { ModelChoice } from '../options.ts'
import type { Scrubber } from '../secrets/secrets.ts'

export interface Host {
  readonly scrubber: Scrubber
  readonly env: Environment
  readonly limits: ModelLimits
  readonly outputLimit: number
  readonly now: () => number
  readonly maxSteps: number
  readonly systemPrompt: string | undefined
  readonly isClosed: boolean
  /** The chosen model; else the saved one if it still exists; else the default. */
  model(choice: ModelChoice | undefined, saved: string | undefined): Promise<ReadyModel>
  /** Registers an operation in progress, so that closing the agent can end it. */
  working(session: Closable): void
  idle(session: Closable): void
}

export interface Closable {
  close(): Promise<void>
}
