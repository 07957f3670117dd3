/** The tools that every agent has. */
import { bash } from './bash.ts'
import { edit, ls, read, write } from './files.ts'
import { glob, grep } from './search.ts'
import type { BuiltinTool } from './tool.ts'

export const BUILTIN_TOOLS: Readonly<Record<string, BuiltinTool>> = {
  read,
  write,
  edit,
  ls,
  glob,
  grep,
  bash,
}

export { cutOutput, OUTPUT_LIMIT, type Outcome, ToolFailure } from './outcome.ts'
export type { BuiltinTool } from './tool.ts'
export { Workspace } from './workspace.ts'
