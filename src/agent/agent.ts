/** An agent: models, tools and a policy, and the sessions that run with them. */
import type { ListOptions, SessionSummary } from '../store/session-store.ts'
import type { AgentOptions, AgentSource, ResumeOptions, SessionOptions } from './options.ts'
import type { AgentSession } from './session.ts'
import type { Sessions } from './sessions.ts'

/**
 *     const agent = await Agent.create('config.acl')
 *     const session = agent.session('.', { sessionStore: new GitSessionStore('./sessions') })
 *     const { text } = await session.send('What is in this folder?')
 */
export class Agent {
  readonly #sessions: Sessions

  private constructor(sessions: Sessions) {
    this.#sessions = sessions
  }

  /**
   * An agent from a configuration file or its text, an object of the same shape, or a model of the AI SDK. A string
   * with a line feed, `{` or `=` is a text.
   *
   * @throws ConfigError with file, line and column
   */
  static async create(source: AgentSource, options: AgentOptions = {}): Promise<Agent> {
    // Loaded by the first agent, so that programs that only use a store start without it.
    const { Sessions } = await import('./sessions.ts')
    return new Agent(await Sessions.create(source, options))
  }

  /** A new session in a workspace; made, and looked for in the store, by its first awaited call. */
  session(workspace: string, options: SessionOptions = {}): AgentSession {
    return this.#sessions.start(workspace, options)
  }

  /** A new session that is known not to exist. Throws AlreadyExistsError. */
  sessionAsync(workspace: string, options?: SessionOptions): Promise<AgentSession> {
    return this.session(workspace, options).load()
  }

  /** A session that was saved; loaded by its first awaited call. */
  resumeSession(id: string, options: ResumeOptions = {}): AgentSession {
    return this.#sessions.resume(id, options)
  }

  /** A session that was saved, loaded. Throws NotFoundError. */
  resumeSessionAsync(id: string, options?: ResumeOptions): Promise<AgentSession> {
    return this.resumeSession(id, options).load()
  }

  /** The sessions of the agent's store, those saved last first. */
  listSessions(options: ListOptions = {}): Promise<SessionSummary[]> {
    return this.#sessions.list(options)
  }

  /** Cancels what its sessions are doing, and waits for it. Stores stay open: whoever made them closes them. */
  close(): Promise<void> {
    return this.#sessions.close()
  }
}
