/**
 * Edits hooks in a `settings.json`, in the format of Claude Code and Gemini CLI:
 * `{ hooks: { <event>: [{ hooks: [{ type, command }] }] } }`.
 */

import { UnsupportedError } from '../../errors.ts'
import { isJsonObject } from '../../json-value.ts'
import { isOurs } from './hook.ts'

type Json = Record<string, unknown>

/** @param group additional properties of the group, besides `hooks` */
export function addToSettings(
  settings: string,
  { tool, event, command, group = {} }: { tool: string; event: string; command: string; group?: Json },
): string {
  const whole = settings.trim() === '' ? {} : parsed(settings, tool)
  const hooks = objectAt(whole, 'hooks', tool) ?? {}
  const groups = without(groupsAt(hooks, event, tool), tool)
  const added = { ...group, hooks: [{ type: 'command', command }] }
  return written(settings, { ...whole, hooks: { ...hooks, [event]: [...groups, added] } })
}

export function removeFromSettings(
  settings: string,
  { tool, event }: { tool: string; event: string },
): string {
  if (settings.trim() === '') return settings
  const whole = parsed(settings, tool)
  const hooks = objectAt(whole, 'hooks', tool)
  const before = hooks && groupsAt(hooks, event, tool)
  if (hooks === undefined || before === undefined) return settings
  const groups = without(before, tool)
  if (groups.length === before.length) return settings
  const { [event]: _, ...others } = hooks
  const rest = groups.length === 0 ? others : { ...hooks, [event]: groups }
  const { hooks: __, ...elsewhere } = whole
  return written(settings, Object.keys(rest).length === 0 ? elsewhere : { ...whole, hooks: rest })
}

function parsed(settings: string, tool: string): Json {
  try {
    const value: unknown = JSON.parse(settings)
    if (isJsonObject(value)) return value
  } catch {
    // The error is thrown below.
  }
  throw notEditable(tool, 'it is not plain JSON')
}

/** Formats the settings with their previous indentation and final line feed. */
function written(before: string, value: Json): string {
  const indent =
    /^\{\r?\n?([ \t]+)"/.exec(before)?.[1] ?? (before.trim() === '' || before.includes('\n') ? 2 : 0)
  const end = before === '' || before.endsWith('\n') ? '\n' : ''
  return `${JSON.stringify(value, null, indent)}${end}`
}

function objectAt(settings: Json, key: string, tool: string): Json | undefined {
  const value = settings[key]
  if (value === undefined || isJsonObject(value)) return value
  throw notEditable(tool, `'${key}' is not an object`)
}

function groupsAt(hooks: Json, event: string, tool: string): readonly unknown[] {
  const value = hooks[event] ?? []
  if (Array.isArray(value)) return value
  throw notEditable(tool, `'hooks.${event}' is not a list`)
}

/** Removes our command from the groups. Commands that others added to the same group stay. */
function without(groups: readonly unknown[], tool: string): unknown[] {
  return groups.flatMap((group) => {
    if (!isJsonObject(group) || !Array.isArray(group.hooks)) return [group]
    const hooks = group.hooks.filter(
      (one) => !(isJsonObject(one) && typeof one.command === 'string' && isOurs(one.command, tool)),
    )
    if (hooks.length === group.hooks.length) return [group]
    return hooks.length === 0 ? [] : [{ ...group, hooks }]
  })
}

const notEditable = (tool: string, why: string): UnsupportedError =>
  new UnsupportedError('settings', `The settings of ${tool} were not changed: ${why}. Add the hook by hand.`)
