/** Opens a session for its agent: creates it, or loads it from the store. */
import type { ToolSet } from 'ai'
import { AlreadyExistsError, NotFoundError } from '../../errors.ts'
import { MAIN } from '../../ids.ts'
import { redactSecrets } from '../../redaction/index.ts'
import { newSession, type Session } from '../../state/index.ts'
import { withKeyOf } from '../../store/redaction/key.ts'
import type { SessionHandle, SessionStore } from '../../store/session-store.ts'
import { type Project, projectAt } from '../../workspace/project/project.ts'
import type { ReadyModel } from '../model/model.ts'
import { layered, type ModelChoice, type SharedOptions } from '../options.ts'
import type { Permissions } from '../permissions/permissions.ts'
import type { PermissionPolicy } from '../permissions/policy.ts'
import { Workspace } from '../tools/index.ts'
import { Draft } from './draft.ts'
import type { StreamEvent } from './events.ts'
import { FileSnapshots } from './file-snapshots.ts'
import type { Host } from './host.ts'
import { Recorder } from './recorder.ts'
import { Saver } from './saver.ts'
import { workspaceCommit } from './workspace-commit.ts'

/** How a session was requested. */
export interface SessionRequest extends SharedOptions {
  id: string
  /** Whether it is new, or has to exist. */
  mode: 'new' | 'resume' | 'either'
  workspace: string | undefined
  model: ModelChoice | undefined
  title?: string
  metadata?: Readonly<Record<string, unknown>>
  at?: string
  branch?: string
}

export interface OpenSession {
  draft: Draft
  /** `undefined` without a store. */
  saver: Saver | undefined
  model: ReadyModel
  workspace: Workspace
  snapshots: FileSnapshots
  permissions: Permissions
  autoSave: boolean | 'step'
  systemPrompt: string | undefined
  /** The user's own tools. */
  tools: ToolSet
}

/** An open session during one of its turns. */
export interface TurnContext extends OpenSession {
  host: Host
  request: SessionRequest
  signal: AbortSignal
  listen(event: StreamEvent): void
  /** Called with the id of the run. */
  begun(run: string): void
}

/** Throws AlreadyExistsError, NotFoundError. */
export async function openSession(request: SessionRequest, host: Host): Promise<OpenSession> {
  const { id, mode, sessionStore: store } = request
  if (store === undefined) {
    if (mode === 'resume') throw new NotFoundError({ kind: 'session', id }, NO_STORE)
    return assemble(request, host, undefined)
  }
  if (mode === 'resume') return assemble(request, host, await found(store, request))
  if (!(await store.exists(id))) return assemble(request, host, undefined)
  if (mode === 'either') return assemble(request, host, await found(store, request))
  throw new AlreadyExistsError(
    { kind: 'session', id },
    `There is already a session '${id}'. Resume it with agent.resumeSession('${id}'), pass ifExists: 'resume', or choose another id.`,
  )
}

const NO_STORE = 'A session is resumed from a store: pass sessionStore here, or to Agent.create.'

const found = (store: SessionStore, { id, at, branch }: SessionRequest): Promise<SessionHandle> =>
  store.open(id, { at, branch })

async function assemble(
  request: SessionRequest,
  host: Host,
  handle: SessionHandle | undefined,
): Promise<OpenSession> {
  const workspaceHere = request.workspace ?? handle?.state.workspace ?? '.'
  const state = handle?.state ?? newState(request, await projectAt(workspaceHere), host.now())
  const draft = new Draft(state, host.scrubber, handle !== undefined)
  const saved = state.config
  const model = await host.model(request.model, state.model)
  const workspace = new Workspace(workspaceHere)
  const snapshots = new FileSnapshots(request.sessionStore, workspace.root, request.files)
  const policy = layered((saved.permissionPolicy ?? {}) as PermissionPolicy, request.permissionPolicy)
  const autoSave = request.autoSave ?? saved.autoSave ?? true
  const systemPrompt = request.systemPrompt ?? saved.systemPrompt ?? host.systemPrompt
  draft.set({
    model: model.ref,
    workspace: workspace.root,
    config: {
      ...saved,
      autoSave,
      permissionPolicy: policy,
      ...(systemPrompt === undefined ? {} : { systemPrompt }),
    },
  })
  markInterrupted(draft, host)
  // The parser of commands is slow to load, and is not needed earlier.
  const { Permissions } = await import('../permissions/permissions.ts')
  const permissions = new Permissions(policy, (path) => workspace.names(path))
  return {
    draft,
    saver: saverOf(request, host, draft, handle, workspace, snapshots),
    model,
    workspace,
    snapshots,
    permissions,
    autoSave,
    systemPrompt,
    tools: request.tools ?? {},
  }
}

/** Saves what was recorded so far, if every step is saved. */
export const saveStep = async ({ autoSave, saver }: OpenSession, about: string): Promise<unknown> =>
  autoSave === 'step' ? saver?.step(about) : undefined

/** Makes a snapshot of the files, without a checkpoint. Returns it if it is a new one. */
export const keepFiles = async (
  { autoSave, request, saver, snapshots }: TurnContext,
  subject: string,
): Promise<string | undefined> =>
  autoSave === false || saver === undefined
    ? undefined
    : snapshots.keep(request.id, saver.branch ?? request.branch ?? MAIN, subject)

function newState(
  { id, metadata, title }: SessionRequest,
  project: Project | undefined,
  now: number,
): Session {
  const fields: Partial<Session> = { metadata: { ...(project && { project }), ...metadata } }
  if (title !== undefined) fields.title = title
  return newSession(id, fields, now)
}

/** Only in memory: the first save records it in the store, because another process may still be running it. */
function markInterrupted(draft: Draft, host: Host): void {
  const { now, scrubber } = host
  for (const { id, status } of draft.state.runs) {
    if (status !== 'running') continue
    new Recorder({ draft, run: id, scrubber, now, storeDeltas: false, listen: () => {} }).interrupt()
  }
  if (draft.state.status === 'running') draft.set({ status: 'idle' })
}

function saverOf(
  { branch, onConflict = 'error', redact, sessionStore: store }: SessionRequest,
  host: Host,
  draft: Draft,
  handle: SessionHandle | undefined,
  workspace: Workspace,
  snapshots: FileSnapshots,
): Saver | undefined {
  if (store === undefined) return undefined
  return new Saver({
    store,
    draft,
    redact: redact === 'secrets' ? withKeyOf(store, redactSecrets()) : redact,
    handle,
    branch,
    onConflict,
    snapshots,
    branchName: (from) =>
      `${from}-${(draft.lastRun?.id ?? String(host.now())).replaceAll('-', '').slice(0, 12)}`,
    trailers: async (): Promise<Readonly<Record<string, string>>> => {
      const commit = await workspaceCommit(workspace.root, host.env)
      return commit === undefined ? {} : { Workspace: commit }
    },
  })
}
