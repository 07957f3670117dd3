/** Options of agents and sessions, checked once at the door. */
import type { LanguageModel, ToolSet } from 'ai'
import { parseBranchName, parseSessionId } from '../ids.ts'
import type { Redact, SessionStore } from '../store/session-store.ts'
import type { ConfigInput } from './config/config.ts'
import type { Environment } from './config/parser.ts'
import type { ModelLimits } from './model/guard.ts'
import type { OnPermission } from './permissions/asking.ts'
import { type PermissionPolicy, parsePolicy } from './permissions/policy.ts'
import type { FilesOptions } from './run/file-snapshots.ts'
import type { OnConflict } from './run/saver.ts'

/** Model of the configuration as `provider/model`, or an AI SDK model. */
export type ModelChoice = string | Exclude<LanguageModel, string>

/** The source of an agent: a configuration as path, text or object, or a model of the AI SDK. */
export type AgentSource = string | ConfigInput | Exclude<LanguageModel, string>

/** Options for all sessions of an agent. A session can override them. */
export interface SharedOptions {
  sessionStore?: SessionStore
  /**
   * `true`: save after each turn. `'step'`: also save after the prompt, and when a tool call starts and ends. The value
   * is saved with the session and restored. Default: `true` if there is a store.
   */
  autoSave?: boolean | 'step'
  /** Saved with the session. On resume, each field given here replaces the saved one. */
  permissionPolicy?: PermissionPolicy
  /** Called when the policy says `ask`. Without it, `ask` means deny. */
  onPermission?: OnPermission
  /** If someone else wrote to the branch first: throw an error (default), or save to a new branch. */
  onConflict?: OnConflict
  /** When snapshots of the workspace's files are made, so that `rewind` can restore them (`docs/workspace.md`). */
  files?: FilesOptions
  /** AI SDK tools, in addition to the built-in tools. A tool with the name of a built-in tool replaces it. */
  tools?: ToolSet
  systemPrompt?: string
  /** Maximum number of model calls per turn. Default 50. */
  maxSteps?: number
  /** Also save each streamed delta as an event. Default false. */
  storeDeltas?: boolean
  /**
   * Takes secrets out of everything that is saved; the running session and its tools keep the real values. `'secrets'`
   * means `redactSecrets()`. Default: only the store's own `redact`.
   */
  redact?: 'secrets' | Redact
}

export interface AgentOptions extends SharedOptions {
  /** Environment for `env("NAME")` in the configuration, and for processes that tools start. Default `process.env`. */
  env?: Environment
  /** Times, retries and sizes of model calls. */
  limits?: Partial<ModelLimits>
  /** Maximum length of a tool's output, in characters; the rest is cut. Default 50,000. */
  outputLimit?: number
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number
}

export interface SessionOptions extends SharedOptions {
  /** Default: a random UUID. */
  sessionId?: string
  /** If the session exists: the first awaited call throws AlreadyExistsError (default), or the session is resumed. */
  ifExists?: 'error' | 'resume'
  model?: ModelChoice
  title?: string
  metadata?: Readonly<Record<string, unknown>>
}

export interface ResumeOptions extends SharedOptions {
  /** Any revision. Default: the newest checkpoint of the branch. */
  at?: string
  /** Default: the active branch. A branch that does not exist is created at the revision by the first save. */
  branch?: string
  /** Default: the workspace that the session was saved with. */
  workspace?: string
  model?: ModelChoice
}

/** Throws TypeError, InvalidIdError. */
export function checkShared(options: SharedOptions): void {
  const { autoSave, files, maxSteps, onConflict, onPermission, permissionPolicy, redact } = options
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
    throw new TypeError('maxSteps has to be a whole number of at least 1')
  }
  if (redact !== undefined && redact !== 'secrets' && typeof redact !== 'function') {
    throw new TypeError("redact has to be 'secrets' or a function")
  }
  if (files !== undefined && ![undefined, false, 'turn', 'step'].includes(files.snapshots)) {
    throw new TypeError("files.snapshots has to be 'turn', 'step' or false")
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

/** The options of `under`, overridden by those of `over` that are not `undefined`. */
export function layered<T extends object>(under: T, over: Partial<T> = {}): T {
  const given = Object.entries(over).filter(([, value]) => value !== undefined)
  return { ...under, ...Object.fromEntries(given) }
}
