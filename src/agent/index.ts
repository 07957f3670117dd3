/** Agents whose sessions save themselves: `forkpoint/agent`, and part of `forkpoint`. */
export { Agent } from './agent.ts'
export type { ConfigInput, ModelInput, ProviderInput, ProviderType } from './config.ts'
export {
  ConfigError,
  type ConfigLocation,
  ModelError,
  type ModelErrorReason,
  NotLoadedError,
  NotResumableError,
  StepLimitError,
  turnOf,
} from './errors.ts'
export {
  type AgentEvent,
  type AgentEventBody,
  type EventError,
  isKnownEvent,
  type StreamEvent,
  type TurnEnded,
} from './events.ts'
export type { Decisions, OnPermission, PermissionAnswer, PermissionRequest } from './judge.ts'
export type { ForkRequest } from './lines.ts'
export type { ModelLimits } from './model-guard.ts'
export type { AgentOptions, ModelChoice, ResumeOptions, SessionOptions, SharedOptions } from './options.ts'
export type { Decision, PermissionPolicy } from './policy.ts'
export type { OnConflict, SaveOptions } from './saver.ts'
export { AgentSession, type ResumeRunOptions, type SendOptions } from './session.ts'
export type { PendingCall, RunInfo, RunStatus, TurnResult } from './turn-result.ts'
