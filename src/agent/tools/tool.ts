/** What a tool of ours is. It has the shape of an AI SDK tool, and is told more when it runs. */
import type * as z from 'zod'
import type { Scrubber } from '../secrets/secrets.ts'
import type { Outcome } from './outcome.ts'
import type { Workspace } from './workspace.ts'

export interface ToolContext {
  workspace: Workspace
  /** Variables of processes that tools start. */
  env: Readonly<Record<string, string | undefined>>
  signal: AbortSignal
  /** Characters of output at most. */
  limit: number
  /** Masks what a tool is about to cut or to give in pieces. Absent: there is nothing to hide. */
  secrets?: Scrubber
  /** What the tool puts out while it runs. */
  onOutput(text: string): void
  /** Whether the policy lets this file be read; `name` is relative to the workspace. */
  mayRead(name: string): boolean
}

export interface BuiltinTool<Schema extends z.ZodType = z.ZodType> {
  description: string
  inputSchema: Schema
  /** Runs beside other calls of its step; the others run one after another. */
  parallel: boolean
  /** What a permission rule looks at. */
  subject: 'path' | 'command'
  /** Throws ToolFailure for what the model should know. */
  run(input: z.infer<Schema>, context: ToolContext): Promise<Outcome>
}

export const defineTool = <Schema extends z.ZodType>(tool: BuiltinTool<Schema>): BuiltinTool =>
  tool as unknown as BuiltinTool

export const ok = (text: string): Outcome => ({ text, status: 'ok' })
