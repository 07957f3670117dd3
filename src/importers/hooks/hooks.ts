/** Hooks of the tools that can run a command at the end of a turn. */
import { join } from 'node:path'
import { UnsupportedError } from '../../errors.ts'
import { claudeCode } from '../claude-code/index.ts'
import { codex } from '../codex/index.ts'
import { filesBelow } from '../core/files-below.ts'
import { geminiCli } from '../gemini-cli/index.ts'
import { asLine, isOurs, type ToolHook } from './hook.ts'
import { addToSettings, removeFromSettings } from './json-settings.ts'

/** Source: Claude Code's documentation of hooks, event `Stop`. */
const claudeCodeHook: ToolHook = {
  tool: claudeCode,
  file: (home, { CLAUDE_CONFIG_DIR }) => join(CLAUDE_CONFIG_DIR || join(home, '.claude'), 'settings.json'),
  add: (settings, command) =>
    addToSettings(settings, { tool: claudeCode.name, event: 'Stop', command: asLine(command) }),
  remove: (settings) => removeFromSettings(settings, { tool: claudeCode.name, event: 'Stop' }),
  transcriptOf: async ({ transcript_path: path }) => (typeof path === 'string' ? path : undefined),
  // The tool may have changed to another folder.
  workspaceOf: (told, { CLAUDE_PROJECT_DIR }) => CLAUDE_PROJECT_DIR || cwdIn(told),
}

/** Source: Gemini CLI's hooks reference, event `AfterAgent`. */
const geminiCliHook: ToolHook = {
  tool: geminiCli,
  file: (home) => join(home, '.gemini', 'settings.json'),
  add: (settings, command) =>
    addToSettings(settings, {
      tool: geminiCli.name,
      event: 'AfterAgent',
      command: asLine(command),
      group: { matcher: '*' },
    }),
  remove: (settings) => removeFromSettings(settings, { tool: geminiCli.name, event: 'AfterAgent' }),
  transcriptOf: claudeCodeHook.transcriptOf,
  workspaceOf: (told, { GEMINI_PROJECT_DIR }) => GEMINI_PROJECT_DIR || cwdIn(told),
}

/**
 * Source: Codex's documentation of its configuration, `notify`: one program, which gets the JSON as its last argument.
 */
const codexHook: ToolHook = {
  tool: codex,
  file: (home, { CODEX_HOME }) => join(CODEX_HOME || join(home, '.codex'), 'config.toml'),
  add(settings, command) {
    const rest = codexHook.remove(settings)
    if (NOTIFY.test(topOf(rest))) {
      throw new UnsupportedError(
        'settings',
        "The settings of codex were not changed: they have a 'notify' already, and Codex runs only one. Use 'forkpoint watch --tool codex' instead.",
      )
    }
    // Top-level keys have to precede the first table.
    return `notify = [${command.map((word) => JSON.stringify(word)).join(', ')}]\n${rest}`
  },
  remove: (settings) =>
    settings.replace(/^notify = \[.*\]\n/, (line) =>
      isOurs(line.replaceAll('", "', ' '), codex.name) ? '' : line,
    ),
  async transcriptOf({ 'thread-id': thread }, folders) {
    if (typeof thread !== 'string' || thread === '') return undefined
    for (const folder of folders)
      for (const { path } of await filesBelow(folder, `${thread}${codex.extension}`)) return path
    return undefined
  },
  workspaceOf: cwdIn,
}

function cwdIn({ cwd }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof cwd === 'string' && cwd !== '' ? cwd : undefined
}

const NOTIFY = /^[ \t]*(?:notify|"notify"|'notify')[ \t]*=/m

/** Returns the text before the first table. */
const topOf = (toml: string): string => toml.split(/^[ \t]*\[/m, 1)[0] as string

export const HOOKS: readonly ToolHook[] = [claudeCodeHook, codexHook, geminiCliHook]
