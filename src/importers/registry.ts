/** The tools whose sessions can be imported, and how further ones are added. */
import { join } from 'node:path'
import { claudeCode } from './claude-code/index.ts'
import { codex } from './codex/index.ts'
import type { Importer } from './importer.ts'

const tools: Importer[] = [claudeCode, codex]

/** All that are known; those that were registered come last. */
export const IMPORTERS: readonly Importer[] = tools

/**
 * Adds a tool, so that its files are found by themselves like those of all others.
 *
 * @throws TypeError when the name is not one word in small letters, or is taken by another tool
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
 * Folders where a tool may keep its sessions.
 *
 * @param home the user's home folder
 */
export function foldersOf(
  tool: Importer,
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (tool.folders !== undefined) return tool.folders(home, environment)
  return tool.folder === undefined ? [] : [join(home, tool.folder.replace(/^~\//, ''))]
}
