/** Copies and checks appended entries at the door. */
import type { SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk'
import { InvalidStateError } from '../../errors.ts'
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import { toJson } from '../framework-json.ts'
import { ENTRIES } from './entry-files.ts'

/**
 * Copies the entries as JSON, so that the caller may change its own meanwhile. Throws InvalidStateError for a value
 * that is not an object or not JSON.
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
