/** Agents and their sessions over the wire. */
import { resolve } from 'node:path'
import * as z from 'zod'
import { Agent, type AgentSession, type ConfigInput, type SharedOptions } from '../../agent/index.ts'
import { author, count, document, type Method, method, name, type Scope, thing } from './method.ts'
import { inTurn, permissionsOf, toolSchema, toolsOf } from './questions.ts'
import { diffOf } from './store-methods.ts'

const rules = z.array(z.string()).optional()
const sharedShape = {
  /** Id of a store that the client has opened. */
  sessionStore: thing.optional(),
  autoSave: z.union([z.boolean(), z.literal('step')]).optional(),
  permissionPolicy: z
    .strictObject({
      deny: rules,
      ask: rules,
      allow: rules,
      defaultDecision: z.enum(['allow', 'deny', 'ask']).optional(),
      enabled: z.boolean().optional(),
    })
    .optional(),
  /** Whether the client answers `permission`. */
  asksPermission: z.boolean().optional(),
  onConflict: z.enum(['error', 'branch']).optional(),
  tools: z.array(toolSchema).optional(),
  systemPrompt: z.string().optional(),
  maxSteps: z.number().int().min(1).optional(),
  storeDeltas: z.boolean().optional(),
  redact: z.literal('secrets').optional(),
}
const number = z.number().positive().optional()
const agentOptions = z
  .strictObject({
    ...sharedShape,
    env: z.record(z.string(), z.string()).optional(),
    limits: z
      .strictObject({
        attempts: number,
        baseDelay: z.number().min(0).optional(),
        maxDelay: number,
        idle: number,
        step: number,
        characters: number,
      })
      .optional(),
    outputLimit: z.number().int().min(1).optional(),
  })
  .default({})
const sessionOptions = z
  .strictObject({
    ...sharedShape,
    sessionId: name.optional(),
    ifExists: z.enum(['error', 'resume']).optional(),
    model: name.optional(),
    title: z.string().optional(),
    metadata: document.optional(),
  })
  .default({})
const resumeOptions = z
  .strictObject({
    ...sharedShape,
    at: name.optional(),
    branch: name.optional(),
    workspace: z.string().optional(),
    model: name.optional(),
  })
  .default({})
const answer = z.enum(['allow', 'deny'])
const decisions = z
  .record(z.string(), z.union([answer, z.strictObject({ decision: answer, reason: z.string().optional() })]))
  .optional()
const inSession = { session: thing }
const prompt = z.string().min(1)

