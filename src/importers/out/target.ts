/** A tool that can go on with a session of any other. */
import type { Conversation } from './conversation.ts'

export interface ComposeOptions {
  /** Id of the new session, a UUID. */
  id: string
  /** The folder that the session is about. */
  cwd: string
  /** The user's home folder. */
  home: string
  environment: Readonly<Record<string, string | undefined>>
  /** Milliseconds. */
  now: number
}

export interface Composed {
  /** Where the tool looks for the session. */
  path: string
  text: string
  /** The command that resumes it, in the folder of the session. */
  command: readonly string[]
}

export type Compose = (conversation: Conversation, options: ComposeOptions) => Composed | Promise<Composed>
