/** Makes prompts readable: removes Claude Code's markup, and shortens them to one line for subjects. */
import { oneLine } from '../core/lines/one-line.ts'

/** Returns the prompt as one line of at most `limit` (default 72) characters; empty if the prompt has no text. */
export const shortPrompt = (text: string, limit?: number): string => oneLine(plainPrompt(text), limit)

/** Returns the prompt as the user typed it: `/review 12` for a slash command, `! ls` for a shell command. */
export function plainPrompt(text: string): string {
  const command = inside(text, 'command-name')
  if (command !== undefined) return `${command} ${inside(text, 'command-args') ?? ''}`.trim()
  const shell = inside(text, 'bash-input')
  if (shell !== undefined) return `! ${shell}`
  if (/^\s*<task-notification>/.test(text)) return inside(text, 'summary') ?? text
  const typed = text
    .replace(/<(system-reminder|ide_opened_file|ide_selection|ide_diagnostics)>[\s\S]*?<\/\1>/g, '')
    .trim()
  return typed === '' ? text.trim() : typed
}

function inside(text: string, tag: string): string | undefined {
  const open = text.indexOf(`<${tag}>`)
  if (open === -1) return undefined
  const from = open + tag.length + 2
  const close = text.indexOf(`</${tag}>`, from)
  return close === -1 ? undefined : text.slice(from, close).trim()
}
