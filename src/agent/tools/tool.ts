/** A built-in tool: the shape of an AI SDK tool, with more context when it runs. */
import type * as z from 'zod'
import type { Scrubber } from '../secrets/secrets.ts'
import type { Outcome } from './outcome.ts'
import type { Workspace } from './workspace.ts'

export interface ToolContext {
  workspace: Workspace
  /** Environment of processes that tools start. */
  env: Readonly<Record<string, string | undefined>>
  signal: AbortSignal
  /** Most characters of output. */
  limit: number
  /** Masks text that a tool will cut or return in pieces. Absent if there are no secrets. */
  secrets?: Scrubber
  /** Called with output while the tool runs. */
  onOutput(text: string): void
  /** Whether the policy allows this file to be read; `name` is relative to the workspace. */
  mayRead(name: string): boolean
}

export interface BuiltinTool<Schema extends z.ZodType = z.ZodType> {
  description: string
  inputSchema: Schema
  /** Whether it may run at the same time as other calls of its step. */
  parallel: boolean
  /** The part of the input that permission rules are compared with. */
  subject: 'path' | 'command'
  /** Throws ToolFailure for errors that the model should see. */
  run(input: z.infer<Schema>, context: ToolContext): Promise<Outcome>
}

export const defineTool = <Schema extends z.ZodType>(tool: BuiltinTool<Schema>): BuiltinTool =>
  tool as unknown as BuiltinTool

export const ok = (text: string): Outcome => ({ text, status: 'ok' })
