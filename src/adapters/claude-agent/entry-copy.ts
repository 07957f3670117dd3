/** What is appended, at the door. */
import type { SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk'
import { InvalidStateError } from '../../errors.ts'
import { isJsonObject, type JsonObject } from '../../json-value.ts'
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
    try {
      return JSON.parse(JSON.stringify(entry)) as JsonObject
    } catch (cause) {
      throw new InvalidStateError([{ path, message: 'is not JSON' }], undefined, { cause })
    }
  })
}
