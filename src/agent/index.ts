/** Agents whose sessions save themselves: `forkpoint/agent`, and part of `forkpoint`. */
export { Agent } from './agent.ts'
export type { ConfigInput, ModelInput, ProviderInput, ProviderType } from './config/config.ts'
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
export type { ModelLimits } from './model/guard.ts'
export type { AgentOptions, ModelChoice, ResumeOptions, SessionOptions, SharedOptions } from './options.ts'
export type { Decision, PermissionPolicy } from './permissions/policy.ts'
export type { ForkRequest } from './run/branching.ts'
export {
  type AgentEvent,
  type AgentEventBody,
  type EventError,
  isKnownEvent,
  type StreamEvent,
  type TurnEnded,
} from './run/events.ts'
export type { Decisions, OnPermission, PermissionAnswer, PermissionRequest } from './run/judge.ts'
export type { PendingCall, RunInfo, RunStatus, TurnResult } from './run/result.ts'
export type { OnConflict, SaveOptions } from './run/saver.ts'
export { AgentSession, type ResumeRunOptions, type SendOptions } from './session.ts'
