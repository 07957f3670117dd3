/**
 * Events of a run, as a discriminated union on `type`. Stored events have a `sequence` that counts up by one; deltas
 * have one only if they are stored (`storeDeltas`). Events of other types come from a newer version or another tool:
 * they are kept and passed on unchanged.
 */
import type { RunEvent, Usage } from '../../state/index.ts'
import type { PendingCall, RunStatus, TurnResult } from './result.ts'

export interface RunStart {
  type: 'run-start'
  prompt: string
  /** `provider/model`. */
  model: string
}

/** The run continues after a crash, a failure or a wait. */
export interface RunResumed {
  type: 'run-resumed'
  /** The status it had. */
  from: string
}

export interface RunEnd {
  type: 'run-end'
  status: RunStatus
  usage: Usage
}

/** A step: one model call and the tool calls it asks for. */
export interface StepStart {
  type: 'step-start'
  /** From 1, within the run. */
  step: number
}

export interface StepEnd {
  type: 'step-end'
  step: number
  /** `stop`, `tool-calls`, `length`, `content-filter`, `other`. */
  finishReason: string
}

/** A whole block of text. */
export interface TextBlock {
  type: 'text'
  step: number
  text: string
}

/** A whole block of reasoning. */
export interface ReasoningBlock {
  type: 'reasoning'
  step: number
  text: string
}

export interface TextDelta {
  type: 'text-delta'
  step: number
  text: string
}

export interface ReasoningDelta {
  type: 'reasoning-delta'
  step: number
  text: string
}

/** The model is called again: what this step has streamed so far does not count. */
export interface Retry {
  type: 'retry'
  step: number
  /** Number of the next attempt, from 2. */
  attempt: number
  /** Milliseconds until the next attempt. */
  delay: number
  error: EventError
}

export interface PermissionAsked {
  type: 'permission-asked'
  call: string
  tool: string
  input: unknown
  /** The rule that asks; absent when the default does. */
  rule?: string
}

export interface PermissionDecided {
  type: 'permission-decided'
  call: string
  tool: string
  decision: 'allow' | 'deny' | 'defer'
  /** `rule`, `default` or `disabled`: the policy. `handler`: `onPermission`. `decision`: given to `resumeRun`. */
  by: 'rule' | 'default' | 'disabled' | 'handler' | 'decision' | 'no-handler'
  rule?: string
  reason?: string
}

/** A tool starts. Before it does, this is saved (`autoSave: 'step'`). */
export interface ToolStart {
  type: 'tool-start'
  call: string
  tool: string
  input: unknown
}

/** Output of a running tool, as it comes. */
export interface ToolOutputDelta {
  type: 'tool-output-delta'
  call: string
  text: string
}

/** The output of a tool, as the model sees it. */
export interface ToolOutput {
  type: 'tool-output'
  call: string
  tool: string
  text: string
}

export interface ToolEnd {
  type: 'tool-end'
  call: string
  tool: string
  status: 'ok' | 'error' | 'cancelled' | 'timeout' | 'interrupted'
  /** Exit code of `bash`; `null` when a signal ended it. */
  exitCode?: number | null
  signal?: string
  /** Milliseconds. Absent for an interrupted call. */
  duration?: number
}

/** A tool call that never started, with the result that the model got. */
export interface ToolRejected {
  type: 'tool-rejected'
  call: string
  tool: string
  reason: 'denied' | 'unknown-tool' | 'invalid-input' | 'cancelled' | 'abandoned'
  message: string
}

export interface UsageReport {
  type: 'usage'
  step: number
  usage: Usage
}

export interface ErrorReport {
  type: 'error'
  error: EventError
}

/** An error as data. */
export interface EventError {
  name: string
  code?: string
  message: string
}

/** The run waits for decisions. */
export interface Waiting {
  type: 'waiting'
  pending: readonly PendingCall[]
}

/** A snapshot of the workspace's files was made, before a tool call that needed a decision. */
export interface FilesKept {
  type: 'files-kept'
  /** Id of the snapshot, for `rewind` with `files` alone. */
  snapshot: string
  /** Id of the call. */
  call: string
}

/** Every event body this version knows. */
export type AgentEventBody =
  | RunStart
  | RunResumed
  | RunEnd
  | StepStart
  | StepEnd
  | TextBlock
  | ReasoningBlock
  | TextDelta
  | ReasoningDelta
  | Retry
  | PermissionAsked
  | PermissionDecided
  | ToolStart
  | ToolOutputDelta
  | ToolOutput
  | ToolEnd
  | ToolRejected
  | UsageReport
  | ErrorReport
  | FilesKept
  | Waiting

/** Bodies that are streamed; stored only with `storeDeltas`. */
export type DeltaBody = TextDelta | ReasoningDelta | ToolOutputDelta

/** An event that this version knows. */
export type AgentEvent = AgentEventBody & {
  /** ISO 8601. */
  at: string
  /** Within the run, from 0. Absent for deltas that are not stored. */
  sequence?: number
}

/** The last event of `stream`: the turn has ended, and is saved if saving is on. */
export interface TurnEnded {
  type: 'result'
  at: string
  result: TurnResult
}

/** The events of `stream`. */
export type StreamEvent = AgentEvent | TurnEnded

const KNOWN: ReadonlySet<string> = new Set<AgentEventBody['type']>([
  'run-start',
  'run-resumed',
  'run-end',
  'step-start',
  'step-end',
  'text',
  'reasoning',
  'text-delta',
  'reasoning-delta',
  'retry',
  'permission-asked',
  'permission-decided',
  'tool-start',
  'tool-output-delta',
  'tool-output',
  'tool-end',
  'tool-rejected',
  'usage',
  'error',
  'files-kept',
  'waiting',
])

/** Whether this version knows the event's type; if so, `event.type` narrows it. */
export const isKnownEvent = (event: RunEvent | StreamEvent): event is AgentEvent & RunEvent =>
  KNOWN.has(event.type)
