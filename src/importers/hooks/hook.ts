/** A tool's own hook: a command that it runs at the end of each turn, so that the turn is imported then. */
import type { Importer } from '../importer.ts'

export interface ToolHook {
  tool: Importer
  /** The tool's settings for all projects. */
  file(home: string, environment: Readonly<Record<string, string | undefined>>): string
  /**
   * The settings with the command in them, in the place of one that an earlier call put there; all else as it was.
   *
   * @param settings '' when there are none yet
   * @throws UnsupportedError for settings that cannot be edited
   */
  add(settings: string, command: readonly string[]): string
  /** The settings without it: byte for byte as before `add`, if nobody has changed them since and they were there. */
  remove(settings: string): string
  /** The session's file, from what the tool tells the command: JSON. `undefined` when there is nothing to import. */
  transcriptOf(
    told: Readonly<Record<string, unknown>>,
    folders: readonly string[],
  ): Promise<string | undefined>
  /** The folder of the project, from the same; `undefined` when the tool does not say it. */
  workspaceOf(
    told: Readonly<Record<string, unknown>>,
    environment: Readonly<Record<string, string | undefined>>,
  ): string | undefined
}

/** Whether the command is one that `add` was given for the tool. */
export const isOurs = (command: string, tool: string): boolean => command.includes(`hook run ${tool}`)

/** As one line for a POSIX shell. */
export const asLine = (command: readonly string[]): string =>
  command
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ')
