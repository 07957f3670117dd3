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
   * Creates an agent from a configuration file or its text, an object of the same shape, or a model of the AI SDK. A
   * string that contains a line feed, `{` or `=` is a text.
   *
   * @throws ConfigError with file, line and column
   */
  static async create(source: AgentSource, options: AgentOptions = {}): Promise<Agent> {
    // Loaded by the first agent, so that programs that only use a store start without it.
    const { Sessions } = await import('./sessions.ts')
    return new Agent(await Sessions.create(source, options))
  }

  /** Returns a new session in a workspace. Its first awaited call checks that the store does not have it yet. */
  session(workspace: string, options: SessionOptions = {}): AgentSession {
    return this.#sessions.start(workspace, options)
  }

  /** As `session`, but checks the store before it returns. Throws AlreadyExistsError. */
  sessionAsync(workspace: string, options?: SessionOptions): Promise<AgentSession> {
    return this.session(workspace, options).load()
  }

  /** Returns a saved session. Its first awaited call loads it. */
  resumeSession(id: string, options: ResumeOptions = {}): AgentSession {
    return this.#sessions.resume(id, options)
  }

  /** Loads a saved session. Throws NotFoundError. */
  resumeSessionAsync(id: string, options?: ResumeOptions): Promise<AgentSession> {
    return this.resumeSession(id, options).load()
  }

  /** Lists the sessions of the agent's store, newest first. */
  listSessions(options: ListOptions = {}): Promise<SessionSummary[]> {
    return this.#sessions.list(options)
  }

  /** Cancels the running turns of its sessions, and waits for their end. It does not close stores. */
  close(): Promise<void> {
    return this.#sessions.close()
  }
}
