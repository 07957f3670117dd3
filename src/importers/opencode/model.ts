/**
 * Chooses the model with which opencode continues a session that was written for it. Opencode uses the model of the
 * last prompt, and fails if that model is not available.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject } from '../../json-value.ts'
import type { ComposeOptions } from '../out/target.ts'

export interface OpencodeModel {
  providerID: string
  modelID: string
}

/**
 * Returns the configured model, or else the last used model, or else the session's model.
 *
 * @param said name of the session's model, in the words of the tool that it came from
 */
export async function modelFor(
  said: string | undefined,
  { cwd, home, environment }: Pick<ComposeOptions, 'cwd' | 'home' | 'environment'>,
): Promise<OpencodeModel> {
  const settings = join(environment.XDG_CONFIG_HOME || join(home, '.config'), 'opencode')
  for (const folder of [cwd, settings])
    for (const name of ['opencode.jsonc', 'opencode.json', 'config.json']) {
      const { model } = await settingsIn(join(folder, name))
      const [, providerID, modelID] = /^([^/]+)\/(.+)$/.exec(typeof model === 'string' ? model : '') ?? []
      if (providerID !== undefined && modelID !== undefined) return { providerID, modelID }
    }
  const state = environment.XDG_STATE_HOME || join(home, '.local', 'state')
  const { recent } = await settingsIn(join(state, 'opencode', 'model.json'))
  const [last] = Array.isArray(recent) ? recent : []
  const { providerID, modelID } = isJsonObject(last) ? last : {}
  if (typeof providerID === 'string' && typeof modelID === 'string') return { providerID, modelID }
  const known = PROVIDERS.find(([name]) => name.test(said ?? ''))
  return { providerID: known?.[1] ?? 'opencode', modelID: said ?? 'unknown' }
}

const PROVIDERS: readonly (readonly [RegExp, string])[] = [
  [/^claude/, 'anthropic'],
  [/^(?:gpt|o\d|codex)/, 'openai'],
  [/^gemini/, 'google'],
]

/**
 * Reads JSON, which may have comments on separate lines and trailing commas. Returns an empty object if it cannot be
 * read.
 */
async function settingsIn(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch(() => '')
  for (const plain of [text, text.replace(/^\s*\/\/.*$/gm, '').replace(/,(\s*[}\]])/g, '$1')]) {
    try {
      const value: unknown = JSON.parse(plain)
      if (isJsonObject(value)) return value
    } catch {
      // The text may have comments, or may not be JSON.
    }
  }
  return {}
}
