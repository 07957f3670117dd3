/** Agents whose sessions save themselves, with all their options, events and errors: `forkpoint/agent`. */
export { Agent } from './agent.ts'
export type { ConfigInput, ModelInput, ProviderInput, ProviderType } from './config/config.ts'
export type { Environment } from './config/parser.ts'
export {
  ConfigError,
  type ConfigLocation,
  ModelError,
  type ModelErrorData,
  type ModelErrorReason,
  NotLoadedError,
  NotResumableError,
  StepLimitError,
  turnOf,
} from './errors.ts'
export type { ModelLimits } from './model/guard.ts'
export type {
  AgentOptions,
  AgentSource,
  ModelChoice,
  ResumeOptions,
  SessionOptions,
  SharedOptions,
} from './options.ts'
export type { Decisions, OnPermission, PermissionAnswer, PermissionRequest } from './permissions/asking.ts'
export type { Decision, PermissionPolicy } from './permissions/policy.ts'
export type { PromptInput, PromptPart } from './prompt.ts'
export type { ForkRequest, RewindOptions, Rewound } from './run/branching.ts'
export {
  type AgentEvent,
  type AgentEventBody,
  type ErrorReport,
  type EventError,
  type FilesKept,
  isKnownEvent,
  type PermissionAsked,
  type PermissionDecided,
  type ReasoningBlock,
  type ReasoningDelta,
  type Retry,
  type RunEnd,
  type RunResumed,
  type RunStart,
  type StepEnd,
  type StepStart,
  type StreamEvent,
  type TextBlock,
  type TextDelta,
  type ToolEnd,
  type ToolOutput,
  type ToolOutputDelta,
  type ToolRejected,
  type ToolStart,
  type TurnEnded,
  type UsageReport,
  type Waiting,
} from './run/events.ts'
export type { FilesOptions } from './run/file-snapshots.ts'
export type { PendingCall, RunInfo, RunStatus, TurnResult } from './run/result.ts'
export type { OnConflict, SaveOptions } from './run/saver.ts'
export type { AgentSession, ResumeRunOptions, SendOptions } from './session.ts'
