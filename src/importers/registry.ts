/** The tools whose sessions can be imported, and the function that adds another tool. */
import { join } from 'node:path'
import { aider } from './aider/index.ts'
import { atif } from './atif/index.ts'
import { claudeCode } from './claude-code/index.ts'
import { codex } from './codex/index.ts'
import { codexTuiLog } from './codex-tui-log/index.ts'
import { copilotChat } from './copilot-chat/index.ts'
import { copilotCli } from './copilot-cli/index.ts'
import { cursor } from './cursor/index.ts'
import { geminiCli } from './gemini-cli/index.ts'
import { goose } from './goose/index.ts'
import type { Importer } from './importer.ts'
import { miniSweAgent } from './mini-swe-agent/index.ts'
import { moatless } from './moatless/index.ts'
import { opencode } from './opencode/index.ts'
import { openHands } from './openhands/index.ts'
import { pi } from './pi/index.ts'
import { sweAgent } from './swe-agent/index.ts'

const tools: Importer[] = [
  claudeCode,
  codex,
  geminiCli,
  pi,
  opencode,
  copilotCli,
  copilotChat,
  cursor,
  openHands,
  sweAgent,
  miniSweAgent,
  moatless,
  aider,
  goose,
  atif,
  codexTuiLog,
]

/** All known tools; registered ones come last. */
export const IMPORTERS: readonly Importer[] = tools

const builtIn: ReadonlySet<Importer> = new Set(tools)

/** Whether the tool is one of ours, so that another thread knows it by its name. */
export const isBuiltIn = (tool: Importer): boolean => builtIn.has(tool)

/**
 * Adds a tool, so that its files are found automatically, like those of the built-in tools.
 *
 * @throws TypeError if the name is not one lowercase word, or if another tool has it
 */
export function registerImporter(tool: Importer): void {
  const { name } = tool
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new TypeError(`'${name}' is not a name for a tool.`)
  const known = tools.find((one) => one.name === name)
  if (known === tool) return
  if (known !== undefined) throw new TypeError(`There is already a tool '${name}'.`)
  tools.push(tool)
}

/**
 * Returns the folders where a tool may keep its sessions.
 *
 * @param home the user's home folder
 * @param platform the operating system: some tools keep them elsewhere on each
 */
export function foldersOf(
  tool: Importer,
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): readonly string[] {
  if (tool.folders !== undefined) return tool.folders(home, environment, platform)
  return tool.folder === undefined ? [] : [join(home, tool.folder.replace(/^~\//, ''))]
}
