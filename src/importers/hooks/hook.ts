/** The hook of a tool: a command that the tool runs at the end of each turn. Forkpoint uses it to import the turn. */
import type { Importer } from '../importer.ts'

export interface ToolHook {
  tool: Importer
  /** Returns the path of the tool's settings for all projects. */
  file(home: string, environment: Readonly<Record<string, string | undefined>>): string
  /**
   * Returns the settings with the command added. It replaces a command that an earlier call added; everything else
   * stays unchanged.
   *
   * @param settings text of the settings; '' if there are none yet
   * @throws UnsupportedError if the settings cannot be edited
   */
  add(settings: string, command: readonly string[]): string
  /**
   * Returns the settings without the command: byte for byte as before `add`, if they existed then and were not changed
   * later.
   */
  remove(settings: string): string
  /**
   * Returns the path of the session's file, from the JSON that the tool passes to the command; `undefined` if there is
   * nothing to import.
   */
  transcriptOf(
    told: Readonly<Record<string, unknown>>,
    folders: readonly string[],
  ): Promise<string | undefined>
  /** Returns the project's folder, from the same JSON; `undefined` if the tool does not pass it. */
  workspaceOf(
    told: Readonly<Record<string, unknown>>,
    environment: Readonly<Record<string, string | undefined>>,
  ): string | undefined
}

/** Whether the command is one that `add` was given for the tool. */
export const isOurs = (command: string, tool: string): boolean => command.includes(`hook run ${tool}`)

/** Returns the command as one line for a POSIX shell. */
export const asLine = (command: readonly string[]): string =>
  command
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ')
