/** The interface of a tool that can continue sessions of other tools. */
import type { Conversation } from './conversation.ts'

export interface ComposeOptions {
  /** Id of the new session, a UUID. */
  id: string
  /** The folder that the session works in. */
  cwd: string
  /** The user's home folder. */
  home: string
  environment: Readonly<Record<string, string | undefined>>
  /** Current time in milliseconds. */
  now: number
}

export interface Composed {
  /** Path where the tool looks for the session. */
  path: string
  text: string
  /** The command that resumes the session, to run in the session's folder; empty if no tool can resume it. */
  command: readonly string[]
}

export type Compose = (conversation: Conversation, options: ComposeOptions) => Composed | Promise<Composed>
