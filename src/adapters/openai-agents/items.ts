/** The framework's items as JSON, and back: bytes, which JSON does not have, get a form of their own. */
import { createHash } from 'node:crypto'
import type { AgentInputItem } from '@openai/agents-core'
import { InvalidStateError } from '../../errors.ts'
import { fromEntries, isJsonObject, MAX_DEPTH } from '../../json-value.ts'

/** `{ "$bytes": "<base64>" }` stands for a Uint8Array. A key of the user's that looks like it gains one `$`. */
const BYTES = '$bytes'
const LIKE_BYTES = /^\$+bytes$/

/**
 * A copy that shares nothing with the item; as in JSON, properties that are `undefined` are left out. Throws
 * InvalidStateError for what is too deep, or holds itself. What else JSON cannot express is refused by the store.
 */
export function toJson(value: unknown, path: readonly (string | number)[] = []): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (path.length > MAX_DEPTH) {
    const message = `holds something more than ${MAX_DEPTH} levels deep, or holds itself`
    throw new InvalidStateError([{ path: path.slice(0, 8), message }])
  }
  if (value instanceof Uint8Array) {
    return { [BYTES]: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
  }
  if (Array.isArray(value)) return value.map((inner, index) => toJson(inner, [...path, index]))
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return fromEntries(
    entries.map(([key, inner]) => [LIKE_BYTES.test(key) ? `$${key}` : key, toJson(inner, [...path, key])]),
  )
}

/** The item again. */
export const toItem = (json: unknown): AgentInputItem => fromJson(json) as AgentInputItem

/** All items as JSON, before anything is awaited: the caller may change them as soon as the call was made. */
export const toJsonItems = (items: readonly AgentInputItem[]): unknown[] =>
  items.map((item, index) => toJson(item, ['messages', index]))

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
