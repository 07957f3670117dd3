/**
 * The stored form of a serialized value. JSON is stored as JSON, so that people and git can read it. Other types are
 * stored as raw bytes, next to a file that contains the type:
 *
 *     { "$serialized": "msgpack", "data": { "$file": "000000.1.bin", "encoding": "base64" } }
 *
 * If the value itself has a key like `$serialized`, the key gains one `$`, which is removed on reading.
 */
import type { SerializerProtocol } from '@langchain/langgraph-checkpoint'
import { decodeItem, jsonFile } from '../../../codec/index.ts'
import { CorruptError, ForkpointError, InvalidStateError } from '../../../errors.ts'
import { isJsonObject, type JsonObject } from '../../../json-value.ts'
import { redactValue } from '../../../redaction/redact.ts'
import type { Redact } from '../../../store/session-store.ts'

/** A serialized value, ready to be stored. */
export type StoredValue = { json: unknown } | { type: string; bytes: Uint8Array }

export type Path = readonly (string | number)[]

/** The serializer, and the `redact` function for new values. */
export interface ValueRules {
  serde: SerializerProtocol
  redact: Redact | undefined
}

/**
 * Serializes a value. The serializer is called before this returns, so a value may change afterwards. Throws
 * InvalidStateError, with the serializer's own error as cause.
 */
export async function serialize(
  { serde, redact }: ValueRules,
  value: unknown,
  path: Path,
): Promise<StoredValue> {
  let type: string
  let bytes: Uint8Array
  try {
    ;[type, bytes] = await serde.dumpsTyped(value)
  } catch (cause) {
    const message = `cannot be serialized: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new InvalidStateError([{ path, message }], undefined, { cause })
  }
  const parsed = type === 'json' ? parseExactly(bytes) : undefined
  if (parsed !== undefined) {
    return {
      json: redact === undefined ? parsed.json : ((await redactValue(parsed.json, redact, path)) ?? null),
    }
  }
  if (redact === undefined) return { type, bytes }
  const wrapped = { [SERIALIZED]: type, data: base64Of(bytes) }
  const kept = await redactValue(wrapped, redact, path)
  return kept === wrapped ? { type, bytes } : (unwrap(kept) ?? { json: kept ?? null })
}

/** Returns the JSON of a value inside another document, such as `session.json`. Bytes are in base64 there. */
export const embedded = (stored: StoredValue): unknown =>
  'json' in stored ? withEscapes(stored.json) : { [SERIALIZED]: stored.type, data: base64Of(stored.bytes) }

/**
 * Returns the file of a value, and the file of its bytes if there is one. Throws InvalidStateError if the value is too
 * large.
 *
 * @param base path of the file without `.json`
 * @param wrap makes the content of the file from the JSON of the value
 */
export function valueFile(
  base: string,
  stored: StoredValue,
  path: Path,
  wrap: (value: unknown) => unknown = (value) => value,
): Map<string, Uint8Array> {
  const files = filesOf(base, stored, path, wrap)
  for (const { length } of files.values()) {
    if (length <= MAX_FILE) continue
    const message = `has ${length} bytes as a file; the most is ${MAX_FILE}. Store it elsewhere, and only its name here`
    throw new InvalidStateError([{ path, message }])
  }
  return files
}

/** Maximum size of a file in bytes. Larger objects are not read. */
const MAX_FILE = 64 * 1024 * 1024

function filesOf(
  base: string,
  stored: StoredValue,
  path: Path,
  wrap: (value: unknown) => unknown,
): Map<string, Uint8Array> {
  if ('json' in stored) {
    try {
      return jsonFile(base, wrap(withEscapes(stored.json)), path, undefined)
    } catch (error) {
      // The value is too deep or too long for a readable file, but can be stored as bytes.
      if (!(error instanceof InvalidStateError)) throw error
      return filesOf(base, { type: 'json', bytes: Buffer.from(JSON.stringify(stored.json)) }, path, wrap)
    }
  }
  const beside = `${base}.1.bin`
  const data = { $file: beside.slice(beside.lastIndexOf('/') + 1), encoding: 'base64' }
  const text = JSON.stringify(wrap({ [SERIALIZED]: stored.type, data }), undefined, 2)
  return new Map([
    [`${base}.json`, Buffer.from(`${text}\n`)],
    [beside, stored.bytes],
  ])
}

/** Reads the value of an item from its files. Throws CorruptError if the serializer cannot read it. */
export async function loadItem(
  serde: SerializerProtocol,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<unknown> {
  const [only] = files.values()
  // Without a marker, the file is the serializer's JSON, apart from white space.
  if (files.size === 1 && only !== undefined && !asBuffer(only).includes('"$'))
    return loads(serde, 'json', only)
  return deserialize(serde, decodeItem(files))
}

/** Restores a value from its stored JSON. Throws CorruptError if the serializer cannot read it. */
export function deserialize(serde: SerializerProtocol, json: unknown): Promise<unknown> {
  const raw = unwrap(json)
  if (raw !== undefined) return loads(serde, raw.type, raw.bytes)
  return loads(serde, 'json', Buffer.from(JSON.stringify(withoutEscapes(json))))
}

/** Returns the value as JSON, for readable texts such as subjects; `undefined` if it is stored as bytes. */
export const readableOf = (stored: StoredValue): unknown => ('json' in stored ? stored.json : undefined)

const SERIALIZED = '$serialized'
const ESCAPED = /^\$+serialized$/

async function loads(serde: SerializerProtocol, type: string, bytes: Uint8Array): Promise<unknown> {
  try {
    return await serde.loadsTyped(type, bytes)
  } catch (cause) {
    if (cause instanceof ForkpointError) throw cause
    throw new CorruptError(
      `The serializer cannot read a value of type '${type}': ${cause instanceof Error ? cause.message : String(cause)}. Pass the 'serde' that it was saved with to the saver.`,
      {},
      { cause },
    )
  }
}

/** Parses JSON text. Returns `undefined` if the value would lose something, such as digits of a number. */
function parseExactly(bytes: Uint8Array): { json: unknown } | undefined {
  const text = asBuffer(bytes).toString('utf8')
  try {
    const json: unknown = JSON.parse(text)
    const again = JSON.stringify(json)
    return again === text || again === withoutSpaces(text) ? { json } : undefined
  } catch {
    return undefined
  }
}

const withoutSpaces = (json: string): string => json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1')

function unwrap(json: unknown): { type: string; bytes: Uint8Array } | undefined {
  if (!isJsonObject(json) || !Object.hasOwn(json, SERIALIZED)) return undefined
  const { [SERIALIZED]: type, data } = json
  if (typeof type !== 'string' || typeof data !== 'string') return undefined
  return { type, bytes: new Uint8Array(Buffer.from(data, 'base64')) }
}

function withEscapes(json: unknown): unknown {
  return hasLookalike(json) ? renamed(json, (key) => `$${key}`) : json
}

function withoutEscapes(json: unknown): unknown {
  return hasLookalike(json) ? renamed(json, (key) => key.slice(1)) : json
}

const hasLookalike = (json: unknown): json is JsonObject =>
  isJsonObject(json) && Object.keys(json).some((key) => ESCAPED.test(key))

const renamed = (json: JsonObject, rename: (key: string) => string): unknown =>
  Object.fromEntries(
    Object.entries(json).map(([key, value]) => [ESCAPED.test(key) ? rename(key) : key, value]),
  )

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const base64Of = (bytes: Uint8Array): string => asBuffer(bytes).toString('base64')
