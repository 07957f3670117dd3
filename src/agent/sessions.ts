/** The parts of an agent: models, tools and a policy, and the sessions that use them. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ListOptions, SessionSummary } from '../store/session-store.ts'
import { type Config, configFromObject, configFromText } from './config/config.ts'
import type { Environment } from './config/parser.ts'
import { ConfigError } from './errors.ts'
import { MODEL_LIMITS } from './model/guard.ts'
import { configuredModel, isLanguageModel, type ReadyModel, readyModel } from './model/model.ts'
import {
  type AgentOptions,
  type AgentSource,
  checkResumeOptions,
  checkSessionOptions,
  checkShared,
  layered,
  type ModelChoice,
  type ResumeOptions,
  type SessionOptions,
  type SharedOptions,
} from './options.ts'
import type { Closable, Host } from './run/host.ts'
import type { SessionRequest } from './run/open-session.ts'
import { Scrubber } from './secrets/secrets.ts'
import { AgentSession } from './session.ts'
import { OUTPUT_LIMIT } from './tools/index.ts'

const MAX_STEPS = 50

/** The sessions of one agent. `Agent` documents each call and its errors. */
export class Sessions {
  readonly #shared: SharedOptions
  readonly #host: Host
  readonly #working = new Set<Closable>()
  #closed = false

  private constructor(setup: Setup, options: AgentOptions) {
    this.#shared = sharedOf(options)
    const { config } = setup
    const working = this.#working
    const isClosed = () => this.#closed
    this.#host = {
      scrubber: setup.scrubber,
      env: setup.toolEnv,
      limits: layered(MODEL_LIMITS, options.limits),
      outputLimit: options.outputLimit ?? OUTPUT_LIMIT,
      now: options.now ?? Date.now,
      maxSteps: config?.maxSteps ?? MAX_STEPS,
      systemPrompt: config?.systemPrompt,
      get isClosed() {
        return isClosed()
      },
      model: setup.model,
      working: (session) => void working.add(session),
      idle: (session) => void working.delete(session),
    }
  }

  static async create(source: AgentSource, options: AgentOptions): Promise<Sessions> {
    checkShared(options)
    // The only place that reads the environment of the process.
    const env = options.env ?? process.env
    return new Sessions(await setUp(source, env), options)
  }

  start(workspace: string, options: SessionOptions): AgentSession {
    this.#check(options, 'session')
    checkSessionOptions(workspace, options)
    const { ifExists = 'error', model, sessionId, ...more } = options
    const mode = ifExists === 'resume' ? 'either' : 'new'
    return this.#make({ ...more, id: sessionId ?? randomUUID(), mode, workspace, model })
  }

  resume(id: string, options: ResumeOptions): AgentSession {
    this.#check(options, 'resumeSession')
    checkResumeOptions(id, options)
    const { model, workspace, ...more } = options
    return this.#make({ ...more, id, mode: 'resume', workspace, model })
  }

  async list(options: ListOptions): Promise<SessionSummary[]> {
    const { sessionStore: store } = this.#shared
    if (store === undefined)
      throw new TypeError('listSessions needs a store: pass sessionStore to Agent.create')
    const sessions: SessionSummary[] = []
    for await (const session of store.list({ type: store.type, ...options })) sessions.push(session)
    return sessions
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#working].map((session) => session.close()))
  }

  #make(request: SessionRequest): AgentSession {
    const permissionPolicy = layered(this.#shared.permissionPolicy ?? {}, request.permissionPolicy)
    const tools = { ...this.#shared.tools, ...request.tools }
    return new AgentSession(
      { ...layered<SessionRequest>(this.#shared as SessionRequest, request), permissionPolicy, tools },
      this.#host,
    )
  }

  #check(options: unknown, call: string): void {
    if (typeof options !== 'object' || options === null)
      throw new TypeError(`Options of ${call} have to be an object`)
  }
}

interface Setup {
  config: Config | undefined
  scrubber: Scrubber
  /** Variables that contain a secret of the configuration are left out. */
  toolEnv: Environment
  model: Host['model']
}

async function setUp(source: AgentSource, env: Environment): Promise<Setup> {
  if (isLanguageModel(source)) return setupOf(undefined, env, readyModel(source))
  if (typeof source !== 'string' && (typeof source !== 'object' || source === null)) {
    throw new TypeError(
      'Agent.create needs a configuration as text or path, an object of that shape, or a model',
    )
  }
  const config = typeof source === 'string' ? await parseConfig(source, env) : configFromObject(source)
  return setupOf(config, env, await configuredModel(config, config.defaultModel))
}

function setupOf(config: Config | undefined, env: Environment, fallback: ReadyModel): Setup {
  const scrubber = new Scrubber(config?.secrets() ?? [])
  const known = Object.entries(env).filter(([, value]) => value === undefined || !scrubber.hides(value))
  const models = new Map<string, Promise<ReadyModel>>([[fallback.ref, Promise.resolve(fallback)]])
  const model = async (choice: ModelChoice | undefined, saved: string | undefined): Promise<ReadyModel> => {
    if (isLanguageModel(choice)) return readyModel(choice)
    const ref =
      (choice as string | undefined) ?? (saved !== undefined && config?.has(saved) ? saved : fallback.ref)
    const found = models.get(ref)
    if (found !== undefined) return found
    if (config === undefined) {
      throw new TypeError(
        `There is no model '${ref}': this agent was created from the model ${fallback.ref} only`,
      )
    }
    const made = configuredModel(config, ref)
    models.set(ref, made)
    made.catch(() => models.delete(ref))
    return made
  }
  return { config, scrubber, toolEnv: Object.fromEntries(known), model }
}

const parseConfig = async (source: string, env: Environment): Promise<Config> =>
  /[\n{=]/.test(source) ? configFromText(source, 'config', env) : readConfig(source, env)

async function readConfig(path: string, env: Environment): Promise<Config> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    throw new ConfigError({ file: path, line: 0, column: 0 }, `expected a configuration, but ${why}`, {
      cause,
    })
  }
  return configFromText(text, path, env)
}

/** Only options for sessions; `env` and similar ones belong to the agent. */
function sharedOf(options: AgentOptions): SharedOptions {
  const { env: _, limits: __, now: ___, outputLimit: ____, ...shared } = options
  return shared
}
