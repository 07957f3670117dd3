/** What agents and sessions are told, checked once at the door. */
import type { LanguageModel, ToolSet } from 'ai'
import { parseBranchName, parseSessionId } from '../ids.ts'
import type { SessionStore } from '../store/session-store.ts'
import type { ConfigInput } from './config/config.ts'
import type { Environment } from './config/parser.ts'
import type { ModelLimits } from './model/guard.ts'
import { type PermissionPolicy, parsePolicy } from './permissions/policy.ts'
import type { OnPermission } from './run/judge.ts'
import type { OnConflict } from './run/saver.ts'

/** Model of the configuration as `provider/model`, or an AI SDK model. */
export type ModelChoice = string | Exclude<LanguageModel, string>

/** What an agent is made from: a configuration as path, text or object, or a model of the AI SDK. */
export type AgentSource = string | ConfigInput | Exclude<LanguageModel, string>

/** What holds for all sessions of an agent, unless a session says otherwise. */
export interface SharedOptions {
  sessionStore?: SessionStore
  /**
   * `true`: after each turn. `'step'`: also when the prompt is taken, and when a tool call starts and has ended.
   * Saved with the session, and restored. Default: `true` where there is a store.
   */
  autoSave?: boolean | 'step'
  /** Saved with the session; on resume what is given here wins field by field. */
  permissionPolicy?: PermissionPolicy
  /** Asked when the policy says `ask`; without it that means deny. */
  onPermission?: OnPermission
  /** When somebody else has moved the branch: an error (default), or a branch of its own. */
  onConflict?: OnConflict
  /** AI SDK tools, beside the built-in ones; one of the same name replaces a built-in one. */
  tools?: ToolSet
  systemPrompt?: string
  /** Model calls a turn may take. Default 50. */
  maxSteps?: number
  /** Also keep what is streamed, piece by piece. Default false. */
  storeDeltas?: boolean
}

export interface AgentOptions extends SharedOptions {
  /** Environment of the configuration's `env("NAME")` and of the processes that tools start. Default `process.env`. */
  env?: Environment
  /** Times, retries and sizes of model calls. */
  limits?: Partial<ModelLimits>
  /** Characters of a tool's output that are kept. Default 50,000. */
  outputLimit?: number
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number
}

export interface SessionOptions extends SharedOptions {
  /** Default: a random UUID. */
  sessionId?: string
  /** When the session exists: an AlreadyExistsError of the first awaited call (default), or go on with it. */
  ifExists?: 'error' | 'resume'
  model?: ModelChoice
  title?: string
  metadata?: Readonly<Record<string, unknown>>
}

export interface ResumeOptions extends SharedOptions {
  /** Any revision. Default: the newest checkpoint of the branch. */
  at?: string
  /** Default: the active branch. One that does not exist starts at the revision, with the first save. */
  branch?: string
  /** Default: the workspace that the session was saved with. */
  workspace?: string
  model?: ModelChoice
}

/** Throws TypeError, InvalidIdError. */
export function checkShared(options: SharedOptions): void {
  const { autoSave, maxSteps, onConflict, onPermission, permissionPolicy } = options
  if (autoSave !== undefined && typeof autoSave !== 'boolean' && autoSave !== 'step') {
    throw new TypeError("autoSave has to be true, false or 'step'")
  }
  if (onConflict !== undefined && onConflict !== 'error' && onConflict !== 'branch') {
    throw new TypeError("onConflict has to be 'error' or 'branch'")
  }
  if (onPermission !== undefined && typeof onPermission !== 'function') {
    throw new TypeError('onPermission has to be a function')
  }
  if (maxSteps !== undefined && !(Number.isSafeInteger(maxSteps) && maxSteps > 0)) {
    throw new TypeError('maxSteps has to be a whole number from 1 on')
  }
  if (permissionPolicy !== undefined) parsePolicy(permissionPolicy)
}

export function checkSessionOptions(workspace: unknown, options: SessionOptions): void {
  if (typeof workspace !== 'string' || workspace === '') {
    throw new TypeError('A session needs the path of its workspace')
  }
  checkShared(options)
  if (options.sessionId !== undefined) parseSessionId(options.sessionId)
  const { ifExists } = options
  if (ifExists !== undefined && ifExists !== 'error' && ifExists !== 'resume') {
    throw new TypeError("ifExists has to be 'error' or 'resume'")
  }
}

export function checkResumeOptions(id: unknown, options: ResumeOptions): void {
  parseSessionId(id)
  checkShared(options)
  if (options.branch !== undefined) parseBranchName(options.branch)
  if (options.at !== undefined && (typeof options.at !== 'string' || options.at === '')) {
    throw new TypeError("'at' has to be a revision")
  }
}

/** `over` on top of `under`; what is `undefined` in `over` stays as it was. */
export function layered<T extends object>(under: T, over: Partial<T>): T {
  const given = Object.entries(over).filter(([, value]) => value !== undefined)
  return { ...under, ...Object.fromEntries(given) }
}
