/** Converts the framework's items to JSON and back. Bytes, which JSON lacks, have a special form. */
import { createHash } from 'node:crypto'
import type { AgentInputItem } from '@openai/agents-core'
import { fromEntries } from '../../json-value.ts'
import { type JsonForms, toJson } from '../framework-json.ts'

/** `{ "$bytes": "<base64>" }` represents a Uint8Array. A similar key in an item gains one `$`. */
const BYTES = '$bytes'
const LIKE_BYTES = /^\$+bytes$/

/** Returns a deep copy of the item as JSON. Throws InvalidStateError, as `toJson` does for all adapters. */
const asJson = (item: unknown, path: readonly (string | number)[]): unknown => toJson(item, path, FORMS)

const FORMS: JsonForms = {
  object: (value) =>
    value instanceof Uint8Array
      ? { [BYTES]: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
      : undefined,
  key: (key) => (LIKE_BYTES.test(key) ? `$${key}` : key),
}

/** Restores an item. */
export const toItem = (json: unknown): AgentInputItem => fromJson(json) as AgentInputItem

/** Returns all items as JSON. Synchronous, because the caller may change the items right after the call. */
export const toJsonItems = (items: readonly AgentInputItem[]): unknown[] =>
  items.map((item, index) => asJson(item, ['messages', index]))

/** Returns the SHA-256 of a JSON value in hex, independent of the order of keys. */
export const fingerprint = (json: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(json)))
    .digest('hex')

function fromJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(fromJson)
  const entries = Object.entries(value)
  const [first] = entries
  if (entries.length === 1 && first?.[0] === BYTES && typeof first[1] === 'string') {
    return new Uint8Array(Buffer.from(first[1], 'base64'))
  }
  return fromEntries(
    entries.map(([key, inner]) => [LIKE_BYTES.test(key) ? key.slice(1) : key, fromJson(inner)]),
  )
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  return fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