export const agentMethods: Readonly<Record<string, Method>> = {
  'agent.create': method(
    { source: z.union([z.string(), document]), options: agentOptions },
    async ({ source, options: { env, limits, outputLimit, ...shared } }, scope) => {
      const agent = await Agent.create(source as string | ConfigInput, {
        ...sharedOf(shared, scope),
        env,
        limits,
        outputLimit,
      })
      return { agent: scope.things.add('agent', agent) }
    },
  ),
  'agent.session': method(
    { agent: thing, workspace: z.string().min(1), options: sessionOptions },
    ({ agent, workspace, options: { sessionId, ifExists, model, title, metadata, ...shared } }, scope) => {
      const more = { sessionId, ifExists, model, title, metadata }
      const made = scope.things
        .get('agent', agent)
        .session(resolve(workspace), { ...sharedOf(shared, scope), ...more })
      return { session: scope.things.add('session', made, agent), id: made.id }
    },
  ),
  'agent.resumeSession': method(
    { agent: thing, id: name, options: resumeOptions },
    ({ agent, id, options: { at, branch, workspace, model, ...shared } }, scope) => {
      const more = { at, branch, model, workspace: workspace === undefined ? undefined : resolve(workspace) }
      const made = scope.things.get('agent', agent).resumeSession(id, { ...sharedOf(shared, scope), ...more })
      return { session: scope.things.add('session', made, agent), id: made.id }
    },
  ),
  'agent.listSessions': method(
    {
      agent: thing,
      options: z
        .strictObject({
          order: z.enum(['updated', 'id']).optional(),
          prefix: name.optional(),
          after: name.optional(),
          limit: count.optional(),
        })
        .default({}),
    },
    ({ agent, options }, { things }) => things.get('agent', agent).listSessions(options),
  ),
  'agent.close': method({ agent: thing }, async ({ agent }, { things }) => {
    const open = things.get('agent', agent)
    await open.close()
    things.drop(agent)
  }),
  'session.load': method(inSession, async ({ session }, { things }) =>
    infoOf(await things.get('session', session).load()),
  ),
  'session.info': method(inSession, ({ session }, { things }) => infoOf(things.get('session', session))),
  'session.send': method({ ...inSession, prompt }, (given, { things, request, signal }) =>
    inTurn(request, () => things.get('session', given.session).send(given.prompt, { signal })),
  ),
  'session.stream': method({ ...inSession, prompt }, (given, scope) =>
    streamed(scope, (signal) => scope.things.get('session', given.session).stream(given.prompt, { signal })),
  ),
  'session.resumeRun': method({ ...inSession, run: name, decisions }, (given, { things, request, signal }) =>
    inTurn(request, () =>
      things.get('session', given.session).resumeRun(given.run, { signal, decisions: given.decisions }),
    ),
  ),
  'session.streamRun': method({ ...inSession, run: name, decisions }, (given, scope) =>
    streamed(scope, (signal) =>
      scope.things.get('session', given.session).streamRun(given.run, { signal, decisions: given.decisions }),
    ),
  ),
  'session.save': method(
    {
      ...inSession,
      options: z
        .strictObject({
          branch: name.optional(),
          subject: name.optional(),
          body: name.optional(),
          tag: name.optional(),
          author: author.optional(),
          key: name.optional(),
        })
        .default({}),
    },
    ({ session, options }, { things }) => things.get('session', session).save(options),
  ),
  'session.history': method(inSession, ({ session }, { things }) => things.get('session', session).history()),
  'session.runs': method(inSession, ({ session }, { things }) => things.get('session', session).runs()),
  'session.runEvents': method(
    { ...inSession, run: name, after: z.number().int().optional() },
    ({ session, run, after }, { things }) => things.get('session', session).runEvents(run, { after }),
  ),
  'session.checkpoints': method(
    { ...inSession, limit: count.optional(), steps: z.boolean().optional() },
    ({ session, ...options }, { things }) => things.get('session', session).checkpoints(options),
  ),
  'session.fork': method(
    { ...inSession, at: name.optional(), branch: name.optional(), sessionId: name.optional() },
    async ({ session, ...request }, { things }) => {
      const forked = await things.get('session', session).fork(request)
      return { session: things.add('session', forked, things.ownerOf(session)), ...infoOf(forked) }
    },
  ),
  'session.rewind': method(
    { ...inSession, revision: name, branch: name.optional() },
    ({ session, revision, branch }, { things }) =>
      things.get('session', session).rewind(revision, { branch }),
  ),
  'session.diff': method(
    { ...inSession, from: name, to: name.optional(), patch: z.boolean().default(false) },
    async ({ session, from, to, patch }, { things }) =>
      diffOf(await things.get('session', session).diff(from, to), patch),
  ),
  'session.cancel': method(inSession, ({ session }, { things }) => things.get('session', session).cancel()),
  'session.close': method(inSession, async ({ session }, { things }) => {
    const open = things.get('session', session)
    await open.close()
    things.drop(session)
  }),
}

type Shared = z.infer<z.ZodObject<typeof sharedShape>>

function sharedOf(
  { sessionStore, asksPermission, tools, ...plain }: Shared,
  { things, client }: Scope,
): SharedOptions {
  return {
    ...plain,
    // Not checked: a store of another type refuses the agent's sessions itself.
    sessionStore:
      sessionStore === undefined
        ? undefined
        : (things.get('store', sessionStore) as unknown as SharedOptions['sessionStore']),
    onPermission: asksPermission === true ? permissionsOf(client) : undefined,
    tools: tools === undefined ? undefined : toolsOf(client, tools),
  }
}

/** Sends events as notifications of the request. Resolves to the result of the turn. */
function streamed(
  { client, request, signal }: Scope,
  begin: (signal: AbortSignal) => ReturnType<AgentSession['stream']>,
): Promise<unknown> {
  return inTurn(request, async () => {
    let result: unknown
    for await (const event of begin(signal)) {
      if (event.type === 'result') result = event.result
      else await client.notify('event', { request: request ?? null, event })
    }
    return result
  })
}

function infoOf(session: AgentSession): Record<string, unknown> {
  return {
    id: session.id,
    branch: session.branch,
    checkpoint: session.checkpoint,
    currentRun: session.currentRun(),
    isClosed: session.isClosed,
  }
}
