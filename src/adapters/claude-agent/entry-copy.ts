/** What is appended, at the door. */
import type { SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk'
import { InvalidStateError } from '../../errors.ts'
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import { toJson } from '../framework-json.ts'
import { ENTRIES } from './entry-files.ts'

/**
 * The entries as JSON has them, so that the caller's may be changed meanwhile. Throws InvalidStateError for what is no
 * object, or not JSON.
 */
export function copyEntries(entries: readonly SessionStoreEntry[]): JsonObject[] {
  if (!Array.isArray(entries)) throw new TypeError('An append needs an array of entries')
  return entries.map((entry, index) => {
    const path = [ENTRIES, index]
    if (!isJsonObject(entry)) throw new InvalidStateError([{ path, message: 'has to be a plain object' }])
    const json = toJson(entry, path)
    if (!isJsonObject(json)) throw new InvalidStateError([{ path, message: 'has to be an object as JSON' }])
    return json
  })
}
