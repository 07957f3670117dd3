/** How an application is asked for a permission, and what it answers. */
export interface PermissionRequest {
  session: string
  run: string
  /** Id of the call. */
  call: string
  tool: string
  input: unknown
  /** The rule that asks; `undefined` when the default does. */
  rule: string | undefined
  /** Aborted when the turn is cancelled. */
  signal: AbortSignal
}

/** `defer`: the run is saved as `waiting`, and `resumeRun` continues it. */
export type PermissionAnswer = 'allow' | 'deny' | 'defer'

export type OnPermission = (
  request: PermissionRequest,
) =>
  | PermissionAnswer
  | { decision: PermissionAnswer; reason?: string }
  | Promise<PermissionAnswer | { decision: PermissionAnswer; reason?: string }>

/** Decisions by id of the call. */
export type Decisions = Readonly<
  Record<string, 'allow' | 'deny' | { decision: 'allow' | 'deny'; reason?: string }>
>
