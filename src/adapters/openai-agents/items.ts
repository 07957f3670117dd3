/** The framework's items as JSON, and back: bytes, which JSON does not have, get a form of their own. */
import { createHash } from 'node:crypto'
import type { AgentInputItem } from '@openai/agents-core'
import { fromEntries } from '../../json-value.ts'
import { type JsonForms, toJson } from '../framework-json.ts'

/** `{ "$bytes": "<base64>" }` stands for a Uint8Array. A key of the user's that looks like it gains one `$`. */
const BYTES = '$bytes'
const LIKE_BYTES = /^\$+bytes$/

/** A copy that shares nothing with the item, as JSON. Throws InvalidStateError, as `toJson` of all adapters does. */
const asJson = (item: unknown, path: readonly (string | number)[]): unknown => toJson(item, path, FORMS)

const FORMS: JsonForms = {
  object: (value) =>
    value instanceof Uint8Array
      ? { [BYTES]: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
      : undefined,
  key: (key) => (LIKE_BYTES.test(key) ? `$${key}` : key),
}

/** The item again. */
export const toItem = (json: unknown): AgentInputItem => fromJson(json) as AgentInputItem

/** All items as JSON, before anything is awaited: the caller may change them as soon as the call was made. */
export const toJsonItems = (items: readonly AgentInputItem[]): unknown[] =>
  items.map((item, index) => asJson(item, ['messages', index]))

/** SHA-256 in hex of a JSON value, whatever the order of its keys. */
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
